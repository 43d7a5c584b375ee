"""What the particles of a jet add up to: its pt, and how far their mean is from its axis."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from jetlens.physics.components import Axis, axis_of, seen
from jetlens.physics.constraints import centre, jet_pt
from jetlens.physics.roles import Roles

Floats = NDArray[np.float64]


class Sums(NamedTuple):
    """Of jets, each ``[jet]``; None where it takes features that are not there."""

    pt: Floats | None
    """The momentum of all particles together; without angles the sum of their pt."""
    shift: Floats | None
    """The distance from the jet's axis of the particles' mean, weighted by pt."""


def axis_of_jets(values: Mapping[str, Floats], real: NDArray[np.bool_], roles: Roles) -> Axis:
    """Return the directions of jets: 0 where angles are given relative to them."""
    if roles.components is None:
        return np.zeros(len(real)), np.zeros(len(real))
    x, y, z = (values[n] for n in roles.components)
    return axis_of(x, y, z, real)


def jet_sums(
    values: Mapping[str, Floats], real: NDArray[np.bool_], roles: Roles, axis: Axis
) -> Sums:
    """Add up the particles of jets.

    Parameters
    ----------
    values
        By feature ``[jet, particle]``; a negative pt counts as none.
    real
        ``[jet, particle]``, True where there is a particle.
    roles
        What the features are.
    axis
        From where momenta that are given by their components are seen: `axis_of_jets`.
    """
    angles: list[Floats] | None = None
    if roles.components is not None:
        x, y, z = (values[n] for n in roles.components)
        pt, *angles = seen(x, y, z, axis)
    elif roles.pt is not None:
        pt = np.maximum(values[roles.pt], 0)
        angles = None if roles.angles is None else [values[n] for n in roles.angles]
    else:
        return Sums(None, None)
    weight = np.where(real, pt, 0.0)
    if angles is None:
        return Sums(jet_pt(weight), None)
    deta, dphi = (np.where(weight > 0, angle, 0.0) for angle in angles)
    shift = np.hypot(centre(weight, deta), centre(weight, dphi))
    return Sums(jet_pt(weight, dphi), shift)
