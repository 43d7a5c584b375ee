"""The probability that jets are b-tagged, by true flavour: a weight instead of a selection."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from jetlens.data.clustering import Jets, nearest
from jetlens.data.generator import EventRecord
from jetlens.data.truth import flavours, labelling, weak_decays

Floats = NDArray[np.float64]

EFFICIENCY = {5: 0.77, 4: 1 / 5, 0: 1 / 170, 15: 1 / 170}
"""Of b, c, light and tau jets: the 77 % working point of ATLAS's DL1r (arXiv:2211.16345, abstract).

Nothing is said there of taus, which are treated as light jets.
"""

MASSES = (20.0, 60.0, 100.0, 150.0)
"""Where bins of the groomed mass end, in GeV."""


def flavour(record: EventRecord, jets: Jets) -> NDArray[np.int32]:
    """Return the flavour of jets by the hadrons in them, ``[jet]``: 5, 4, 15 or 0.

    A weakly decaying b or c hadron or a tau above 5 GeV belongs to the nearest jet of its event,
    and gives it its flavour if it is closer than 0.3.
    """
    hadrons = labelling(record, weak_decays(record))
    jet, distance = nearest(hadrons.event, hadrons.eta, hadrons.phi, jets, record.events)
    return flavours(len(jets.event), jet, distance, hadrons.label)


def tagged(flavour: NDArray[np.int32]) -> Floats:
    """Return the probability that all of some jets are tagged, ``[...]``.

    Parameters
    ----------
    flavour
        ``[..., jet]``; a jet that is not there, of a flavour below 0, is never tagged.
    """
    each = np.zeros(flavour.shape)
    for label, efficiency in EFFICIENCY.items():
        each[flavour == label] = efficiency
    found: Floats = each.prod(axis=-1)
    return found


def averaged(chance: Floats, mass: Floats) -> Floats:
    """Return the mean probability that two jets of about the same masses are tagged, ``[event]``.

    Of QCD jets a hundredth is two b jets: an event would count for ten thousand others, or for
    nothing. The mean goes over all pairs of jets of different events, one of the one mass and one
    of the other. The product of two means would be too high: where few jets are tagged, a bin that
    has one too many has it in both. All events count the same, whatever their weights: by these it
    would be a mean over the few events of low pt.

    Parameters
    ----------
    chance
        Probability of each jet to be tagged, ``[event, 2]``.
    mass
        Groomed masses in GeV, ``[event, 2]``.
    """
    bins = np.searchsorted(MASSES, mass)
    there = bins[..., None] == np.arange(len(MASSES) + 1)  # [event, jet, bin]
    jets = there.sum(axis=1)
    tags = (there * chance[..., None]).sum(axis=1)
    others = np.outer(jets.sum(axis=0), jets.sum(axis=0)) - jets.T @ jets
    both = np.outer(tags.sum(axis=0), tags.sum(axis=0)) - tags.T @ tags
    known = others > 0  # a pair of bins with jets of a single event has no others
    rate = np.divide(both, others, out=np.zeros_like(both), where=known)
    found: Floats = np.where(
        known[bins[:, 0], bins[:, 1]], rate[bins[:, 0], bins[:, 1]], chance.prod(axis=1)
    )
    return np.maximum(found, 0.0)
