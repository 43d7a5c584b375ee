"""How many decisions flip, how far each feature has to go, and for particles of which rank."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from jetlens.core.registry import figures
from jetlens.plots.shared.by_class import empty, ordered_by, position
from jetlens.plots.shared.gradients import group_colour, group_title, jets_of, split_groups
from jetlens.plots.shared.moved import (
    how_many,
    left_out,
    scale_axis,
    toward,
    unused,
    which,
    with_error,
)
from jetlens.plots.shared.panels import heading
from jetlens.plots.shared.ranked import Three, against_rank, bars
from jetlens.plots.shared.style import figure
from jetlens.plots.shared.words import features, plain
from jetlens.summarise.estimates import LEAST, share_interval
from jetlens.summarise.flip_distance import MEDIAN, PROBABILITIES
from jetlens.summarise.jets.lists import MISCLASSIFIED
from jetlens.summarise.jets.moved import nothing_moved
from jetlens.summarise.result import Result

TITLE = "Smallest change that flips the decision"
MOST = 8
"""Features drawn: those that have to go farthest."""
_STEPS = 60  # of the scale, at which the share is drawn

Floats = NDArray[np.float64]


@figures.register("flip-distance")
def draw(result: Result, *, most: int = MOST) -> Figure:
    """Above, distances by feature, and the share of jets that have flipped by a scale.

    Below, distances by rank of the particle, for each class.

    Parameters
    ----------
    result
        Of the summary ``flip-distance``.
    most
        How many features to draw, those that have to go farthest.
    """
    groups = _groups(result)
    summary: Any = result.summary
    names = [str(f) for f in result.sums["feature"].values]
    order = [names.index(n) for n in summary.ranking(result, "all")][:most]
    if not groups or not order:
        return empty()
    described = features(result)
    titles = [described[i].title for i in order]
    there = result.sums["particles"].values[0, :, 0] > 0
    ranks = [str(r) for r in result.sums["rank"].values[there]]
    by_rank = summary.by_rank(result)[:, there][:, :, order]
    known = [g for g in groups if np.isfinite(by_rank[position(result, g)]).any()] or groups[:1]
    high = max(0.3 * len(order) + 1.6, 3.2)
    drawn = figure(max(3.1 * len(known), 8.5), high + 3.9)
    parts: Any = drawn.subfigures(2, 1, height_ratios=[high, 3.3])
    above, below = parts
    left, right = above.subplots(1, 2)
    _distances(left, result, order, titles, groups)
    _shares(right, result, groups)
    line = below.subplots(1, len(known), squeeze=False, sharey=True)[0]
    for ax, group in zip(line, known, strict=True):
        against_rank(ax, by_rank[position(result, group)], titles, ranks)
        ax.set_xlabel(f"Particle ({ordered_by(result)})")
        ax.set_title(group_title(group), loc="left")
    line[0].set_ylim(0, None)
    line[0].set_ylabel("Distance [spreads]", loc="center")
    below.legend(*line[0].get_legend_handles_labels(), loc="outside lower left", ncols=MOST)
    heading(drawn)
    return drawn


def caption(result: Result) -> str:
    """Say how to read the figure, how many decisions flip and how far that is."""
    summary: Any = result.summary
    used, selected = how_many(result)
    if nothing := nothing_moved(result.sums):
        return f"{nothing} {left_out(result)}".rstrip()
    words = (
        f"The smallest step along the gradient, toward {toward(result)}, at which the tagger "
        f"decides otherwise, of {used:,} {which(result)} of {selected:,} jets. "
        "Above left: how far each feature has moved there, "
        "in its spread (root mean square over a jet's particles): medians over the jets that flip, "
        "bars of all and signs of each class, hollow ones of its misclassified jets. Above right: "
        "the share of jets of which the decision has flipped by a scale. "
        "Below: root mean squares over particles of a rank. All with 68 % intervals (bootstrap "
        "over events); features that are held still are not drawn. "
    )
    share, low, high = summary.share(result)
    value, below, above = (v[..., PROBABILITIES.index(MEDIAN)] for v in summary.distance(result))
    titles = [plain(f.title) for f in features(result)]
    names = [str(f) for f in result.sums["feature"].values]
    said = []
    for group in _groups(result):
        g = position(result, group)
        half = 50 * (high[g] - low[g])
        told = f"{100 * share[g]:.0f} ± {half:.0f} % of {jets_of(group)} flip"
        if np.isfinite(value[g, 0]):
            first = names.index(summary.ranking(result, group)[0])
            whole, its = (with_error(value[g, k], below[g, k], above[g, k]) for k in (-2, first))
            told += f", by a step of {whole} spreads in all, {titles[first]} the most ({its})"
        said.append(told)
    words += f"{'; '.join(said)}. " if said else ""
    return (words + left_out(result) + unused(result)).rstrip()


def _groups(result: Result) -> list[str]:
    """Return the groups that are drawn: classes, and their misclassified jets if not the same."""
    classes, wrong = split_groups(result)
    tried = result.sums["jets"].sel(count="used")

    def own(group: str) -> int:
        return int(tried.sel(group=group))

    found = [g for g in classes if own(g) >= LEAST]
    found += [g for g in wrong if own(g) >= LEAST and own(g) < own(g.removesuffix(MISCLASSIFIED))]
    return found or (["all"] if own("all") else [])


def _shares(ax: Axes, result: Result, groups: list[str]) -> None:
    """Draw the share of jets that have flipped against the scale."""
    summary: Any = result.summary
    scales = summary.scales(result)
    positive = [s for s in scales if s > 0]
    at = np.linspace(0, scales[-1], _STEPS)
    if positive and scales[-1] / positive[0] > 10:
        at = np.concatenate([[0], np.geomspace(positive[0] / 2, scales[-1], _STEPS)])
    jets = summary.effective(result)[:, None]
    value, low, high = share_interval(summary.flipped_by(result, at), jets)
    for group in groups:
        g, colour = position(result, group), group_colour(result, group)
        style = "--" if group.endswith(MISCLASSIFIED) else "-"
        ax.plot(at, value[g], color=colour, linestyle=style, label=group_title(group))
        ax.fill_between(at, low[g], high[g], color=colour, alpha=0.25, linewidth=0)
    scale_axis(ax, sorted({0.0, *scales}), result)
    ax.set_ylabel("Share that has flipped", loc="center")
    ax.set_ylim(0, 1.02)
    ax.legend(loc="upper left", fontsize=9)


def _distances(
    ax: Axes, result: Result, order: list[int], titles: list[str], groups: list[str]
) -> None:
    """Draw the median distance by feature."""
    median = PROBABILITIES.index(MEDIAN)
    three = [v[:, order, median] for v in result.summary.distance(result)]  # type: ignore[attr-defined]

    def of(group: str) -> Three:
        value, low, high = (v[position(result, group)] for v in three)
        return value, low, high

    signs = {g: of(g) for g in groups if g != "all"}
    bars(ax, result, of("all"), signs)
    ax.set_yticks(range(len(order)), titles)
    ax.set_xlabel("Median distance [spreads of the feature]")
    ax.set_xlim(0, None)
