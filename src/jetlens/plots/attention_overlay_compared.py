"""Where in an image several taggers look: mean maps of each class."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.figure import Figure

from jetlens.core.registry import figures
from jetlens.plots.attention_overlay import axis_title, extent_of, image, scales
from jetlens.plots.by_class import class_title, position
from jetlens.plots.panels import heading, said
from jetlens.plots.points import classes_of
from jetlens.plots.style import figure
from jetlens.summarise.trainings.ensemble import Ensemble

TITLE = "Where in the image, compared"


@figures.register("attention-overlay-compared")
def draw(ensemble: Ensemble) -> Figure:
    """Rows are classes, columns are variations: the mean over retrainings of their mean maps."""
    groups, classes = ensemble.groups(), classes_of(ensemble)
    drawn = figure(2.35 * len(groups) + 1.4, 2.5 * max(len(classes), 1) + 1.2)
    drawn.set_layout_engine("compressed", w_pad=0.04)
    grid = drawn.subplots(
        max(len(classes), 1), len(groups), squeeze=False, sharex=True, sharey=True
    )
    for column, (variation, results) in zip(grid.T, groups.items(), strict=True):
        first = results[0]
        summary: Any = first.summary
        maps = np.mean([summary.maps(r) for r in results], axis=0)
        there = [g for g in classes if g in first.sums["group"].values]
        shown = [position(first, g) for g in there]
        norm = scales(maps[shown])[0] if shown else None
        for ax, group in zip(column, classes, strict=True):
            if group not in there or norm is None:
                ax.set_axis_off()
                continue
            extent = extent_of(first)
            image(ax, maps[position(first, group), 0], extent, norm, "viridis")
            ax.set_xlim(extent[:2])
            ax.set_ylim(extent[2:])
        column[0].set_title(said(variation).replace(", ", "\n"), fontsize=10)
        column[-1].set_xlabel(axis_title(first, "x"))
    any_result = ensemble.members[0].result
    for ax, group in zip(grid[:, 0], classes, strict=False):
        ax.set_ylabel(f"{class_title(group)}\n{axis_title(any_result, 'y')}", loc="center")
    heading(drawn)
    return drawn


def caption(ensemble: Ensemble) -> str:
    """Say how to read the figure."""
    many = max(len(results) for results in ensemble.groups().values())
    over = f", and over {many} retrainings" if many > 1 else ""
    return (
        f"The mean over jets{over} of explanations in the image, each divided by its sum, by class "
        "and variation. Each variation has a scale of its own, from nothing (dark) to its largest."
    )
