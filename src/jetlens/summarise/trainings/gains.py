"""What one variation gains over another: mean differences of paired trainings.

A gain is the mean difference between retrainings of the same seed, tested on the same jets. Its
interval is the error of that mean: its standard error over the retrainings, times Student's factor
for so few, and the test sample's error of the difference, in quadrature. Beside the interval of
68 %, ``low`` and ``high``, it has that of `VERDICT`, ``low_95`` and ``high_95``, by which one is
called better or worse than another.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from jetlens.summarise.base import CONFIDENCE, interval, ratio

Floats = NDArray[np.float64]

VERDICT = 0.95
"""The confidence with which a difference has to be there to be called one."""


def gain(
    pairs: Sequence[tuple[tuple[float, Floats], tuple[float, Floats]]], relative: bool = False
) -> dict[str, float]:
    """Return the mean of paired differences, and its errors.

    Parameters
    ----------
    pairs
        For each retraining, value and replicas of the one and of the other.
    relative
        Divide the differences by the other's mean; NaN where that is 0.
    """
    values = np.array([a - b for (a, _), (b, _) in pairs])
    replicas = np.mean([a - b for (_, a), (_, b) in pairs], axis=0)
    if relative:
        values = ratio(values, np.mean([b for _, (b, _) in pairs]))
        replicas = ratio(replicas, np.mean([b for _, (_, b) in pairs], axis=0))
    return with_verdict(
        lambda confidence: with_error(
            float(values.mean()), replicas, error_of_mean(values, confidence), confidence
        )
    )


def with_verdict(number: Callable[[float], dict[str, float]]) -> dict[str, float]:
    """Return a number with two intervals: that of 68 %, and that by which it is judged."""
    wide = number(VERDICT)
    return number(CONFIDENCE) | {"low_95": wide["low"], "high_95": wide["high"]}


def error_of_mean(values: Floats, confidence: float = CONFIDENCE) -> float:
    """Return the error of a mean of few values, by Student's t; 0 of a single one."""
    n = len(values)
    if n < 2:
        return 0.0
    factor = float(stdtrit(n - 1, (1 + confidence) / 2))
    return factor * float(values.std(ddof=1)) / float(np.sqrt(n))


def with_error(
    mean: float, replicas: Floats, spread: float, confidence: float = CONFIDENCE
) -> dict[str, float]:
    """Return a mean whose error is that of its replicas and a spread, in quadrature."""
    found = (float(x) for x in interval(replicas, np.asarray(mean), confidence))
    return widened(dict(zip(("value", "low", "high"), found, strict=True)), spread)


def widened(number: Mapping[str, float], spread: float) -> dict[str, float]:
    """Return a number whose errors have a spread added, in quadrature."""
    value, low, high = (number[k] for k in ("value", "low", "high"))
    return {
        "value": value,
        "low": value - float(np.hypot(value - low, spread)),
        "high": value + float(np.hypot(high - value, spread)),
    }
