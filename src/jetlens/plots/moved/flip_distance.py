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
    anew,
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
from jetlens.summarise.estimates import DEFINED, LEAST, share_interval
from jetlens.summarise.flip_distance import OF_ALL
from jetlens.summarise.jets.lists import MISCLASSIFIED
from jetlens.summarise.jets.moved import nothing_moved
from jetlens.summarise.result import Result

TITLE = "Smallest change that flips the decision"
FLIPPING = "those that flip"
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
    groups = groups_shown(result)
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
    used, selected = how_many(result)
    if nothing := nothing_moved(result.sums):
        return f"{nothing} {left_out(result)}".rstrip()
    over = "all of them, those that do not flip beyond all others" if _reached(result) else FLIPPING
    words = (
        f"The smallest step along the gradient{anew(result)}, toward {toward(result)}, at which "
        f"the tagger decides otherwise, of {used:,} {which(result)} of {selected:,} jets. "
        "Above left: how far each feature has moved there, "
        f"in its spread (root mean square over a jet's particles): medians over {over}, "
        "bars of all and signs of each class, hollow ones of its misclassified jets. Above right: "
        "the share of jets of which the decision has flipped by a scale. "
        f"Below: root mean squares over particles of a rank, of {FLIPPING}. All with 68 % "
        "intervals (bootstrap over events); features that are held still are not drawn. "
    )
    said = [_said(result, group) for group in groups_shown(result)]
    words += f"{'; '.join(said)}. " if said else ""
    return (words + left_out(result) + unused(result)).rstrip()


def _said(result: Result, group: str) -> str:
    """Say how many decisions of a group flip, and how far that is."""
    summary: Any = result.summary
    share, low, high = (v[position(result, group)] for v in summary.share(result))
    said = f"{100 * share:.0f} ± {50 * (high - low):.0f} % of {jets_of(group)} flip"
    numbers = summary.numbers(result)

    def told(name: str) -> str:
        number = dict(numbers[name])
        part = f" (in {100 * number.pop(DEFINED):.0f} % of replicas)" if DEFINED in number else ""
        return f"{with_error(*number.values())} spreads{part}"

    some, every = f"flip.step.{group}", f"flip.step{OF_ALL}.{group}"
    if some not in numbers:
        return said
    step = f"is {told(every)}" if every in numbers else "is not reached"
    first = summary.ranking(result, group)[0]
    title = next(plain(f.title) for f in features(result) if f.name == first)
    far = told(f"flip.distance.{group}.{first}")
    return (
        f"{said}: the median step of all {step}, that of {FLIPPING} {told(some)}, {title} the most "
        f"({far})"
    )


def _reached(result: Result) -> bool:
    """Say whether so many jets flip that there is a median over all."""
    summary: Any = result.summary
    return bool(np.isfinite(summary.median(result, every=True)[0][0]).any())


def groups_shown(result: Result) -> list[str]:
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
    """Draw the median distance by feature: of all jets, or where that is not reached, of some."""
    summary: Any = result.summary
    every = _reached(result)
    three = [v[:, order] for v in summary.median(result, every)]

    def of(group: str) -> Three:
        value, low, high = (v[position(result, group)] for v in three)
        return value, low, high

    signs = {g: of(g) for g in groups if g != "all"}
    bars(ax, result, of("all"), signs)
    ax.set_yticks(range(len(order)), titles)
    over = "all" if every else FLIPPING
    ax.set_xlabel(f"Median distance of {over} [spreads]")
    ax.set_xlim(0, None)
