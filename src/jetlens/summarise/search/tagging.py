"""The probability that both jets of background events are tagged, by the jets' masses.

Of QCD jets a hundredth holds two b quarks. If each event counted with the tags of its own jets, the
few that have some would stand for all. So an event counts with a mean: over all pairs of jets of
two different events, of which one has about the mass of its one jet and one that of its other, as
an analysis in data would with measured rates. The product of two means would be too high: where few
jets are tagged, a bin that has one too many has it in both. All events count the same in the mean:
by their cross-sections it would be one over the few of low pt.

Sums over events hold all that the means are made of, so that they are known when all events are
added up, and a bootstrap of events draws new ones.
"""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from jetlens.summarise.estimates import ratio
from jetlens.summarise.result import Result

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

MASSES = (20.0, 60.0, 100.0, 150.0)
"""Where bins of the groomed mass end, in GeV."""
BINS = len(MASSES) + 1
PAIRS = tuple(itertools.combinations_with_replacement(range(BINS), 2))
"""Pairs of bins, whichever jet is in which."""
_ROUNDING = 1e-9

_NUMBER = np.zeros((BINS, BINS), dtype=np.int64)
for _k, (_i, _j) in enumerate(PAIRS):
    _NUMBER[_i, _j] = _NUMBER[_j, _i] = _k


def has_tags(result: Result) -> bool:
    """Say whether jets of backgrounds are tagged, rather than all counted as if they were."""
    jets, tags = (result.sums[name].values[1:, :, 0] for name in ("jets", "tags"))
    return bool((tags < jets).any())


def pair_of(mass: Floats) -> Integers:
    """Return the number of each event's pair of bins ``[event]``, from masses ``[event, 2]``."""
    first, second = np.searchsorted(MASSES, mass).T
    found: Integers = _NUMBER[first, second]
    return found


def sums_of(
    process: Integers, processes: int, mass: Floats, chance: Floats, weights: Floats
) -> dict[str, Any]:
    """Sum up jets and tags by bins of mass, alone and in pairs of one event.

    Parameters
    ----------
    process
        ``[event]``; of the first one, the signal, no sums are needed.
    processes
        How many there are.
    mass, chance
        Masses in GeV of both jets, and their probabilities to be tagged, ``[event, 2]``.
    weights
        ``[event, replica]``: how many events each stands for, times how often it is drawn.

    Returns
    -------
    Variables of a dataset: ``jets`` and ``tags`` ``[process, bin, replica]``, and what the pairs of
    one and the same event have in their squares, ``own_jets`` and ``own_tags``.
    """
    there = np.searchsorted(MASSES, mass)[..., None] == np.arange(BINS)  # [event, jet, bin]
    counts = {"jets": there.sum(axis=1), "tags": (there * chance[..., None]).sum(axis=1)}
    # drawn twice, an event makes no pairs with itself; standing for two, it does
    itself = np.nan_to_num(ratio(weights**2, weights[:, :1]))  # of no weight: none
    found: dict[str, Any] = {}
    for name, count in counts.items():
        alone = np.zeros((processes, BINS, weights.shape[1]))
        paired = np.zeros((processes, BINS, BINS, weights.shape[1]))
        for p in range(1, processes):
            own = process == p
            alone[p] = count[own].T @ weights[own]
            paired[p] = np.einsum("ei,ej,er->ijr", count[own], count[own], itself[own])
        found[name] = (("process", "mass_bin", "replica"), alone)
        found[f"own_{name}"] = (("process", "mass_bin", "other_bin", "replica"), paired)
    return found


def rates(sums: xr.Dataset) -> Floats:
    """Return the probability that both jets are tagged, ``[process, pair, replica]``.

    It is 1 for the signal, whose events count with the tags of their own jets. Where a pair of bins
    has no jets of two events, it is the mean of those that it has.
    """
    jets, tags, own_jets, own_tags = (
        sums[name].values for name in ("jets", "tags", "own_jets", "own_tags")
    )
    all_jets, all_tags = (n[:, :, None] * n[:, None] for n in (jets, tags))
    others = all_jets - own_jets
    known = others > _ROUNDING * all_jets
    rate = np.where(
        known, ratio(all_tags - own_tags, np.where(known, others, 0.0)), ratio(own_tags, own_jets)
    )
    i, j = np.array(PAIRS).T
    found: Floats = np.maximum(np.nan_to_num(rate[:, i, j]), 0.0)
    found[0] = 1.0
    return found
