"""How far particles and hits can go, as the reference jets tell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from jetlens.core.collection import Collection
from jetlens.explain.base import Context
from jetlens.explain.shared.spread import MOST
from jetlens.physics.components import axis_of, seen
from jetlens.physics.constraints import earliest
from jetlens.physics.jet_sums import axis_of_jets, jet_sums
from jetlens.physics.roles import Roles

Floats = NDArray[np.float64]


class Limits(NamedTuple):
    """Where particles of a collection can be; what `jetlens.physics.unphysical` judges by."""

    radius: float | None
    """Their distance from the jet's axis at most; None where they have no angles."""
    ends: dict[str, tuple[float, float]]
    """By feature, between which positions, times and energies hits are."""
    pt: tuple[float, float] | None
    """Between which the jets' pt is; None where particles have none, or no reference is given."""
    shift: float | None
    """How far from a jet's axis the mean of its particles is; None as for `pt`."""
    cells: dict[str, Floats]
    """The middles of cells along each axis, rising."""


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
    # the jets of a batch are no sample: what is found of a jet is not to hang on those beside it
    pt, shift = (None, None) if context.pool is None else _sums(collection, role)
    cells = {n: np.unique(_real(collection, n)) for n in role.positions if n in inputs}
    cells = {n: middles for n, middles in cells.items() if len(middles)}
    return Limits(radius, _ends(collection, role, inputs, cells), pt, shift, cells)


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


def _real(collection: Collection, name: str) -> Floats:
    """Return what hits have of a feature, one after the other."""
    return collection.column(name)[collection.mask].astype(np.float64)


def _sums(collection: Collection, role: Roles) -> tuple[tuple[float, float] | None, float | None]:
    """Return the least and the largest pt of jets, and the largest shift of their axis."""
    some = collection.mask
    if some is None or not some.any():
        return None, None
    about = (role.pt, *(role.angles or ()), *(role.components or ()))
    values = {n: collection.column(n).astype(np.float64) for n in about if n is not None}
    found = jet_sums(values, some, role, axis_of_jets(values, some, role))
    pt, shift = (None if v is None else v[some.any(1)] for v in found)
    ends = None if pt is None else (float(pt.min()), float(pt.max()))
    return ends, None if shift is None else float(shift.max())


def _ends(
    collection: Collection, role: Roles, inputs: Sequence[str], cells: Mapping[str, Floats]
) -> dict[str, tuple[float, float]]:
    """Return between which positions, times and energies hits are.

    Positions are those of cells' middles, which are as far from each other as cells are wide: the
    outermost cells end half of that farther out. The latest hit tells when a gate closes, and the
    softest from which energy on a cell is hit.
    """
    found = {}
    for position, at in cells.items():
        half = np.diff(at).min(initial=np.inf) / 2 if len(at) > 1 else 0.0
        found[position] = float(at[0] - half), float(at[-1] + half)
    for name in role.measured:
        own = _real(collection, name)
        if name in cells or name not in inputs or not len(own):
            continue
        if name == role.time:
            found[name] = earliest(own), float(own.max())
        else:
            found[name] = float(own.min()), np.inf
    return found
