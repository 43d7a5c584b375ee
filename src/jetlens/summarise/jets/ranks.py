"""Particles in groups of ranks: the leading ones each alone, the softer ones together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from jetlens.core.errors import BadValueError
from jetlens.summarise.jets.lists import ListSummary
from jetlens.summarise.jets.particle_order import ordered

RANKS = (1, 2, 3, 4, 6, 11, 21, 41)
"""The first rank of each group."""

Floats = NDArray[np.float64]


def check_ranks(ranks: Sequence[int]) -> None:
    """Refuse groups of ranks that do not begin at 1 and increase.

    Raises
    ------
    BadValueError
        The message says what was expected.
    """
    starts = list(ranks)
    whole = all(isinstance(r, int) for r in starts)
    if not whole or starts[:1] != [1] or (np.diff(starts) <= 0).any():
        raise BadValueError(f"ranks={starts}: expected whole numbers that increase from 1")


def rank_names(ranks: Sequence[int]) -> list[str]:
    """Return what groups of ranks are called: ``1``, ``4-5``, ``41+``."""
    starts = list(ranks)
    ends = [start - 1 for start in starts[1:]]
    pairs = zip(starts, ends, strict=False)
    return [str(a) if a == b else f"{a}-{b}" for a, b in pairs] + [f"{starts[-1]}+"]


@dataclass(frozen=True, kw_only=True)
class RankSummary(ListSummary):
    """A summary of particles by their rank in the jet.

    Parameters
    ----------
    misclassified
        Whether the misclassified jets of each true class are a group, too.
    order
        A variable of the particles, whose largest is the first, or ``"listed"``; left out, ``pt``
        where it is there, else as they are listed.
    ranks
        The first rank of each group of ranks; the last group has no end.
    """

    misclassified: bool = True
    order: str = ""
    ranks: Sequence[int] = RANKS

    def __post_init__(self) -> None:
        super().__post_init__()
        check_ranks(self.ranks)


def summed_by_rank(
    jets: xr.Dataset,
    collection: str,
    order: str,
    ranks: Sequence[int],
    counted: NDArray[np.bool_],
    values: Sequence[Floats],
) -> tuple[list[Floats], Floats, str]:
    """Sum what particles have over those of each group of ranks in their jet.

    Parameters
    ----------
    jets, collection, order
        The particles, and what they are ordered by; see `ordered`.
    ranks
        The first rank of each group.
    counted
        ``[jet, particle]``, which particles count: those of the jets that are used.
    values
        Each ``[jet, particle, feature]``.

    Returns
    -------
    The sums, each ``[jet, rank, feature]``, the number of particles ``[jet, rank]``, and what they
    are ordered by in words.
    """
    placed = ordered(jets, collection, order, counted.shape[1])
    there = placed.there & np.asarray(counted.any(axis=1))[:, None]
    starts = np.searchsorted(np.arange(1, there.shape[1] + 1), ranks)

    def added(of: Floats) -> Floats:
        # a place more, so that a group of ranks may begin behind the last one and is empty
        ended = np.pad(of, [(0, 0), (0, 1), *[(0, 0)] * (of.ndim - 2)])
        return np.add.reduceat(ended, starts, axis=1)

    found = []
    for value in values:
        taken = np.take_along_axis(value, placed.place[..., None], axis=1)
        found.append(added(np.where(there[..., None], taken, 0)))
    return found, added(there.astype(np.float64)), placed.words
