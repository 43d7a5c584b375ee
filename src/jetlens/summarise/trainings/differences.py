"""How much numbers of one variation differ from another's, of the same jets."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from jetlens.summarise.base import Numbers
from jetlens.summarise.result import Result
from jetlens.summarise.trainings.ensemble import Ensemble, Variation
from jetlens.summarise.trainings.gains import gain
from jetlens.summarise.trainings.retrainings import place_of

Floats = NDArray[np.float64]
Estimates = Callable[[Result, Result], tuple[Mapping[str, Floats], Mapping[str, Floats]]]
"""From two results to numbers of each, with their bootstrap replicas ``[replica]``, the nominal one
first: both of the same jets."""


def differences(
    ensemble: Ensemble, estimates: Estimates
) -> Iterator[tuple[Variation, str, str, dict[str, float]]]:
    """Go through differences of every variation from the first place on each axis.

    Trainings of the same seed are paired, and so are the bootstrap replicas: an event counts as
    often in the one as in the other.

    Parameters
    ----------
    ensemble
        The results.
    estimates
        What is compared; what not all trainings have is left out.

    Yields
    ------
    The variation, the first place, the name of what is compared, and the mean difference.
    """
    groups = ensemble.groups()
    for variation, base, first in ensemble.against_first():
        both = zip(groups[variation], groups[base], strict=False)
        pairs = [estimates(ours, others) for ours, others in both]
        for name in pairs[0][0]:
            each = [(a[name], b[name]) for a, b in pairs if name in a and name in b]
            if len(each) < len(pairs) or not np.isfinite([x[0] for p in each for x in p]).all():
                continue
            number = gain([((float(a[0]), a), (float(b[0]), b)) for a, b in each])
            if np.isfinite(list(number.values())).all():
                yield variation, first, name, number


def paired(ensemble: Ensemble, start: str, estimates: Estimates) -> Numbers:
    """Return `differences` by name: ``<start>.gain.<variation>.<name>.vs.<first>``."""
    return {
        f"{start}.gain.{place_of(variation)}.{name}.vs.{first}": number
        for variation, first, name, number in differences(ensemble, estimates)
    }
