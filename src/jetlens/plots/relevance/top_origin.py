"""Bars of the truth origin of the tracks with the largest attribution."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from jetlens.core.registry import figures
from jetlens.plots.shared.flavours import TITLES_OF_ORIGINS, flavour_colour, flavour_title
from jetlens.plots.shared.style import figure, label, legend, no_ticks
from jetlens.plots.shared.words import counted
from jetlens.summarise.estimates import interval
from jetlens.summarise.jets.selection import NOT_POSITIVE
from jetlens.summarise.result import Result
from jetlens.summarise.top_origin import CATEGORIES, UNKNOWN

TITLE = "Origin of the top track"


@figures.register("top-origin")
def draw(result: Result, *, top: int | None = None) -> Figure:
    """Bars show where the top-attributed tracks come from, by true flavour of the jet.

    Above for the top track, below for the `top` tracks of every jet (all ranks that were kept). A
    line across a bar is the share among all tracks of the same jets.
    """
    ranks = top or result.summary.ranks  # type: ignore[attr-defined]
    drawn = figure(11, 7.5 if ranks > 1 else 4.2)
    axes = drawn.subplots(2 if ranks > 1 else 1, 1, sharex=True, squeeze=False)[:, 0]
    _panel(axes[0], result, 1)
    label(axes[0])
    legend(axes[0], ncols=2, title="true flavour; line: all tracks", alignment="left")
    if ranks > 1:
        _panel(axes[1], result, ranks)
    return drawn


def caption(result: Result) -> str:
    """Say how to read the figure, and of how many jets it is."""
    return (
        "Truth origin of the track with the largest attribution in each jet (above) and of the "
        f"{result.summary.ranks} largest (below), by true flavour; "  # type: ignore[attr-defined]
        "errors are 68 % bootstrap intervals over events, and a line across a bar is the share "
        f"among all tracks of the same jets. {counted(result)}"
    )


def _panel(ax: Axes, result: Result, top: int) -> None:
    frequency = result.summary.frequencies(result, top)  # type: ignore[attr-defined]
    every = result.summary.frequencies(result, None)[..., 0]  # type: ignore[attr-defined]
    value, low, high = interval(frequency)
    groups = [str(g) for g in result.sums["group"].values]
    jets = result.sums["jets"].sel(count="used").values
    shown = [g for g in groups if g not in ("all", NOT_POSITIVE) and jets[groups.index(g)] > 0]
    kinds = [k for k, c in enumerate(CATEGORIES) if c != UNKNOWN or np.nansum(value[:, k]) > 0]
    width = 0.8 / max(len(shown), 1)
    for i, group in enumerate(shown):
        g = groups.index(group)
        x = np.arange(len(kinds)) + (i + 0.5) * width - 0.4
        y = value[g, kinds]
        colour = flavour_colour(group, g)
        ax.bar(x, y, width * 0.94, color=colour, label=flavour_title(group))
        spread = np.stack([y - low[g, kinds], high[g, kinds] - y])
        ax.errorbar(x, y, spread, fmt="none", ecolor="black", elinewidth=1, capsize=1.5)
        ax.hlines(every[g, kinds], x - width * 0.47, x + width * 0.47, color="black", linewidth=1.8)
    ax.set_xticks(np.arange(len(kinds)), [TITLES_OF_ORIGINS[CATEGORIES[k]] for k in kinds])
    no_ticks(ax, "x")
    ax.set_ylim(0, None)
    ax.margins(y=0.12)
    which = "top track" if top == 1 else f"top {top} tracks"
    ax.set_ylabel(f"Relative frequency\n({which})")
