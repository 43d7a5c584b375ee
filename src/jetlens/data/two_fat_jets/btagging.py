"""The probability that jets are b-tagged, by true flavour: a weight instead of a selection."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from jetlens.data.events.clustering import Jets, nearest
from jetlens.data.events.generator import EventRecord
from jetlens.data.events.truth import flavours, labelling, weak_decays

Floats = NDArray[np.float64]

EFFICIENCY = {5: 0.77, 4: 1 / 5, 0: 1 / 170, 15: 1 / 170}
"""Of b, c, light and tau jets: the 77 % working point of ATLAS's DL1r (arXiv:2211.16345, abstract).

Nothing is said there of taus, which are treated as light jets.
"""


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
