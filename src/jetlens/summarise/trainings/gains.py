"""What one variation gains over another: mean differences of paired trainings.

A gain is the mean difference of pairs of trainings: the two of a pair have the same seed and are
tested on the same jets. Its interval is the error of that mean: its standard error over the pairs,
times Student's factor for so few, and the test sample's error of the mean, in quadrature. Beside
the interval of 68 %, ``low`` and ``high``, it has that of `VERDICT`, ``low_95`` and ``high_95``, by
which one is called better or worse than another; ``pairs`` is how many there were. Of a single one
the interval is the test sample's alone: it says nothing of other trainings.

Pairs are tested on the same jets as each other, or, where each repeat splits the events anew, on
samples that share some. An event counts equally often in a replica, wherever it is tested, so that
replicas of the mean have the test samples' error with all that pairs have in common. What pairs
have not in common is in their spread as well: the interval is too wide by that, by a factor of
1.4 at most. Trainings on overlapping parts of the events are more alike than independent ones; that
is in neither.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from jetlens.summarise.estimates import CONFIDENCE, PAIRS, Number, mapped, number, ratio

Floats = NDArray[np.float64]

VERDICT = 0.95
"""The confidence with which a difference has to be there to be called one."""


def gain(
    pairs: Sequence[tuple[tuple[float, Floats], tuple[float, Floats]]], relative: bool = False
) -> Number:
    """Return the mean of paired differences, and its errors; empty where it is not `given`.

    Parameters
    ----------
    pairs
        For each retraining, value and replicas ``[replica]`` of the one and of the other.
    relative
        Divide the differences by the other's mean; NaN where that is 0.
    """
    values = np.array([a - b for (a, _), (b, _) in pairs])
    replicas = np.mean([a - b for (_, a), (_, b) in pairs], axis=0)
    if relative:
        values = ratio(values, np.mean([b for _, (b, _) in pairs]))
        replicas = ratio(replicas, np.mean([b for _, (_, b) in pairs], axis=0))
    found = with_verdict(
        lambda confidence: with_error(
            float(values.mean()), replicas, error_of_mean(values, confidence), confidence
        )
    )
    return found | {PAIRS: float(len(values))} if found else {}


def factor(pairs: Sequence[tuple[tuple[float, Floats], tuple[float, Floats]]]) -> Number:
    """Return the geometric mean of paired ratios: `gain` of the logarithms of what is above 0."""
    return mapped(gain([(logarithm(a), logarithm(b)) for a, b in pairs]), math.exp)


def logarithm(estimate: tuple[float, Floats]) -> tuple[float, Floats]:
    """Return the logarithms of a value above 0 and its replicas; NaN of those that are not."""
    value, replicas = estimate
    return math.log(value), np.log(np.where(replicas > 0, replicas, np.nan))


def with_verdict(at: Callable[[float], Number]) -> Number:
    """Return a number with two intervals: that of 68 %, and that by which it is judged.

    Parameters
    ----------
    at
        From a confidence to the number with that interval; empty where it is not `given`.
    """
    usual, wide = at(CONFIDENCE), at(VERDICT)
    return usual | {"low_95": wide["low"], "high_95": wide["high"]} if usual else {}


def error_of_mean(values: Floats, confidence: float = CONFIDENCE) -> float:
    """Return the error of a mean of few values, by Student's t; 0 of a single one."""
    n = len(values)
    if n < 2:
        return 0.0
    factor = float(stdtrit(n - 1, (1 + confidence) / 2))
    return factor * float(values.std(ddof=1)) / float(np.sqrt(n))


def with_error(
    mean: float, replicas: Floats, spread: float, confidence: float = CONFIDENCE
) -> Number:
    """Return a mean whose error is that of its replicas and a spread, in quadrature.

    Empty where it is not `given`: a replica of a mean is defined where those of all its terms are.
    """
    found = number(replicas, mean, confidence)
    return widened(found, spread) if found else {}


def widened(found: Number, spread: float) -> Number:
    """Return a number whose errors have a spread added, in quadrature."""
    value, low, high = (found[k] for k in ("value", "low", "high"))
    return found | {
        "low": value - float(np.hypot(value - low, spread)),
        "high": value + float(np.hypot(high - value, spread)),
    }
