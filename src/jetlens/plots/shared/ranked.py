"""Features in order of a mean, with signs for classes; and means against the rank of particles."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from jetlens.plots.shared.by_class import spread
from jetlens.plots.shared.gradients import group_colour, group_title
from jetlens.plots.shared.style import CYCLE, no_ticks
from jetlens.summarise.estimates import interval
from jetlens.summarise.jets.lists import MISCLASSIFIED
from jetlens.summarise.result import Result

Floats = NDArray[np.float64]
_COLOURS = CYCLE[3:]  # the first are those of classes
Three = tuple[Floats, Floats, Floats]
"""Values with the low and high ends of their intervals."""


def bars(ax: Axes, result: Result, every: Three, groups: dict[str, Three]) -> None:
    """Draw a bar for each feature, and a sign for that of each group; all are ``[feature]``."""
    value, low, high = every
    places = np.arange(len(value))
    ax.barh(places, value, 0.8, color="#d5d9dd", label="All")
    look: dict[str, Any] = {"fmt": "none", "ecolor": "#444444", "elinewidth": 1.2}
    ax.errorbar(value, places, xerr=spread(value, low, high), **look)
    step = 0.64 / max(len(groups) - 1, 1)
    for k, (group, (value, low, high)) in enumerate(groups.items()):
        colour = group_colour(result, group)
        hollow = group.endswith(MISCLASSIFIED)
        look = {"color": colour, "fmt": "s" if hollow else "o", "markersize": 4, "elinewidth": 1.1}
        look["markerfacecolor"] = "white" if hollow else colour
        errors = spread(value, low, high)
        at = places - 0.32 + k * step
        ax.errorbar(value, at, xerr=errors, label=group_title(group), **look)
    ax.axvline(0, color="black", linewidth=0.7)
    ax.set_ylim(len(places) - 0.5, -0.5)
    ax.xaxis.set_major_formatter("{x:g}")  # a power of ten would stand in the axis's name
    ax.locator_params(axis="x", nbins=4)
    ax.margins(x=0.06)
    no_ticks(ax, "y")


def against_rank(ax: Axes, mean: Floats, titles: Sequence[str], ranks: Sequence[str]) -> None:
    """Draw means ``[rank, feature, replica]`` of a few features with their errors."""
    value, low, high = interval(mean)
    many = len(titles)
    for f, title in enumerate(titles):
        at = np.arange(len(ranks)) + 0.5 * (f + 0.5 - many / 2) / max(many, 1)
        errors = spread(value[:, f], low[:, f], high[:, f])
        look: dict[str, Any] = {
            "color": _COLOURS[f % len(_COLOURS)],
            "fmt": "o-",
            "markersize": 3.5,
        }
        ax.errorbar(at, value[:, f], errors, label=title, linewidth=1.1, **look)
    ax.set_xticks(range(len(ranks)), ranks, rotation=60)
    ax.set_xlim(-0.6, len(ranks) - 0.4)
    ax.yaxis.set_major_formatter("{x:g}")
    no_ticks(ax, "x")
    ax.minorticks_off()
