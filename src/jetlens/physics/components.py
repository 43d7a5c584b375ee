"""Momenta that are given by their components: seen from their jet's axis, and steps of them.

Particles are ``[jet, particle]``; z is the beam.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from jetlens.physics.constraints import positive
from jetlens.physics.kinematics import delta_phi, eta_of

Floats = NDArray[np.float64]
Axis = tuple[Floats, Floats]
"""Pseudorapidity and azimuth of jets, each ``[jet]``."""


def axis_of(px: Floats, py: Floats, pz: Floats, real: NDArray[np.bool_] | Floats) -> Axis:
    """Return the directions of the summed momenta of jets; `real` is zero in padding."""
    x, y, z = ((p * real).sum(1) for p in (px, py, pz))
    return eta_of(x, y, z), np.arctan2(y, x)


def seen(px: Floats, py: Floats, pz: Floats, axis: Axis) -> tuple[Floats, Floats, Floats]:
    """Return pt, and the differences of pseudorapidity and azimuth to the axis."""
    eta, phi = (a[:, None] for a in axis)
    return np.hypot(px, py), eta_of(px, py, pz) - eta, delta_phi(np.arctan2(py, px), phi)


def components(pt: Floats, deta: Floats, dphi: Floats, axis: Axis) -> tuple[Floats, Floats, Floats]:
    """Return px, py and pz, the inverse of `seen`."""
    eta, phi = (a[:, None] for a in axis)
    return pt * np.cos(dphi + phi), pt * np.sin(dphi + phi), pt * np.sinh(deta + eta)


def ahead(px: Floats, py: Floats, step_x: Floats, step_y: Floats) -> tuple[Floats, Floats]:
    """Move transverse momenta, which do not turn back; return where they come to.

    The part of a step that is along the momentum is taken as `positive` takes it, so that pt
    does not pass through zero; the part that turns it is taken as it is.
    """
    pt = np.hypot(px, py)
    x, y = (np.divide(p, pt, where=pt > 0, out=np.zeros_like(pt)) for p in (px, py))
    along, across = step_x * x + step_y * y, step_y * x - step_x * y
    new = positive(pt, along)
    moving = pt > 0  # without a direction, none is kept
    return (
        np.where(moving, new * x - across * y, px + step_x),
        np.where(moving, new * y + across * x, py + step_y),
    )
