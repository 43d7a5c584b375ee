"""Some jets of many, spread over the classes: the first ones of each.

Files often hold one process each, so that the first jets of all are of one class. Which jets are
taken follows from their order alone, however they are cut into partitions.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

EVERY = 2**62
"""More than there are of anything."""

Ints = NDArray[np.int64]


def counts(label: Ints, classes: int, among: NDArray[np.bool_] | None = None) -> Ints:
    """Return how many jets there are of each class, and at the end of none ``[class + 1]``.

    Parameters
    ----------
    label
        ``[jet]``, -1 for jets of no class.
    classes
        How many classes there are.
    among
        ``[jet]``, which of the jets count; left out, all.
    """
    found: Ints = np.bincount(
        (label if among is None else label[among]) % (classes + 1), minlength=classes + 1
    )
    return found


def shared_out(there: Ints, wanted: int | None) -> Ints:
    """Return how many jets of each class to take, so that they are as equal as there are jets.

    Parameters
    ----------
    there
        How many there are of each ``[class]``.
    wanted
        How many are taken in all; None for every one.

    Returns
    -------
    ``[class]``; `EVERY` of those of which all are taken.
    """
    found = np.zeros(len(there), dtype=np.int64)
    left = int(there.sum()) if wanted is None else wanted
    for place, k in enumerate(np.argsort(there, kind="stable")):
        found[k] = min(int(there[k]), left // (len(there) - place))
        left -= int(found[k])
    return np.where(found == there, EVERY, found)


def left_by(taken: Sequence[Ints], wanted: Ints) -> list[Ints]:
    """Return how many of each class are wanted still when a partition begins, ``[class]`` each.

    Parameters
    ----------
    taken
        How many there are in each partition, ``[class]`` each.
    wanted
        In all, ``[class]``.
    """
    before = np.cumsum([np.zeros_like(wanted), *taken], axis=0)[:-1]
    return [np.where(wanted == EVERY, EVERY, np.maximum(wanted - b, 0)) for b in before]


def cut(there: Sequence[int], parts: int, least: int) -> list[list[tuple[int, int]]]:
    """Cut partitions with jets into tasks, where they are fewer than these should be.

    What is wanted of few jets lies in the first partitions. Tasks follow from the jets alone, and
    not from who works on them, so that sums are taken in the same order everywhere.

    Parameters
    ----------
    there
        How many jets there are in each partition.
    parts
        How many tasks there should be at least.
    least
        Jets of a task that is cut off, about.

    Returns
    -------
    Of each partition, where its tasks begin and end among its jets; none without jets.
    """
    few = sum(n > 0 for n in there) < parts
    size = max(least, sum(there) // parts) if few else max(there, default=0)
    found = []
    for n in there:
        many = -(-n // size) if n else 0
        found.append([(n * k // many, n * (k + 1) // many) for k in range(many)])
    return found


def first_of_each(label: Ints, wanted: Ints, among: NDArray[np.bool_] | None = None) -> Ints:
    """Return where the first so many jets of each class are, in their order.

    Parameters
    ----------
    label
        ``[jet]``, -1 for jets of no class.
    wanted
        ``[class + 1]``, as `counts`.
    among
        ``[jet]``, which of the jets may be taken; left out, all.
    """
    may = np.ones(len(label), dtype=bool) if among is None else among
    places = [
        np.flatnonzero(may & (label == (k if k < len(wanted) - 1 else -1)))[:many]
        for k, many in enumerate(wanted.tolist())
    ]
    return np.sort(np.concatenate(places))
