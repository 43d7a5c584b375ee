"""Box plots of attributions: by variable, or in bins of one variable's value."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from jetlens.core.registry import figures
from jetlens.plots.shared.flavours import (
    ORIGIN_COLOURS,
    TITLES_OF_ORIGINS,
    flavour_colour,
    flavour_title,
)
from jetlens.plots.shared.style import boxes, figure, label, legend, no_ticks
from jetlens.plots.shared.words import SCORE_AXIS, counted, features, plain
from jetlens.summarise.estimates import LEAST
from jetlens.summarise.jets.selection import NOT_POSITIVE
from jetlens.summarise.result import Result

TITLE = "Attributions by variable"
_PER_STEP = 25  # tracks, on average


@figures.register("box")
def draw(result: Result) -> Figure:
    """Boxes hold the middle half of the jets, whiskers 90 %, and the bar is the median.

    A wide box is a variable that matters; one to the right of zero speaks for the class that is
    explained. In bins of a value, each box spans the bin, and the last panel shows where the values
    of tracks of each truth origin lie.
    """
    summary: Any = result.summary
    if summary.feature is None:
        return _by_variable(result)
    return _by_value(result)


def caption(result: Result) -> str:
    """Say how to read the figure, and of how many jets it is."""
    summary: Any = result.summary
    read = "Boxes hold the middle half of the jets, whiskers reach from 5 % to 95 %"
    if summary.feature is None:
        what = "Attributions summed over the tracks of each jet, by variable and true flavour."
    else:
        title = plain(features(result)[0].title)
        what = (
            f"Attribution of {title} in the track with the largest attribution of each jet, in "
            f"bins of its value there; beside it the values of all tracks by truth origin."
        )
    read += f"; boxes of fewer than {LEAST} jets are not drawn"
    return f"{what} {read}. {counted(result)}"


def _groups(result: Result) -> list[str]:
    """Return the groups that hold jets."""
    jets = result.sums["jets"].sel(count="used")
    return [str(g) for g in jets["group"].values if int(jets.sel(group=g)) > 0]


def _by_variable(result: Result) -> Figure:
    table = result.summary.quantiles(result)["value"]  # type: ignore[attr-defined]
    described = features(result)
    reference = table.sel(group="all")
    spread = (reference.sel(probability=0.95) - reference.sel(probability=0.05)).values
    order = np.argsort(np.nan_to_num(spread), kind="stable")
    jets = result.parts["coarse"].effective()[:, 0]
    many = dict(zip(result.sums["group"].values, jets >= LEAST, strict=True))
    groups = [g for g in _groups(result) if many[g] or g in ("all", NOT_POSITIVE)]
    drawn = figure(max(3.0 + 2.5 * len(groups), 6), 1.6 + 0.3 * len(described))
    axes = drawn.subplots(1, max(len(groups), 1), sharey=True, sharex=False, squeeze=False)[0]
    places = np.arange(len(order))
    apart = NOT_POSITIVE in groups
    together = [g for g in groups if g != NOT_POSITIVE]
    for ax, group in zip(axes, groups, strict=False):
        five = table.sel(group=group).values[order]
        boxes(ax, places, five, 0.62, flavour_colour(group), horizontal=True)
        ax.axvline(0, color="black", linewidth=0.7, linestyle=":")
        used = int(result.sums["jets"].sel(count="used", group=group))
        ax.set_title(f"{flavour_title(group)}\n{used:,} jets", fontsize=11)
        ax.locator_params(axis="x", nbins=5)
        no_ticks(ax, "y")
    if together:
        reach = np.nanmax(np.abs(table.sel(group=together).values)) * 1.06
        for ax in axes[: len(together)]:
            ax.set_xlim(-reach, reach)
    axes[0].set_yticks(places, [described[i].title for i in order])
    axes[0].set_ylim(-0.7, len(order) - 0.3)
    words = SCORE_AXIS[result.summary.normalise]  # type: ignore[attr-defined]
    if apart and result.summary.normalise == "sum":  # type: ignore[attr-defined]
        words += " (right-most panel: / |sum|)"
    drawn.supxlabel(words, fontsize=13)
    drawn.suptitle(r"$\mathbfit{jetlens}$  Simulation", x=0.01, ha="left", fontsize=13)
    return drawn


def _by_value(result: Result) -> Figure:
    table = result.summary.quantiles(result)["value"]  # type: ignore[attr-defined]
    described = features(result)[0]
    edges = np.asarray(result.sums.attrs["edges"]) * described.shown_factor
    jets = dict(zip(result.sums["group"].values, result.parts["coarse"].effective(), strict=True))
    groups = [g for g in _groups(result) if g != NOT_POSITIVE and (jets[g] >= LEAST).any()]
    has_origins = "values" in result.sums
    panels = max(len(groups) + has_origins, 1)
    columns = min(panels, 3)
    rows = -(-panels // columns)
    drawn = figure(5.2 * columns, 3.9 * rows)
    grid = drawn.subplots(rows, columns, squeeze=False)
    axes = list(grid.ravel())
    for ax in axes[panels:]:
        ax.remove()
    centres = np.arange(len(edges) - 1) + 0.5
    ends = [0.0, 0.0]
    # the flavours first, all jets after them, so that the origins stand at the end
    for ax, group in zip(axes, sorted(groups, key=lambda g: g == "all"), strict=False):
        five = table.sel(group=group).values.copy()
        five[jets[group] < LEAST] = np.nan
        boxes(ax, centres, five, 1.0, flavour_colour(group))
        ax.axhline(0, color="black", linewidth=0.7, linestyle=":")
        used = int(result.sums["jets"].sel(count="used", group=group))
        label(ax) if ax is axes[0] else None
        ax.set_title(f"{flavour_title(group)} ({used:,})", loc="right", fontsize=11)
        ax.set_ylabel(SCORE_AXIS[result.summary.normalise], fontsize=11)  # type: ignore[attr-defined]
        if np.isfinite(five).any():
            ends = [min(ends[0], float(np.nanmin(five))), max(ends[1], float(np.nanmax(five)))]
        _value_axis(ax, edges, described.axis)
    for ax in axes[: len(groups)]:
        pad = 0.08 * (ends[1] - ends[0]) or 1.0
        ax.set_ylim(ends[0] - pad, ends[1] + pad)
    if has_origins:
        _origins(axes[panels - 1], result.sums, edges)
        _value_axis(axes[panels - 1], edges, described.axis)
    return drawn


def _value_axis(ax: Axes, edges: np.ndarray[Any, Any], words: str) -> None:
    """Give every bin the same width and write its edges below; the outermost bins are open."""
    ticks = [f"{e:.3g}" for e in edges]
    ticks[0], ticks[-1] = r"$-\infty$" if edges[0] < 0 else ticks[0], r"$\infty$"
    ax.set_xlim(0, len(edges) - 1)
    ax.set_xticks(np.arange(len(edges)), ticks, rotation=60, fontsize=9.5)
    ax.tick_params(axis="x", which="minor", length=0, bottom=False, top=False)
    ax.set_xlabel(words, fontsize=12)


def _origins(ax: Axes, sums: xr.Dataset, edges: np.ndarray[Any, Any]) -> None:
    """Draw each origin's distribution of the value, per bin of equal drawn width."""
    bins = len(edges) - 1
    for origin, fine in zip(sums["origin"].values, sums["values"].values, strict=True):
        # steps within the boxes' bins only where there are tracks to fill them
        steps = len(fine) if fine.sum() > _PER_STEP * len(fine) else bins
        counted_in = fine.reshape(steps, -1).sum(axis=1)
        if fine.sum() >= LEAST:
            name = str(origin)
            ax.stairs(
                counted_in / fine.sum() * steps / bins,
                np.linspace(0, bins, steps + 1),
                color=ORIGIN_COLOURS[name],
                label=TITLES_OF_ORIGINS[name],
                linewidth=1.5,
            )
    ax.set_ylabel("Share of each origin's tracks per bin", fontsize=11)
    ax.set_ylim(0, None)
    ax.margins(y=0.35)
    legend(ax, ncols=2, fontsize=9)
    ax.set_title("All tracks of these jets", loc="right", fontsize=11)
