"""How much of explanations is in prongs, for several taggers beside all that it could be by itself.

A tagger whose backbone was left as it is, or is random, is a null like the area or the pT: so they
stand in one row.
"""

from __future__ import annotations

from textwrap import fill
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from jetlens.core.registry import figures
from jetlens.plots.attention.attention_fraction import COLOURS, NAMES
from jetlens.plots.shared.by_class import class_title, position
from jetlens.plots.shared.panels import apart, by_row, heading, said, trainings
from jetlens.plots.shared.points import classes_of, points
from jetlens.plots.shared.style import figure, no_ticks
from jetlens.summarise.jets.regions import IN_PATCHES, OWN, PT, TURNED
from jetlens.summarise.result import Result
from jetlens.summarise.trainings.ensemble import Ensemble
from jetlens.summarise.trainings.retrainings import over_retrainings

TITLE = "Looking at prongs, compared"
_WIDE = 0.42  # of a column's half
_TAGGERS = (COLOURS[OWN], "#e76300", "#b9ac70", "#94a4a2", "#92dadd")


@figures.register("attention-fraction-compared")
def draw(ensemble: Ensemble) -> Figure:
    """Distributions of shares, a column a tagger and a null; below, enrichments over two nulls.

    Rows are the places on all axes but the last, panels beside each other are classes.
    """
    rows = [(apart(ensemble, others), each, classes_of(each)) for others, each in by_row(ensemble)]
    across = max(1, *(len(classes) for _, _, classes in rows))
    columns = max(_columns(each) for _, each, _ in rows)
    wide = min(max(across * (0.62 * columns + 0.9), 8.0), 17.0)
    drawn = figure(wide, 3.3 * len(rows) + 5.6)
    grid = drawn.add_gridspec(len(rows) + 2, across, height_ratios=[3.3] * len(rows) + [2.5, 3.0])
    for r, (words, each, classes) in enumerate(rows):
        shared: Axes | None = None
        for c, group in enumerate(classes):
            ax = drawn.add_subplot(grid[r, c], sharey=shared)
            _distributions(ax, each, group)
            ax.set_title(", ".join(w for w in (words, class_title(group)) if w), fontsize=12)
            shared = shared or ax
            if c == 0:
                summary: Any = each.members[0].result.summary
                ax.set_ylabel(f"Share in discs of {summary.radius:g}")
    over = IN_PATCHES if _everywhere(ensemble, IN_PATCHES) else PT
    below = [drawn.add_subplot(grid[len(rows) + k, :]) for k in range(2)]
    for ax, null in zip(below, (over, TURNED), strict=True):
        points(ax, ensemble, classes_of(ensemble), _named(null))
        ax.axhline(1, color="0.6", linewidth=0.8, zorder=0)
        ax.set_ylabel(f"Enrichment over\n{NAMES[null]}")
    below[0].tick_params(axis="x", labelbottom=False)
    if below[0].get_legend_handles_labels()[0]:
        below[0].legend(ncols=4, fontsize=10.5, loc="best")
    heading(drawn)
    return drawn


def caption(ensemble: Ensemble) -> str:
    """Say how to read the figure, and what its errors are."""
    summary: Any = ensemble.members[0].result.summary
    in_patches = " in the patches of the explanation" if _everywhere(ensemble, IN_PATCHES) else ""
    return (
        f"Above, how the share of explanations in discs of {summary.radius:g} around the jets' "
        f"{summary.regions} is distributed over jets, by class: of every variation (left of the "
        "line; their retrainings together), and (of the first one) of what would be there by "
        "itself: the discs' share of the area and of the pT, and the same explanation in other "
        "discs. Points are means. Below, enrichment: the mean share over "
        f"that of the pT{in_patches}, and over the share of the same explanation in the jet's own "
        "discs turned about its axis by a random angle, which lie as far from the middle. At 1 a "
        "tagger looks at prongs no more than it would anyway; what a tagger that was not trained "
        f"on jets has, it owes to the image. {trainings(ensemble)}"
    )


def _columns(ensemble: Ensemble) -> int:
    return len(ensemble.groups()) + ensemble.members[0].result.sums.sizes["null"]


def _distributions(ax: Axes, ensemble: Ensemble, group: str) -> None:
    """Draw a column for each tagger, then one for each null of the first."""
    groups = list(ensemble.groups().items())
    there = [(v, results) for v, results in groups if group in results[0].sums["group"].values]
    names, top = [], 0.0
    for x, (variation, results) in enumerate(there):
        top = max(top, _column(ax, x, results, group, OWN, _TAGGERS[x % len(_TAGGERS)]))
        names.append(said(variation[-1:]) or "explanation")
    first = there[0][1]
    nulls = [str(k) for k in first[0].sums["null"].values]
    for k, kind in enumerate(nulls):
        top = max(top, _column(ax, len(there) + k, first, group, kind, COLOURS[kind]))
        names.append(NAMES[kind])
    ax.axvline(len(there) - 0.5, color="0.6", linewidth=0.8)
    ax.set_xticks(range(len(names)), [fill(n, 11) for n in names], fontsize=9.5, rotation=60)
    ax.set_xlim(-0.6, len(names) - 0.4)
    ax.set_ylim(0, min(1.05 * top, 1.0) or 1.0)
    no_ticks(ax, "x")


def _column(ax: Axes, x: float, results: list[Result], group: str, kind: str, colour: str) -> float:
    """Draw a distribution as a shape and its mean as a point; return up to where jets reach."""
    sums = results[0].sums
    k = [str(n) for n in sums["kind"].values].index(kind)
    g = position(results[0], group)
    content = np.sum([r.sums["distribution"].values[g, k] for r in results], axis=0)
    edges = np.linspace(0, 1, len(content) + 1)
    half = _WIDE * content / (content.max() or 1)
    ax.stairs(x + half, edges, baseline=x - half, orientation="horizontal", fill=True,
              color=colour, alpha=0.4)  # fmt: skip
    name = f"attention_fraction.{group}" + f".{kind}" * (kind != OWN)
    number = over_retrainings(results).get(name)
    if number is not None:
        value = number["value"]
        error = [[value - number["low"]], [number["high"] - value]]
        ax.errorbar(x, value, error, fmt="o", color="black", markersize=3.5, capsize=2)
    filled = np.flatnonzero(np.cumsum(content) <= 0.995 * content.sum())
    return float(edges[min(filled.max(initial=-1) + 2, len(content))])


def _named(null: str) -> Any:
    return lambda group: f"attention_fraction.{group}.enrichment.{null}"


def _everywhere(ensemble: Ensemble, kind: str) -> bool:
    return all(kind in m.result.sums["kind"].values for m in ensemble.members)
