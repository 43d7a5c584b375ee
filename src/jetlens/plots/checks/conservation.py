"""What is absorbed on the way from the output to the inputs, by layer and cause."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from jetlens.core.registry import figures
from jetlens.plots.shared.flavours import flavour_colour, flavour_title
from jetlens.plots.shared.style import CYCLE, figure, label, legend, no_ticks
from jetlens.plots.shared.words import counted
from jetlens.summarise.estimates import interval
from jetlens.summarise.result import Result

TITLE = "Conservation of relevance"
_AXIS = "Relevance absorbed / relevance in [%]"
_SEEN = 1e-4  # of the relevance that comes in
MOST = 20
"""Layers drawn: those that absorb most, in the network's order; none that absorbs nothing."""


@figures.register("conservation")
def draw(result: Result) -> Figure:
    """Left, what each layer absorbs; right, what is absorbed in all, by cause and true class.

    Amounts of single jets count without their signs, relative to the relevance that came in.
    """
    drawn = figure(12, max(4.2, 1.6 + 0.3 * len(_absorbing(result))))
    left, right = drawn.subplots(1, 2, width_ratios=[1.25, 1])
    _layers(left, result)
    _causes(right, result)
    label(left)
    return drawn


def caption(result: Result) -> str:
    """Say how to read the figure, and how much is absorbed."""
    words = (
        "Left: relevance that each layer absorbs, relative to what comes in at the output. Right: "
        "what is absorbed in all layers together, by cause. Amounts of single jets are taken "
        "without their signs."
    )
    hidden = result.sums.sizes["layer"] - len(_absorbing(result))
    if hidden:
        words += f" {_left_out(result, hidden)}"
    numbers = result.numbers()
    share, rest = (
        numbers.get(f"conservation.{n}") for n in ("absorbed.all", "unaccounted.all.p99")
    )
    if share:
        words += f" {100 * share['value']:.2g} % is absorbed."
    if rest:
        words += f" The rest that is not accounted for is below {rest['value']:.1g} for 99 %."
    return f"{words} {counted(result)}"


def _absorbing(result: Result) -> list[int]:
    """Return the layers that are drawn, in the network's order."""
    summary: Any = result.summary
    shares = np.nan_to_num(summary.by_layer(result)).sum(axis=1)
    most = np.argsort(-shares[:, 0], kind="stable")[:MOST]
    return [int(i) for i in np.sort(most) if shares[i].max(initial=0) > _SEEN]


def _left_out(result: Result, hidden: int) -> str:
    """Say which layers are not drawn, and why."""
    many = result.sums.sizes["layer"]
    if many - hidden < MOST:
        return (
            f"{hidden} of {many} layers absorb at most {100 * _SEEN:g} %, of jets of each class, "
            "and are left out."
        )
    return f"The {MOST} of {many} layers that absorb most are drawn."


def _there(result: Result) -> list[int]:
    """Return the causes that absorb enough to be seen."""
    summary: Any = result.summary
    shares = np.nan_to_num(summary.shares(result, "by_cause")[:, 0, 0])
    return [c for c in range(len(shares)) if shares[c] > _SEEN]


def _layers(ax: Axes, result: Result) -> None:
    summary: Any = result.summary
    shares = 100 * np.nan_to_num(summary.by_layer(result)[..., 0])
    most = _absorbing(result)
    names = [str(result.sums["layer"].values[i]) for i in most]
    begin = np.zeros(len(most))
    for c in _there(result):
        cause = str(result.sums["cause"].values[c])
        width = shares[most, c]
        ax.barh(range(len(most)), width, left=begin, color=CYCLE[c % len(CYCLE)], label=cause)
        begin = begin + width
    ax.set_yticks(range(len(most)), names)
    ax.set_ylim(max(len(most), 1) - 0.4, -0.6)  # the first layer on top
    if not most:
        words = "No layer absorbs relevance"
        ax.text(0.5, 0.5, words, transform=ax.transAxes, ha="center", color="#555555")
    no_ticks(ax, "y")
    ax.set_xlabel(_AXIS)
    ax.set_xlim(0, max(1.35 * float(begin.max(initial=0)), 1e-6))  # room for the legend
    legend(ax, loc="right")


def _causes(ax: Axes, result: Result) -> None:
    summary: Any = result.summary
    shares = 100 * summary.shares(result, "by_cause")
    there = _there(result)
    groups = [str(g) for g in result.sums["group"].values]
    filled = [g for g in groups if float(result.sums["entered"].sel(group=g)[0]) > 0]
    step = 0.7 / max(len(filled), 1)
    for i, group in enumerate(filled):
        g = groups.index(group)
        value, low, high = interval(shares[there, g]) if there else (np.empty(0),) * 3
        place = np.arange(len(there)) + (i - (len(filled) - 1) / 2) * step
        look: dict[str, Any] = {"color": flavour_colour(group, g), "label": flavour_title(group)}
        ax.errorbar(value, place, xerr=[value - low, high - value], fmt="o", markersize=5, **look)
    ax.set_yticks(range(len(there)), [str(result.sums["cause"].values[c]) for c in there])
    ax.set_ylim(max(len(there), 1) - 0.4, -0.6)
    no_ticks(ax, "y")
    ax.margins(x=0.25)
    ax.set_xlim(0, None)
    ax.set_xlabel(_AXIS)
    legend(ax, loc="best")
