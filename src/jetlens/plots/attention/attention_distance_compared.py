"""How far attention reaches in an image, layer by layer, for several taggers."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from jetlens.core.registry import figures
from jetlens.plots.attention.attention_distance import STYLES, WORDS, layer_axis, measure, places
from jetlens.plots.shared.panels import apart, by_row, heading, said, trainings
from jetlens.plots.shared.style import TAGGERS, figure
from jetlens.summarise.trainings.ensemble import Ensemble
from jetlens.summarise.trainings.retrainings import over_retrainings

TITLE = "How far attention reaches, compared"


@figures.register("attention-distance-compared")
def draw(ensemble: Ensemble) -> Figure:
    """Means by layer over all jets, one line a place on the last axis.

    Rows are of the places on the others, columns are who asks.
    """
    rows = list(by_row(ensemble))
    asking = [str(a) for a in ensemble.members[0].result.sums["asking"].values]
    drawn = figure(5.6 * len(asking) + 0.6, 4.3 * len(rows) + 0.8)
    grid = drawn.subplots(len(rows), len(asking), squeeze=False)
    for line, (others, each) in zip(grid, rows, strict=True):
        for ax, kind in zip(line, asking, strict=True):
            _layers(ax, each, kind)
            ax.set_title(apart(ensemble, others), fontsize=12)
    handles, names = grid[0, 0].get_legend_handles_labels()
    drawn.legend(handles, names, loc="outside upper right", ncols=6)
    heading(drawn)
    return drawn


def _layers(ax: Axes, ensemble: Ensemble, kind: str) -> None:
    """Draw a line a tagger, and what distances would be by themselves."""
    start = f"attention_distance.all.{kind}"
    first = ensemble.members[0].result
    for v, (variation, results) in enumerate(ensemble.groups().items()):
        numbers = over_retrainings(results)
        names = [f"{start}.{layer}" for layer in results[0].sums["layer"].values]
        layers = [x for x, name in zip(places(results[0]), names, strict=True) if name in numbers]
        found = [numbers[name] for name in names if name in numbers]
        value, low, high = (np.array([n[end] for n in found]) for end in ("value", "low", "high"))
        look: Any = {"color": TAGGERS[v % len(TAGGERS)], "markersize": 4, "capsize": 2}
        name = said(variation[-1:]) or "all trainings"
        ax.errorbar(layers, value, [value - low, high - value], fmt="o-", label=name, **look)
        for null, style in STYLES.items():
            number = numbers.get(f"{start}.{null}")
            if number is not None and v == 0:
                ax.axhline(number["value"], color="0.4", linestyle=style, linewidth=1.0)
    ax.set_ylabel(f"{WORDS[kind]} {measure(first)}".rstrip())
    ax.set_ylim(bottom=0)
    layer_axis(ax, first)


def caption(ensemble: Ensemble) -> str:
    """Say how to read the figure, and what its errors are."""
    return (
        "Mean distance that attention to patches bridges, layer by layer, over heads and all jets: "
        "from patch to patch, and of the class token from the image's middle. Grey lines are what "
        "it would be if attention was the same to all patches (dotted), and if it was as the pT "
        f"in them (dashed), for the jets of the first tagger of a row. {trainings(ensemble)}"
    )
