"""How much numbers of one variation differ from another's, tested on the same jets."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from jetlens.summarise.estimates import Number, Numbers
from jetlens.summarise.result import Result
from jetlens.summarise.trainings.ensemble import Ensemble, Variation
from jetlens.summarise.trainings.gains import gain
from jetlens.summarise.trainings.retrainings import place_of

Floats = NDArray[np.float64]
Estimates = Callable[[Result, Result], tuple[Mapping[str, Floats], Mapping[str, Floats]]]
"""From two results of the same test jets to numbers of each, with their bootstrap replicas
``[replica]``, the nominal one first."""


def differences(
    ensemble: Ensemble, estimates: Estimates
) -> Iterator[tuple[Variation, str, str, Number]]:
    """Go through differences of every variation from the first place on each axis.

    Trainings of the same seed and test jets are paired (see `Ensemble.against_first`), and so are
    the bootstrap replicas: an event counts as often in the one as in the other.

    Parameters
    ----------
    ensemble
        The results.
    estimates
        What is compared; what not all pairs have is left out.

    Yields
    ------
    The variation, the first place, the name of what is compared, and the mean difference.
    """
    for variation, first, pairs in ensemble.against_first():
        both = [estimates(ours.result, others.result) for ours, others in pairs]
        for name in both[0][0]:
            each = [(a[name], b[name]) for a, b in both if name in a and name in b]
            if len(each) < len(both):
                continue
            if found := gain([((float(a[0]), a), (float(b[0]), b)) for a, b in each]):
                yield variation, first, name, found


def paired(ensemble: Ensemble, start: str, estimates: Estimates) -> Numbers:
    """Return `differences` by name: ``<start>.gain.<variation>.<name>.vs.<first>``."""
    return {
        f"{start}.gain.{place_of(variation)}.{name}.vs.{first}": number
        for variation, first, name, number in differences(ensemble, estimates)
    }
