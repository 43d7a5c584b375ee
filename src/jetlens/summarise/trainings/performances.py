"""How well taggers tag, compared: performances over retrainings, and gains between variations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jetlens.summarise.estimates import Numbers, bounded, mapped, of_few
from jetlens.summarise.result import Result
from jetlens.summarise.sums.curves import Curves, per_cent
from jetlens.summarise.trainings.ensemble import Ensemble
from jetlens.summarise.trainings.gains import factor, gain
from jetlens.summarise.trainings.retrainings import factor_over_trainings, over_trainings, place_of

Floats = NDArray[np.float64]

TAGGER = "tagger"
"""The tagger's discriminant, beside a single variable's."""
REJECTION, EFFICIENCY = "rejection", "efficiency"
BACKGROUND = "background_"
"""What goes before a background's efficiency in names of the signal's: ``at_background_1``."""
_SHARES = ("accuracy", EFFICIENCY)


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
        for mistag in summary.mistags:
            each = [curves.efficiency_at(b, mistag) for b in backgrounds]
            found[f"{EFFICIENCY}.at_{BACKGROUND}{per_cent(mistag)}"] = _mean(each)
        for efficiency in summary.efficiencies:
            each = [curves.rejection_at(b, efficiency) for b in backgrounds]
            found[f"{REJECTION}.at_{per_cent(efficiency)}"] = _mean(each)
    return {name: (value, r) for name, (value, r) in found.items() if np.isfinite(value)}


def _mean(each: Sequence[tuple[float, Floats]]) -> tuple[float, Floats]:
    return float(np.mean([v for v, _ in each])), np.mean([r for _, r in each], axis=0)


def compared(ensemble: Ensemble) -> Numbers:
    """Return every variation's numbers, and its gains over the first place on each axis.

    ``auc.<variation>`` and ``efficiency.<variation>.at_background_1`` are means over retrainings,
    ``rejection.<variation>.at_50`` is the geometric mean.
    ``gain.<variation>.auc.vs.<first>`` is the difference from the variation that has the first
    place on an axis and is otherwise the same, ``gain.<variation>.auc.relative.vs.<first>`` that
    divided by what it is compared with; of rejections it is the geometric mean of ratios, less 1.
    """
    measured = {member: quantities(member.result) for member in ensemble.members}
    found: Numbers = {}
    for variation, trainings in ensemble.trainings().items():
        each = list(trainings.values())
        for name in _common([measured[m] for m in each]):
            first, _, rest = name.partition(".")
            full = ".".join(w for w in (first, place_of(variation), rest) if w)
            estimates = [measured[m][name] for m in each]
            if first == REJECTION:
                found[full] = factor_over_trainings(estimates)
                continue
            number = over_trainings(estimates)
            if number and first in _SHARES:
                number = of_few(number, min(trials(m.result, name) for m in each))
            found[full] = bounded(number)
    for variation, first, pairs in ensemble.against_first():
        both = [(measured[ours], measured[others]) for ours, others in pairs]
        for name in _common([quantity for pair in both for quantity in pair]):
            values = [(ours[name], others[name]) for ours, others in both]
            start = f"gain.{place_of(variation)}.{name}"
            found[f"{start}.vs.{first}"] = gain(values)
            found[f"{start}.relative.vs.{first}"] = (
                mapped(factor(values), lambda ratio: ratio - 1)
                if name.startswith(REJECTION)
                else gain(values, relative=True)
            )
    return {name: number for name, number in found.items() if number}


def _common(each: Sequence[Mapping[str, Any]]) -> list[str]:
    return [name for name in each[0] if all(name in other for other in each)]


def trials(result: Result, name: str) -> float:
    """Return the effective number of jets of which a quantity is a share."""
    summary: Any = result.summary
    histogram = result.parts["fine"].pick(score=TAGGER)
    effective = dict(zip(histogram.axes["class"], histogram.effective(), strict=True))
    signal = effective[summary.signal_of(result)]
    return float(signal if name.startswith(EFFICIENCY) else sum(effective.values()))
