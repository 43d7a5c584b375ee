"""How far particles and hits can go, as the reference jets tell."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from jetlens.core.collection import Collection
from jetlens.explain.base import Context
from jetlens.explain.shared.spread import MOST
from jetlens.physics.components import axis_of, seen
from jetlens.physics.constraints import earliest
from jetlens.physics.roles import Roles


class Limits(NamedTuple):
    """Where particles of a collection can be."""

    radius: float | None
    """Their distance from the jet's axis at most; None where they have no angles."""
    ends: dict[str, tuple[float, float]]
    """By feature, between which positions and times hits are."""


def limits(
    name: str, role: Roles, inputs: Sequence[str], inside: bool | float, context: Context
) -> Limits:
    """Return how far the particles of a collection can go.

    Parameters
    ----------
    name, role, inputs
        The collection, what its features are, and those that the tagger takes.
    inside
        Whether a radius is given.
    context
        The reference jets, of which the first so many are looked at.
    """
    jets = context.batch if context.pool is None else context.pool
    collection = jets[name].take(slice(0, MOST))
    angular = role.angles is not None or role.components is not None
    given = None if isinstance(inside, bool) else float(inside)
    radius = (_radius(collection, role) if given is None else given) if angular else None
    return Limits(radius, _ends(collection, role, inputs))


def _radius(collection: Collection, role: Roles) -> float:
    """Return the distance from the axis of the farthest particle."""
    real = np.True_ if collection.mask is None else collection.mask
    if role.angles is not None:
        angles = [collection.column(n) for n in role.angles]
    else:
        assert role.components is not None
        px, py, pz = (collection.column(n).astype(np.float64) for n in role.components)
        axis = axis_of(px, py, pz, real & np.ones_like(px, bool))
        real = real & (np.hypot(px, py) > 0)  # along the beam there is no angle
        angles = list(seen(px, py, pz, axis)[1:])
    return float(np.hypot(*angles).max(where=real, initial=0.0))


def _ends(
    collection: Collection, role: Roles, inputs: Sequence[str]
) -> dict[str, tuple[float, float]]:
    """Return between which positions, and from when on, hits are.

    Positions are those of cells' middles, which are as far from each other as cells are wide: the
    outermost cells end half of that farther out.
    """
    found = {}
    for position in role.positions:
        at = np.unique(collection.column(position)[collection.mask].astype(np.float64))
        if position in inputs and len(at):
            half = np.diff(at).min(initial=np.inf) / 2 if len(at) > 1 else 0.0
            found[position] = float(at[0] - half), float(at[-1] + half)
    if role.time is not None and role.time in inputs:
        times = collection.column(role.time)[collection.mask].astype(np.float64)
        found[role.time] = earliest(times), np.inf
    return found
