"""Numbers over retrainings: their mean, and where another training would come out.

The interval is that of another training, tested on another sample: the standard deviation over the
retrainings and the test sample's error of the mean, in quadrature. Retrainings that are tested on
the same jets err alike, so that the first does not hold the second. Where each splits the events
anew, the first holds what their test samples do not share, and the second is that of the mean over
samples which share some events; see `jetlens.summarise.trainings.gains`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from jetlens.summarise.estimates import DEFINED, Number, Numbers, given, mapped
from jetlens.summarise.result import Result
from jetlens.summarise.trainings.ensemble import Ensemble, Variation
from jetlens.summarise.trainings.gains import logarithm, widened, with_error

Floats = NDArray[np.float64]


def place_of(variation: Variation) -> str:
    """Return a variation's places, as in names of numbers: ``image,1``; empty if nothing varies."""
    return ",".join(place for _, place in variation)


def over_trainings(each: Sequence[tuple[float, Floats]]) -> Number:
    """Return the mean over retrainings and where another would come out; empty if not `given`.

    Parameters
    ----------
    each
        A retraining's value and its bootstrap replicas ``[replica]``, the nominal one first. In a
        replica an event counts equally often for all of them, whichever share it.
    """
    values = np.array([v for v, _ in each])
    replicas = np.mean([r for _, r in each], axis=0)
    return with_error(float(values.mean()), replicas, _deviation(values))


def factor_over_trainings(each: Sequence[tuple[float, Floats]]) -> Number:
    """Return the geometric mean over retrainings of what is above 0; see `over_trainings`.

    So is what has no upper end, as a rejection or a limit: of a few, the largest would be the mean.
    """
    return mapped(over_trainings([logarithm(one) for one in each]), math.exp)


def over_retrainings(results: Sequence[Result]) -> Numbers:
    """Return each number's mean over retrainings and where another would come out.

    Of numbers there are no replicas, so that the test sample's error of the mean is taken to be the
    mean of theirs: so it is where all trainings err alike on the same jets; otherwise it is less. A
    number that not all of them define is left out. Of a single training, the numbers are its own.
    """
    each = [result.numbers() for result in results]
    if len(each) == 1:
        return each[0]
    found: Numbers = {}
    for name in each[0]:
        if all(name in numbers for numbers in each):
            table = {k: np.array([n[name][k] for n in each]) for k in ("value", "low", "high")}
            mean = {k: float(values.mean()) for k, values in table.items()}
            share = min(n[name].get(DEFINED, 1.0) for n in each)
            if number := given(widened(mean, _deviation(table["value"])), share):
                found[name] = number
    return found


def compared(ensemble: Ensemble, prefixes: Iterable[str] = ("",)) -> Numbers:
    """Return the numbers over retrainings of every variation.

    The variation's place follows the first word of the name: ``relevance.image.all.jets.z``. Only
    names that begin with one of `prefixes` are taken.
    """
    found: Numbers = {}
    for variation, results in ensemble.groups().items():
        for name, number in over_retrainings(results).items():
            if not name.startswith(tuple(prefixes)):
                continue
            first, _, rest = name.partition(".")
            found[".".join(w for w in (first, place_of(variation), rest) if w)] = number
    return found


def _deviation(values: Floats) -> float:
    """Return the standard deviation over retrainings; 0 of a single one."""
    return float(values.std(ddof=1)) if len(values) > 1 else 0.0
