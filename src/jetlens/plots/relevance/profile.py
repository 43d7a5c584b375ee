"""Profiles: relevance against a variable's value, with the variable's distribution behind."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from jetlens.core.registry import figures
from jetlens.core.units import Feature
from jetlens.plots.shared.flavours import flavour_colour, flavour_title, shown_groups
from jetlens.plots.shared.panels import across, heading
from jetlens.plots.shared.style import figure
from jetlens.plots.shared.words import counted, features
from jetlens.summarise.estimates import LEAST
from jetlens.summarise.result import Result

TITLE = "Relevance against the variable"
AXIS = {
    "none": "Relevance",
    "sum": "Relevance / its sum in the jet",
    "abs": "Relevance / absolute sum in the jet",
    "max": "Relevance / the largest in the jet",
}
_FILLED = 2  # groups whose distributions are filled; more would be mud


@figures.register("profile")
def draw(result: Result) -> Figure:
    """Points are the mean relevance in a bin, with errors; bands are the spread of single entries.

    Behind them stands the variable's distribution of each class, scaled to a common height. Where
    the profile follows nothing of it, the decision depends on more than this variable.
    """
    summary: Any = result.summary
    described = features(result)
    columns = across(len(described))
    rows = -(-len(described) // columns)
    drawn = figure(max(3.4 * columns, 6.5), 0.7 + 3.3 * rows)
    axes = list(drawn.subplots(rows, columns, squeeze=False).ravel())
    for ax in axes[len(described) :]:
        ax.remove()
    groups = shown_groups(result)
    names = [str(v) for v in result.sums["variable"].values]
    for ax, feature, name in zip(axes, described, names, strict=False):
        _panel(ax, summary.table(result, name), groups, result)
        ax.set_xlabel(_axis(feature, name, names))
    for ax in axes[: len(described) : columns]:
        ax.set_ylabel(AXIS[summary.normalise])
    # above the panels, where no point can be
    handles, words = axes[0].get_legend_handles_labels()
    drawn.legend(handles, words, loc="outside upper right", ncols=len(handles))
    heading(drawn)
    return drawn


def caption(result: Result) -> str:
    """Say how to read the figure, and of how many jets it is."""
    entries = "particles" if any(result.sums.attrs["particles"]) else "jets"
    return (
        "Relevance of a variable against its value. Points: the mean in each bin, with 68 % "
        "bootstrap intervals over events; bands: one standard deviation of single "
        f"{entries} to each side; steps behind: the variable's distribution of each class, on a "
        f"scale of its own. Bins of fewer than {LEAST} {entries} have no point, the outermost hold "
        f"what lies beyond. {counted(result)}"
    )


def _panel(ax: Axes, table: xr.Dataset, groups: list[str], result: Result) -> None:
    edges = table["edges"].values
    every = [str(g) for g in table["group"].values]
    behind = ax.twinx()
    behind.set_axis_off()
    top = 0.0
    for group in groups:
        one, colour = table.sel(group=group), flavour_colour(group, every.index(group))
        share = one["count"].values / max(float(one["count"].sum()), 1e-300) / np.diff(edges)
        top = max(top, float(share.max(initial=0)))
        if len(groups) <= _FILLED:
            behind.stairs(share, edges, color=colour, fill=True, alpha=0.1)
        behind.stairs(share, edges, color=colour, alpha=0.45, linewidth=0.8)
        at, mean, spread = (one[k].values for k in ("at", "mean", "spread"))
        there = np.isfinite(mean) & np.isfinite(one["high"].values)
        x, y = at[there], mean[there]
        errors = np.stack([y - one["low"].values[there], one["high"].values[there] - y])
        # with their gaps: nothing is drawn across bins that have no point
        ax.fill_between(at, mean - spread, mean + spread, color=colour, alpha=0.14, linewidth=0)
        ax.errorbar(
            x, y, errors, fmt="o", color=colour, markersize=3.6, elinewidth=1.1,
            label=flavour_title(group),
        )  # fmt: skip
    frame(ax, behind, top, edges)
    ax.xaxis.set_major_formatter("{x:g}")  # a power of ten would stand in the axis's name


def _axis(feature: Feature, name: str, names: list[str]) -> str:
    """Return an axis's label; where two variables are called the same, with the collection."""
    mine = name.partition(".")[2]
    several = sum(n.partition(".")[2] == mine for n in names) > 1
    return f"{feature.axis} ({name.partition('.')[0]})" if several else feature.axis


def frame(ax: Axes, behind: Axes, top: float, edges: NDArray[np.floating]) -> None:
    """Lay out a profile in front of the distribution of its variable.

    Parameters
    ----------
    ax, behind
        The profile, and the distribution in bins of these `edges`, which is `top` high.
    """
    behind.set_ylim(0, 2.4 * (top or 1.0))
    ax.set_zorder(behind.get_zorder() + 1)
    ax.patch.set_visible(False)
    ax.axhline(0, color="black", linewidth=0.7, linestyle=":")
    constant = len(edges) == 2  # found around one value, and far too narrow to be shown as they are
    pad = max(abs(edges[0]), 1.0) if constant else 0.02 * (edges[-1] - edges[0])
    ax.set_xlim(edges[0] - pad, edges[-1] + pad)
    ax.margins(y=0.12)
