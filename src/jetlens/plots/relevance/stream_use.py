"""How much a tagger uses each stream: its share in what enters the head, the loss without it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from jetlens.core.registry import figures
from jetlens.plots.shared.by_class import (
    class_title,
    classes_shown,
    nothing,
    position,
    spread,
    told,
)
from jetlens.plots.shared.flavours import flavour_colour
from jetlens.plots.shared.panels import heading
from jetlens.plots.shared.style import figure, no_ticks
from jetlens.summarise.estimates import interval
from jetlens.summarise.result import Result
from jetlens.summarise.stream_use import LOSS, SHARE

TITLE = "Use of streams"
AXES = {SHARE: "Share in what enters the head", LOSS: "Rise of the loss when permuted"}

Floats = NDArray[np.float64]


@figures.register("stream-use")
def draw(result: Result) -> Figure:
    """Bars are means over the jets of a class: shares of streams, and losses without them."""
    summary: Any = result.summary
    shown = classes_shown(result)
    kinds = [k for k in AXES if summary.use(result, k)]
    streams = [str(s) for s in result.sums["stream"].values]
    drawn = figure(4.6 * len(kinds) + 1.2, 1.5 + 0.5 * len(streams) + 0.2 * len(shown))
    if not shown:
        nothing(drawn)
        heading(drawn)
        return drawn
    panels = drawn.subplots(1, len(kinds), squeeze=False, sharey=True)[0]
    for ax, kind in zip(panels, kinds, strict=True):
        _bars(ax, result, shown, summary.use(result, kind))
        ax.set_xlabel(AXES[kind])
        if kind == SHARE:
            ax.set_xlim(0, 1)
    panels[0].set_yticks(range(len(streams)), streams)
    panels[0].set_ylim(len(streams) - 0.45, -0.55)
    drawn.legend(*panels[0].get_legend_handles_labels(), loc="outside right center")
    heading(drawn)
    return drawn


def caption(result: Result) -> str:
    """Say how to read the figure, and of how many jets it is."""
    kinds = [str(k) for k in result.sums["kind"].values]
    words = []
    if SHARE in kinds:
        words.append(
            "The share of each stream in what enters the head (activations times the weights of "
            "its first dense layer; a stream that asked others holds what it was told)"
        )
    if LOSS in kinds:
        words.append(
            "What the cross-entropy rises by when a stream's inputs are those of other jets"
        )
    return (
        f"{'; '.join(words)}. Means over jets, with 68 % bootstrap intervals over events. "
        f"{told(result)}"
    )


def _bars(ax: Axes, result: Result, shown: list[str], use: Mapping[str, Floats]) -> None:
    width = 0.8 / len(shown)
    for i, group in enumerate(shown):
        g = position(result, group)
        value, low, high = interval(np.stack([mean[g] for mean in use.values()]))
        place = np.arange(len(value)) + (i + 0.5) * width - 0.4
        colour = flavour_colour(group, g)
        ax.barh(place, value, width * 0.9, color=colour, alpha=0.85, label=class_title(group))
        error = spread(value, low, high)
        ax.errorbar(value, place, xerr=error, fmt="none", ecolor="black", elinewidth=1.1)
    ax.axvline(0, color="0.6", linewidth=0.8)
    no_ticks(ax, "y")
