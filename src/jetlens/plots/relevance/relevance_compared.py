"""Mean normalised relevance of several taggers, side by side."""

from __future__ import annotations

from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from jetlens.core.registry import figures
from jetlens.plots.relevance.relevance import AXIS, bars, titles
from jetlens.plots.shared.panels import deviations, grid, heading, said
from jetlens.summarise.trainings.ensemble import Ensemble

TITLE = "Mean normalised relevance, compared"
MOST = 16
"""Inputs drawn of each variation: those of the largest relevance."""


@figures.register("relevance-compared")
def draw(ensemble: Ensemble, *, most: int = MOST) -> Figure:
    """One panel a variation, its inputs sorted; errors are the deviation over retrainings.

    Parameters
    ----------
    ensemble
        Of results of the summary ``relevance``.
    most
        How many inputs to draw of each variation.
    """
    tall = min(max(m.result.sums.sizes["input"] for m in ensemble.members), most)
    drawn, panels = grid(ensemble, 3.0, 1.1 + 0.3 * tall)
    for ax, variation, results in panels:
        summary: Any = results[0].summary
        groups = [str(g) for g in results[0].sums["group"].values]
        filled = [g for g in groups if float(results[0].sums["weight"].sel(group=g)[0]) > 0]
        numbers = summary.spread(results)
        rows = [[n[groups.index(g)] for n in numbers] for g in filled]
        ax.set_xlabel(bars(ax, filled, rows, titles(results[0]), most), fontsize=9.5)
        ax.set_ylim(len(ax.get_yticks()) - 0.4 - tall, None)  # bars of one width in all panels
        ax.set_title(said(variation), loc="left", fontsize=11.5)
    named = {h.get_label(): h for ax, _, _ in panels for h in _handles(ax)}
    if named:  # above the panels, where no bar can be
        drawn.legend(named.values(), named.keys(), loc="outside upper right", ncols=len(named))
    drawn.supxlabel(AXIS, fontsize=13)
    heading(drawn)
    return drawn


def _handles(ax: Axes) -> list[Any]:
    return list(ax.get_legend_handles_labels()[0])


def caption(ensemble: Ensemble) -> str:
    """Say how to read the figure, and what its errors are."""
    return (
        "Mean normalised relevance of each input, for every variation: absolute scores, divided by "
        "the largest of their jet, summed over pixels or particles and averaged over jets. Bars "
        f"are for all jets, markers for each class. {deviations(ensemble)}"
    )
