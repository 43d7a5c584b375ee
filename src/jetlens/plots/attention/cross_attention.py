"""Mean cross-attention: leading particles against named objects, and each object's share."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from numpy.typing import NDArray

from jetlens.core.registry import figures
from jetlens.plots.shared.by_class import (
    cells,
    class_title,
    classes_shown,
    empty,
    measured,
    ordered_by,
    position,
    spread,
    told,
)
from jetlens.plots.shared.flavours import flavour_colour
from jetlens.plots.shared.panels import heading
from jetlens.plots.shared.style import figure, no_ticks
from jetlens.plots.shared.words import plain, within
from jetlens.summarise.estimates import interval
from jetlens.summarise.jets.classes import means
from jetlens.summarise.result import Result

TITLE = "Mean cross-attention"
Floats = NDArray[np.float64]


@figures.register("cross-attention")
def draw(result: Result) -> Figure:
    """Rows of panels are classes: the mean map, and beside it each object's share of attention."""
    summary: Any = result.summary
    shown = classes_shown(result)
    names = [str(o) for o in result.sums["object"].values]
    if not shown or not names:
        return empty()
    tall = 0.27 * len(names) + 0.5
    drawn = figure(10.5, max(tall, 1.6) * len(shown) + 1.1)
    grid = drawn.subplots(len(shown), 2, squeeze=False, width_ratios=[2.3, 1], sharex="col")
    where = [position(result, g) for g in shown]
    maps = summary.map(result)
    norm = Normalize(*_ends(maps[where]))
    share, uniform = summary.shares(result), means(result, "uniform")[..., 0]
    looks = colormaps["viridis_r"].with_extremes(bad="white")
    for (ax, beside), group, g in zip(grid, shown, where, strict=True):
        image = ax.imshow(maps[g].T, norm=norm, cmap=looks, aspect="auto", interpolation="nearest")
        cells(ax, "x", summary.most)
        ax.set_yticks(range(len(names)), names)
        ax.set_title(class_title(group), loc="left")
        _bars(beside, share[g], uniform[g], flavour_colour(group, g))
    bar = drawn.colorbar(image, ax=grid[:, 0], fraction=0.04, aspect=30, pad=0.01)
    bar.set_label("Mean attention", loc="center")
    grid[-1, 0].set_xlabel(f"Particle ({ordered_by(result)})")
    grid[-1, 1].set_xlabel("Share of attention")
    top = float(np.nanmax(np.concatenate([interval(share[where])[2], uniform[where]]))) or 1.0
    grid[0, 1].set_xlim(0, 1.08 * top)
    heading(drawn)
    return drawn


def caption(result: Result) -> str:
    """Say how to read the figure, which object receives most, and of how many jets it is."""
    summary: Any = result.summary
    share, first = summary.shares(result), summary.first(result)
    names = [str(o) for o in result.sums["object"].values]
    said = []
    for group in classes_shown(result):
        g, best = position(result, group), summary.ranking(result, group)[0]
        o = names.index(best)
        said.append(
            f"{best} for {plain(within(class_title(group)))} ({measured(share[g, o])} "
            f"of the attention, the first in {100 * first[g, o]:.0f} % of bootstrap replicas)"
        )
    words = (
        "Mean attention, over heads, of the leading particles "
        f"({plain(ordered_by(result))}) to the event's objects. Bars are each object's share of "
        "the attention of all particles with 68 % bootstrap intervals over events; a line across "
        "a bar is what it would have if all objects that are there had the same. "
    )
    if said:
        words += f"Most is received by {'; by '.join(said)}. "
    return words + told(result)


def _ends(values: Floats) -> tuple[float, float]:
    """Return the ends of a colour scale for all maps."""
    known = values[np.isfinite(values)]
    low, high = (float(known.min()), float(known.max())) if known.size else (0.0, 1.0)
    return (low, high) if high > low else (0.0, high or 1.0)


def _bars(ax: Axes, share: Floats, uniform: Floats, colour: str) -> None:
    """Draw the objects' shares ``[object, replica]`` beside their rows of the map."""
    value, low, high = interval(share)
    place = np.arange(len(value))
    ax.barh(place, value, 0.72, color=colour, alpha=0.85)
    ax.errorbar(
        value, place, xerr=spread(value, low, high), fmt="none", ecolor="black", elinewidth=1.1
    )
    ax.vlines(uniform, place - 0.42, place + 0.42, color="black", linewidth=1.6)
    ax.set_ylim(len(value) - 0.5, -0.5)
    ax.set_yticks(place, [""] * len(value))
    no_ticks(ax, "y")
    ax.minorticks_off()
