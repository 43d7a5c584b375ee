"""How taggers compare: numbers over retrainings, and what one variation gains over another.

A number of a variation is its mean over retrainings. Its interval is where another training, tested
on another sample, would come out: the standard deviation over the retrainings and the test sample's
error of the mean, in quadrature. (Retrainings are tested on the same jets, so that the first does
not hold the second; where each splits the events anew, it holds a part of it, and the interval is
a little too wide.)

A gain is the mean difference between retrainings of the same seed, tested on the same jets. Its
interval is the error of that mean: its standard error over the retrainings, times Student's factor
for so few, and the test sample's error of the difference, in quadrature. Beside the interval of
68 %, ``low`` and ``high``, it has that of `VERDICT`, ``low_95`` and ``high_95``, by which one is
called better or worse than another.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from jetlens.summarise.base import CONFIDENCE, Numbers, interval, ratio
from jetlens.summarise.result import Result
from jetlens.summarise.sums.curves import Curves
from jetlens.summarise.sums.roc import wilson
from jetlens.summarise.trainings.ensemble import Ensemble
from jetlens.summarise.trainings.retrainings import place_of

Floats = NDArray[np.float64]

TAGGER = "tagger"
"""The tagger's discriminant, beside a single variable's."""
REJECTION = "rejection"
_SHARES = ("accuracy", "efficiency")
MISTAGS = (0.01, 0.10)
"""Background efficiencies at which the signal's is told."""
VERDICT = 0.95
"""The confidence with which a difference has to be there to be called one."""


def quantities(result: Result) -> dict[str, tuple[float, Floats]]:
    """Return what is compared, by name: value and bootstrap replicas ``[replica]``.

    With more than two classes, areas, efficiencies and rejections are means over the backgrounds.
    """
    summary: Any = result.summary
    accuracy = summary.accuracies(result)
    found = {"accuracy": (float(accuracy[0]), accuracy)}
    curves: Curves = summary.curves(result)
    backgrounds = curves.backgrounds
    if backgrounds:
        found["auc"] = _mean([curves.area(b) for b in backgrounds])
        for mistag in MISTAGS:
            each = [curves.efficiency_at(b, mistag) for b in backgrounds]
            found[f"efficiency.at_background_{100 * mistag:.0f}"] = _mean(each)
        for efficiency in summary.efficiencies:
            each = [curves.rejection_at(b, efficiency) for b in backgrounds]
            found[f"{REJECTION}.at_{100 * efficiency:.0f}"] = _mean(each)
    return {k: (v, r) for k, (v, r) in found.items() if np.isfinite(v) and np.isfinite(r).sum() > 1}


def _mean(each: Sequence[tuple[float, Floats]]) -> tuple[float, Floats]:
    return float(np.mean([v for v, _ in each])), np.mean([r for _, r in each], axis=0)


def compared(ensemble: Ensemble) -> Numbers:
    """Return every variation's numbers, and its gains over the first place on each axis.

    ``auc.<variation>``, ``efficiency.<variation>.at_background_1`` and
    ``rejection.<variation>.at_50`` are means over retrainings.
    ``gain.<variation>.auc.vs.<first>`` is the difference from the variation that has the first
    place on an axis and is otherwise the same, ``gain.<variation>.auc.relative.vs.<first>`` that
    divided by what it is compared with. Along axes that change the data nothing is compared: the
    test jets are others.
    """
    groups = ensemble.groups()
    measured = {v: [quantities(r) for r in results] for v, results in groups.items()}
    found: Numbers = {}
    for variation, each in measured.items():
        for name in _common(each):
            first, _, rest = name.partition(".")
            full = ".".join(w for w in (first, place_of(variation), rest) if w)
            number = over_trainings([q[name] for q in each])
            if first in _SHARES:
                number = _of_few(number, min(trials(r, name) for r in groups[variation]))
            found[full] = number if first == REJECTION else _bounded(number)
    for axis, places in ensemble.axes.items():
        if axis.partition(".")[0] == "data":
            continue
        for variation, each in measured.items():
            place = dict(variation)[axis]
            base = tuple((k, places[0] if k == axis else v) for k, v in variation)
            if place == places[0] or base not in measured:
                continue
            for name in _common([*each, *measured[base]]):
                pairs = [(a[name], b[name]) for a, b in zip(each, measured[base], strict=False)]
                start = f"gain.{place_of(variation)}.{name}"
                found[f"{start}.vs.{places[0]}"] = gain(pairs)
                found[f"{start}.relative.vs.{places[0]}"] = gain(pairs, relative=True)
    return found


def _common(each: Sequence[Mapping[str, Any]]) -> list[str]:
    return [name for name in each[0] if all(name in other for other in each)]


def over_trainings(each: Sequence[tuple[float, Floats]]) -> dict[str, float]:
    """Return the mean over retrainings and where another would come out.

    Parameters
    ----------
    each
        A retraining's value and its bootstrap replicas ``[replica]``, the nominal one first; those
        of all retrainings are of the same events.
    """
    values = np.array([v for v, _ in each])
    spread = float(values.std(ddof=1)) if len(values) > 1 else 0.0
    return with_error(float(values.mean()), np.mean([r for _, r in each], axis=0), spread)


def trials(result: Result, name: str) -> float:
    """Return the effective number of jets of which a quantity is a share."""
    summary: Any = result.summary
    histogram = result.parts["fine"].pick(score=TAGGER)
    effective = dict(zip(histogram.axes["class"], histogram.effective(), strict=True))
    signal = effective[summary.signal_of(result)]
    return float(signal if name.startswith("efficiency") else sum(effective.values()))


def _of_few(number: dict[str, float], jets: float) -> dict[str, float]:
    """Return a share's interval; less than a jet from 0 or 1, where a bootstrap has none, Wilson's.

    Parameters
    ----------
    number
        The share, with its interval.
    jets
        Of how many jets it is the share.
    """
    if min(number["value"], 1 - number["value"]) * jets >= 1:
        return number
    low, high = wilson(number["value"], jets)
    return number | {"low": min(low, number["low"]), "high": max(high, number["high"])}


def _bounded(number: dict[str, float]) -> dict[str, float]:
    """Return a share's interval without what lies beyond 0 and 1."""
    return {name: float(np.clip(value, 0.0, 1.0)) for name, value in number.items()}


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
    value, low, high = (float(x) for x in interval(replicas, np.asarray(mean), confidence))
    return {
        "value": value,
        "low": value - float(np.hypot(value - low, spread)),
        "high": value + float(np.hypot(high - value, spread)),
    }
