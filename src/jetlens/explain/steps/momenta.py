"""Momenta and energies of particles, whichever features these are given by."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from jetlens.physics import components
from jetlens.physics import constraints as physics
from jetlens.physics.roles import RAPIDITY, Roles, roles

Floats = NDArray[np.float64]
Columns = dict[str, Floats]
"""Values by feature, ``[jet, particle]`` (or of a jet or image as they are)."""

_SEEN = ("pt", "deta", "dphi")
SEEN = roles(_SEEN)
"""What momenta are that are seen from their jet's axis."""


def pt_of(columns: Columns, roles: Roles, weight: Floats) -> Floats | None:
    """Return the particles' transverse momenta, zero in padding; nothing where none is known."""
    if roles.pt is not None:
        return np.maximum(columns[roles.pt], 0) * weight
    if roles.components is not None:
        return np.hypot(*(columns[n] for n in roles.components[:2])) * weight
    return None


def from_axis(columns: Columns, names: tuple[str, str, str], axis: components.Axis) -> Columns:
    """Return momenta along the axes as they are `SEEN` from their jet's axis."""
    x, y, z = (columns[n] for n in names)
    return dict(zip(_SEEN, components.seen(x, y, z, axis), strict=True))


def along_axes(columns: Columns, names: tuple[str, str, str], axis: components.Axis) -> Columns:
    """Return the components of momenta that are `SEEN` from their jet's axis."""
    pt, deta, dphi = (columns[n] for n in _SEEN)
    return dict(zip(names, components.components(pt, deta, dphi, axis), strict=True))


def energy_of(before: Columns, after: Columns, roles: Roles) -> Floats | None:
    """Return the energies of particles of the masses that they have; nothing where none follows."""
    if roles.energy is None:
        return None
    energy = before[roles.energy]
    if roles.components is not None:
        gain = sum(after[n] ** 2 - before[n] ** 2 for n in roles.components)
        found: Floats = np.sqrt(np.maximum(energy**2 + gain, 0.0))
        return found
    if roles.pt is None:
        return None

    def both(name: str | None) -> tuple[Floats, Floats] | None:
        return None if name is None else (before[name], after[name])

    m2 = both(roles.m2)
    if m2 is None and roles.mass is not None:
        m2 = before[roles.mass] ** 2, after[roles.mass] ** 2
    pt = before[roles.pt], after[roles.pt]
    rapidity = roles.eta == RAPIDITY
    return physics.energy_on_shell(energy, pt, both(roles.eta), m2, rapidity=rapidity)
