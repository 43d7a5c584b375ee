"""Performance against the number of inputs kept, in the order of their relevance and others."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from jetlens.core.registry import figures
from jetlens.plots.shared.style import CYCLE, figure, label, legend
from jetlens.summarise.trainings.retrained import ORDERS, RANDOM, RELEVANCE, REVERSE, Retrained

TITLE = "Retrained on the most relevant inputs"
_COLOURS = dict(zip((RELEVANCE, REVERSE, RANDOM), (CYCLE[0], CYCLE[2], CYCLE[8]), strict=True))
_TITLES = {
    RELEVANCE: "most relevant first",
    RANDOM: "random order",
    REVERSE: "least relevant first",
}
_AXES = {"auc": "Area under the ROC curve", "accuracy": "Accuracy"}


@figures.register("retrained")
def draw(result: Retrained) -> Figure:
    """One panel a quantity; bands are where another training would come out."""
    drawn = figure(6.2 * max(len(result.measured), 1), 4.8)
    axes = drawn.subplots(1, max(len(result.measured), 1), squeeze=False)[0]
    for ax, quantity in zip(axes, result.measured, strict=False):
        for kind in ORDERS:
            mean, low, high = result.curve(kind, quantity)
            look = {"color": _COLOURS[kind], "zorder": 3 if kind == RELEVANCE else 2}
            ax.fill_between(result.keep, low, high, alpha=0.2, linewidth=0, **look)
            ax.plot(result.keep, mean, "o-", markersize=5, label=_TITLES[kind], **look)
        ax.set_xticks(result.keep)
        ax.tick_params(axis="x", which="minor", length=0)
        ax.set_xlabel("Inputs kept")
        ax.set_ylabel(_AXES[quantity])
        # room for whole points, at both ends and at a perfect score
        ax.set_xlim(*_padded(result.keep[0], result.keep[-1]))
        lows = [result.curve(kind, quantity)[1].min() for kind in ORDERS]
        bottom, top = _padded(float(np.nanmin(lows)), 1.0)
        ax.set_ylim(bottom, top)
    legend(axes[0], loc="lower right")
    label(axes[0])
    return drawn


def _padded(low: float, high: float) -> tuple[float, float]:
    """Return the ends of an axis with room beyond them."""
    pad = 0.05 * (high - low) or 0.5
    return low - pad, high + pad


def caption(result: Retrained) -> str:
    """Say how to read the figure, and what was trained."""
    best = next(names for kind, names in result.lines if kind == RELEVANCE)
    retrainings = next(iter(result.measured.values())).shape[2] if result.measured else 0
    words = (
        "The same tagger, trained anew on the first inputs of an order alone. By relevance: "
        f"{', '.join(best)}. "
    )
    if result.first:
        words += (
            f"The tagger cannot do without {' and '.join(result.first)}, of which one input comes "
            "first in every order. "
        )
    return words + (
        f"{retrainings} trainings of each set of inputs, {len(result.of_kind(RANDOM))} random "
        "orders. Bands: the standard deviation over trainings (and random orders) and the test "
        "sample's 68 % bootstrap error, in quadrature."
    )
