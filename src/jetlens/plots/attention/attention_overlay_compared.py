"""Where in an image several taggers look: mean maps of each class."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from numpy.typing import NDArray

from jetlens.core.registry import figures
from jetlens.plots.attention.attention_overlay import axis_title, extent_of, image, scale
from jetlens.plots.shared.by_class import class_title, position
from jetlens.plots.shared.panels import apart, by_row, heading, said
from jetlens.plots.shared.points import classes_of
from jetlens.plots.shared.style import figure
from jetlens.summarise.result import Result
from jetlens.summarise.trainings.ensemble import Ensemble

TITLE = "Where in the image, compared"


@figures.register("attention-overlay-compared")
def draw(ensemble: Ensemble) -> Figure:
    """Columns are places on the last axis; rows are classes, of each place on the others.

    A panel is the mean over retrainings of their mean maps. All have one scale, so that what is
    spread over the image is dark beside what is not.
    """
    lines = [
        (others, each, group) for others, each in by_row(ensemble) for group in classes_of(each)
    ]
    places = list(dict.fromkeys(variation[-1:] for variation in ensemble.groups()))
    drawn = figure(2.35 * len(places) + 1.4, 2.5 * max(len(lines), 1) + 1.2)
    drawn.set_layout_engine("compressed", w_pad=0.04)
    grid = drawn.subplots(max(len(lines), 1), len(places), squeeze=False, sharex=True, sharey=True)
    norm = Normalize(0, max((_most(each, group) for _, each, group in lines), default=0) or 1)
    for row, (others, each, group) in zip(grid, lines, strict=False):
        there = {variation[-1:]: results for variation, results in each.groups().items()}
        for ax, place in zip(row, places, strict=True):
            results = there.get(place)
            if results is None or group not in results[0].sums["group"].values:
                ax.set_axis_off()
                continue
            extent = extent_of(results[0])
            shown = image(ax, _mean(results, group), extent, norm, "viridis")
            ax.set_xlim(extent[:2])
            ax.set_ylim(extent[2:])
        first = each.members[0].result
        words = ", ".join(w for w in (apart(ensemble, others), class_title(group)) if w)
        row[0].set_ylabel(f"{words}\n{axis_title(first, 'y')}", loc="center")
    for ax, place in zip(grid[0], places, strict=True):
        ax.set_title(said(place), fontsize=11)
    for ax in grid[-1]:
        ax.set_xlabel(axis_title(ensemble.members[0].result, "x"))
    if lines:
        scale(drawn, shown, grid)
    heading(drawn)
    return drawn


def _mean(results: list[Result], group: str) -> NDArray[np.float64]:
    """Return the mean map ``[y, x]`` of explanations."""
    summary: Any = results[0].summary
    maps = [summary.maps(r)[position(r, group), 0] for r in results]
    found: NDArray[np.float64] = np.mean(maps, axis=0)
    return found


def _most(ensemble: Ensemble, group: str) -> float:
    """Return the largest pixel of a class's mean maps."""
    return max(
        float(np.nanmax(_mean(results, group), initial=0))
        for results in ensemble.groups().values()
        if group in results[0].sums["group"].values
    )


def caption(ensemble: Ensemble) -> str:
    """Say how to read the figure."""
    many = max(len(results) for results in ensemble.groups().values())
    over = f", and over {many} retrainings" if many > 1 else ""
    return (
        f"The mean over jets{over} of explanations in the image, each divided by its sum, by class "
        "and variation. All panels have one scale, from nothing (dark) to the largest of all: what "
        "looks everywhere alike is dark throughout."
    )
