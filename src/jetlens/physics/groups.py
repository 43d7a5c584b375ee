"""Things that stand group by group, such as particles by jet: their places, the hardest first."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def places(size: Ints) -> Ints:
    """Return the places 0, 1, ... of things in their groups, which have these sizes."""
    found: Ints = np.arange(size.sum()) - np.repeat(np.cumsum(size) - size, size)
    return found


def hardest(pt: Floats, group: Ints, groups: int, *, most: int | None = None) -> tuple[Ints, Ints]:
    """Order things by group and falling pt.

    Parameters
    ----------
    pt
        ``[thing]``; anything else that is to fall will do.
    group
        The group of each, ``[thing]``.
    groups
        How many groups there are.
    most
        How many of a group are kept; left out, all.

    Returns
    -------
    The things' rows in the new order, and their places in the groups.
    """
    order, place = np.lexsort((-pt, group)), places(np.bincount(group, minlength=groups))
    return (order, place) if most is None else (order[place < most], place[place < most])
