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
from numpy.typing import NDArray

from jetlens.core.registry import figures
from jetlens.plots.attention.attention_fraction import COLOURS, NAMES, unit_of, without_partons
from jetlens.plots.shared.by_class import class_title, position
from jetlens.plots.shared.panels import apart, by_row, heading, said, trainings
from jetlens.plots.shared.points import classes_of
from jetlens.plots.shared.style import TAGGERS, figure, no_ticks
from jetlens.summarise.jets.regions import IN_PATCHES, OWN, PT, TURNED
from jetlens.summarise.result import Result
from jetlens.summarise.trainings.ensemble import Ensemble
from jetlens.summarise.trainings.retrainings import over_retrainings, over_trainings

TITLE = "Looking at prongs, compared"
_WIDE = 0.42  # of a column's half


@figures.register("attention-fraction-compared")
def draw(ensemble: Ensemble) -> Figure:
    """Distributions of shares, a column a tagger and a null; below, enrichment against the radius.

    Two rows are of the places on all axes but the last, panels beside each other are classes, and
    below them, for each class, two nulls.
    """
    rows = [(apart(ensemble, others), each, classes_of(each)) for others, each in by_row(ensemble)]
    across = max(1, *(len(classes) for _, _, classes in rows))
    columns = max(_columns(each) for _, each, _ in rows)
    wide = min(max(across * (0.62 * columns + 0.9), 8.0), 17.0)
    drawn = figure(wide, 6.5 * len(rows) + 0.6)
    grid = drawn.add_gridspec(2 * len(rows), 2 * across, height_ratios=[3.4, 3.1] * len(rows))
    below: list[Axes] = []
    for r, (words, each, classes) in enumerate(rows):
        shared: Axes | None = None
        for c, group in enumerate(classes):
            ax = drawn.add_subplot(grid[2 * r, 2 * c : 2 * c + 2], sharey=shared)
            _distributions(ax, each, group)
            ax.set_title(", ".join(w for w in (words, class_title(group)) if w), fontsize=12)
            shared = shared or ax
            for n, null in enumerate(_nulls(ensemble)):
                at = grid[2 * r + 1, 2 * c + n]
                below.append(_radii(drawn.add_subplot(at), each, group, null))
        if shared is not None:
            summary: Any = each.members[0].result.summary
            shared.set_ylabel(f"Share in discs of {summary.radius:g}")
    told: dict[str, Any] = {}
    for ax in below:
        handles, labels = ax.get_legend_handles_labels()
        told |= dict(zip(labels, handles, strict=True))
    if told:
        drawn.legend([*told.values()], [*told], loc="outside upper right", ncols=6)
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
        "discs. Points are means. Below, enrichment against the radius of the discs: the mean "
        f"share over that of the pT{in_patches}, and over the share of the same explanation in the "
        "jet's own discs turned about its axis by a random angle, which lie as far from the "
        "middle, and may overlap them. At 1 a tagger looks at prongs no more than it would anyway; "
        "what a tagger that was not trained on jets has, it owes to the image. "
        f"{without_partons(ensemble.members[0].result)}{trainings(ensemble)}"
    )


def _nulls(ensemble: Ensemble) -> tuple[str, str]:
    """Return the nulls that enrichments are over: of the pT that which is fair to patches."""
    return (IN_PATCHES if _everywhere(ensemble, IN_PATCHES) else PT), TURNED


def _radii(ax: Axes, ensemble: Ensemble, group: str, null: str) -> Axes:
    """Draw enrichment over a null against the radius, a line a tagger, over its retrainings."""
    for k, (variation, results) in enumerate(ensemble.groups().items()):
        if group not in results[0].sums["group"].values:
            continue
        radii = results[0].sums["radius"].values
        found = [_enrichments(result, group, null) for result in results]
        numbers = [
            over_trainings([(float(one[r, 0]), one[r]) for one in found]) for r in range(len(radii))
        ]
        there = [bool(number) for number in numbers]
        value, low, high = (
            np.array([number[end] for number in numbers if number])
            for end in ("value", "low", "high")
        )
        at = radii[there] * 1.03 ** (k - (len(ensemble.groups()) - 1) / 2)
        look: dict[str, Any] = {"color": TAGGERS[k % len(TAGGERS)], "capsize": 2}
        name = said(variation[-1:]) or "explanation"
        error = np.stack([value - low, high - value])
        ax.errorbar(at, value, error, fmt="o-", markersize=3.5, linewidth=1.2, label=name, **look)
    ax.axhline(1, color="0.6", linewidth=0.8, zorder=0)
    bottom, top = ax.get_ylim()
    ax.set_ylim(min(bottom, 0.95), max(top, 1.05))  # what is 1 but for rounding is drawn as 1
    ax.set_xlim(left=0, right=1.1 * float(ensemble.members[0].result.sums["radius"].values[-1]))
    ax.set_ylabel(f"Enrichment over\n{NAMES[null]}", fontsize=11)
    ax.set_xlabel(f"Radius of the discs {unit_of(ensemble.members[0].result)}".rstrip())
    return ax


def _enrichments(result: Result, group: str, null: str) -> NDArray[np.float64]:
    """Return enrichments ``[radius, replica]``."""
    summary: Any = result.summary
    k = [str(n) for n in result.sums["null"].values].index(null)
    found: NDArray[np.float64] = summary.enrichment(result)[position(result, group), k]
    return found


def _columns(ensemble: Ensemble) -> int:
    return len(ensemble.groups()) + ensemble.members[0].result.sums.sizes["null"]


def _distributions(ax: Axes, ensemble: Ensemble, group: str) -> None:
    """Draw a column for each tagger, then one for each null of the first."""
    groups = list(ensemble.groups().items())
    there = [(v, results) for v, results in groups if group in results[0].sums["group"].values]
    names, top = [], 0.0
    for x, (variation, results) in enumerate(there):
        top = max(top, _column(ax, x, results, group, OWN, TAGGERS[x % len(TAGGERS)]))
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


def _everywhere(ensemble: Ensemble, kind: str) -> bool:
    return all(kind in m.result.sums["kind"].values for m in ensemble.members)
