"""Where in an image several taggers look: mean maps of each class."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from jetlens.core.registry import figures
from jetlens.plots.attention.attention_overlay import axis_title, extent_of, image, scales
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

    A panel is the mean over retrainings of their mean maps.
    """
    lines = [
        (others, each, group) for others, each in by_row(ensemble) for group in classes_of(each)
    ]
    places = list(dict.fromkeys(variation[-1:] for variation in ensemble.groups()))
    drawn = figure(2.35 * len(places) + 1.4, 2.5 * max(len(lines), 1) + 1.2)
    drawn.set_layout_engine("compressed", w_pad=0.04)
    grid = drawn.subplots(max(len(lines), 1), len(places), squeeze=False, sharex=True, sharey=True)
    for row, (others, each, group) in zip(grid, lines, strict=False):
        there = {variation[-1:]: results for variation, results in each.groups().items()}
        for ax, place in zip(row, places, strict=True):
            results = there.get(place)
            if results is None or group not in results[0].sums["group"].values:
                ax.set_axis_off()
                continue
            _mean(ax, results, group)
        first = each.members[0].result
        words = ", ".join(w for w in (apart(ensemble, others), class_title(group)) if w)
        row[0].set_ylabel(f"{words}\n{axis_title(first, 'y')}", loc="center")
    for ax, place in zip(grid[0], places, strict=True):
        ax.set_title(said(place), fontsize=11)
    for ax in grid[-1]:
        ax.set_xlabel(axis_title(ensemble.members[0].result, "x"))
    heading(drawn)
    return drawn


def _mean(ax: Axes, results: list[Result], group: str) -> None:
    first = results[0]
    summary: Any = first.summary
    maps = np.mean([summary.maps(r)[position(r, group)] for r in results], axis=0)
    extent = extent_of(first)
    image(ax, maps[0], extent, scales(maps[None])[0], "viridis")
    ax.set_xlim(extent[:2])
    ax.set_ylim(extent[2:])


def caption(ensemble: Ensemble) -> str:
    """Say how to read the figure."""
    many = max(len(results) for results in ensemble.groups().values())
    over = f", and over {many} retrainings" if many > 1 else ""
    return (
        f"The mean over jets{over} of explanations in the image, each divided by its sum, by class "
        "and variation. Each panel has a scale of its own, from nothing (dark) to its largest."
    )
