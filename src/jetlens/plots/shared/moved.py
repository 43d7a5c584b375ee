"""What figures of moved jets share: the axis of scales, and what the jets were moved toward."""

from __future__ import annotations

import json

import numpy as np
from matplotlib.axes import Axes

from jetlens.core.moves import in_words, misclassified
from jetlens.summarise.jets import moved
from jetlens.summarise.jets.moved import UNLABELLED
from jetlens.summarise.result import Result

_WIDE = 20.0  # from so much between the least and the largest scale on, the axis is logarithmic
_UNITS = {
    "raw": "steps of the gradient",
    "spread": "gradients per spread, in spreads",
    "unit": "length of the raw step, in spreads",
}


def scale_axis(ax: Axes, scales: list[float], result: Result) -> None:
    """Lay out and name the axis of scales, from the first of them to the last."""
    positive = [s for s in scales if s > 0]
    if positive and positive[-1] / positive[0] > _WIDE:
        ax.set_xscale("symlog", linthresh=positive[0], linscale=0.4)
        shown = [s for s in scales if s == 0 or _round(s)] or positive
        ax.set_xticks(shown, [f"{s:g}" for s in shown])
        ax.minorticks_off()
    if len(scales) > 1:
        ax.set_xlim(scales[0], scales[-1])
    unit = _UNITS.get(_option(result, "normalise"))
    if unit and anew(result):
        unit = unit.replace("raw step", "way")
    ax.set_xlabel(f"Scale ({unit})" if unit else "Scale")


def toward(result: Result) -> str:
    """Say in words which way the jets were moved."""
    target = str(result.sums.attrs.get("toward") or "")
    words = {
        "label": "their true class",
        "other": "the likeliest of the other classes",
        "predicted": "the predicted class",
    }
    return words.get(target, f"the class {target}")


def anew(result: Result) -> str:
    """Say how often the gradient is taken on the way; nothing if it is where jets start alone."""
    steps = int(_option(result, "steps") or 1)
    return f", taken anew {steps} times up to the largest scale" if steps > 1 else ""


def which(result: Result) -> str:
    """Say which jets were moved: ``misclassified jets``."""
    return in_words(moved.which(result.sums.attrs))


def how_many(result: Result) -> tuple[int, int]:
    """Return how many jets were moved, and of how many."""
    jets = result.sums["jets"].sel(group="all")
    return int(jets.sel(count="used")), int(jets.sel(count="selected"))


def before(result: Result) -> str:
    """Say what the jets were before they were moved."""
    return "Misclassified" if misclassified(moved.which(result.sums.attrs)) else "Before"


def left_out(result: Result) -> str:
    """Say how many jets could not be moved for want of a label; nothing if there is none."""
    jets = int(result.sums[UNLABELLED])
    return f"{jets:,} jets have no label among the classes and are left out. " if jets else ""


def unused(result: Result) -> str:
    """Say which constraints found nothing, or not all, to act on; nothing if all did."""
    idle = json.loads(result.sums.attrs.get("idle") or "{}")
    listed = "; ".join(f"{name} ({why})" for name, why in idle.items())
    return f"Constraints without effect: {listed}." if listed else ""


def with_error(value: float, low: float, high: float) -> str:
    """Write a number with half of its interval, to two digits of this."""
    half = (high - low) / 2
    digits = int(np.clip(1 - np.floor(np.log10(half)), 0, 5)) if half > 0 else 3
    return f"{value:.{digits}f} ± {half:.{digits}f}"


def _option(result: Result, name: str) -> str:
    return str(json.loads(result.sums.attrs.get("options") or "{}").get(name, ""))


def _round(value: float) -> bool:
    """Say whether a number is 1, 2 or 5 times a power of ten."""
    return bool(np.isclose(value / 10 ** np.floor(np.log10(value)), [1, 2, 5, 10]).any())
