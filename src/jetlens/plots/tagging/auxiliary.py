"""Confusion of track origins, and the efficiency and purity of displaced vertices."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from jetlens.core.registry import figures
from jetlens.data.readers.ftag_variables import ORIGINS
from jetlens.plots.shared.flavours import TITLES_OF_ORIGINS, flavour_colour, flavour_title
from jetlens.plots.shared.style import figure, label, no_ticks
from jetlens.summarise.auxiliary import EACH, INCLUSIVE
from jetlens.summarise.estimates import interval, ratio
from jetlens.summarise.result import Result

TITLE = "Track origins and vertices"


@figures.register("auxiliary")
def draw(result: Result) -> Figure:
    """Left, where tracks of each true origin are put; right, how many vertices are found."""
    drawn = figure(12, 5.6)
    left, right = drawn.subfigures(1, 2, width_ratios=(1.2, 1), squeeze=False)[0]
    confusion = left.subplots()
    _confusion(confusion, result)
    label(confusion)
    above, below = right.subplots(2, 1, sharex=True)
    _vertices(above, result, INCLUSIVE, "All displaced tracks\nof a jet as one vertex")
    _vertices(below, result, EACH, "Each displaced vertex")
    above.legend(ncols=2, loc="upper right")
    return drawn


def caption(result: Result) -> str:
    """Say how to read the figure, and of how many tracks and vertices it is."""
    tracks = result.sums["confusion"].values[..., 0].sum()
    found = result.sums["vertices"].sel(kind=EACH, count="vertices").values[..., 0].sum()
    return (
        "Left: of the tracks of each true origin (a row), the share that is given each origin, of "
        f"{tracks:,.0f} tracks. Right: displaced vertices of two or more tracks that are found, "
        "above all of a jet as one, below each for itself "
        "(more than 65 % of their tracks in one predicted vertex, of whose tracks more than half "
        "are theirs), and the share of the predicted vertex's tracks that belong there, by true "
        f"flavour, of {found:,.0f} vertices; errors are 68 % bootstrap intervals over events."
    )


def _confusion(ax: Axes, result: Result) -> None:
    counts = result.sums["confusion"].values[..., 0].sum(0)
    there = counts.sum(1) > 0
    if not there.any():  # no track at all: an empty table
        there[:] = True
    share = ratio(counts, counts.sum(1, keepdims=True))[there]
    mesh = ax.imshow(share, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    for (row, column), value in np.ndenumerate(share):
        if value >= 0.005:
            colour = "white" if value > 0.6 else "black"
            ax.text(column, row, f"{value:.2f}", ha="center", va="center", color=colour, size=9.5)
    titles = [TITLES_OF_ORIGINS[o] for o in ORIGINS]
    ax.set_xticks(range(len(titles)), titles, rotation=35, ha="right", rotation_mode="anchor")
    ax.set_yticks(range(int(there.sum())), [t for t, s in zip(titles, there, strict=True) if s])
    no_ticks(ax, "x")
    no_ticks(ax, "y")
    ax.set_xlabel("Predicted origin")
    ax.set_ylabel("True origin")
    ax.figure.colorbar(mesh, ax=ax, label="Share of the true origin's tracks")


def _vertices(ax: Axes, result: Result, kind: str, title: str) -> None:
    found = result.summary.vertexing(result, kind)  # type: ignore[attr-defined]
    counts = result.sums["vertices"].sel(kind=kind, count="vertices").values[..., 0]
    flavours = [str(c) for c in result.sums["class"].values]
    shown = [i for i, n in enumerate(counts) if n > 0]
    for k, (estimates, hatch) in enumerate(zip(found, (None, "///"), strict=True)):
        value, low, high = (x[shown] for x in interval(estimates))
        x = np.arange(len(shown)) + 0.4 * k - 0.2
        colours = [flavour_colour(flavours[i], i) for i in shown]
        faces = colours if hatch is None else ["white"] * len(shown)
        ax.bar(x, value, 0.38, color=faces, edgecolor=colours, hatch=hatch, linewidth=1.2)
        spread = np.stack([value - low, high - value])
        ax.errorbar(x, value, spread, fmt="none", ecolor="black", elinewidth=1, capsize=2)
    ax.bar([0], [0], color="#555555", label="efficiency")
    ax.bar([0], [0], color="white", edgecolor="#555555", hatch="///", label="purity")
    ax.set_xticks(range(len(shown)), [flavour_title(flavours[i]) for i in shown])
    no_ticks(ax, "x")
    ax.set_xlim(-0.6, len(shown) - 0.4)
    ax.set_ylim(0, 1.3)
    ax.text(0.02, 0.95, title, transform=ax.transAxes, va="top", fontsize=11)
    ax.set_ylabel("Share")
