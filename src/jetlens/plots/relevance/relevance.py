"""Bars of the mean normalised relevance of each input."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from jetlens.core.registry import figures
from jetlens.plots.shared.flavours import flavour_colour, flavour_title
from jetlens.plots.shared.style import figure, label, no_ticks
from jetlens.plots.shared.words import counted
from jetlens.summarise.estimates import interval
from jetlens.summarise.result import Result

TITLE = "Mean normalised relevance"
AXIS = "Mean normalised relevance"
MOST = 24
"""Inputs drawn: those of the largest relevance."""

Floats = NDArray[np.float64]


@figures.register("relevance")
def draw(result: Result, *, most: int = MOST) -> Figure:
    """The longer a bar, the more an input matters, whichever way it speaks.

    Bars are for all jets, markers for those of each class; errors are bootstrapped over events.

    Parameters
    ----------
    result
        Of the summary ``relevance``.
    most
        How many inputs to draw, those of the largest relevance.
    """
    summary: Any = result.summary
    numbers = interval(summary.means(result))
    used = result.sums["weight"].values[:, 0] > 0
    groups = [str(g) for g in result.sums["group"].values]
    shown = [g for g, there in zip(groups, used, strict=True) if there]
    rows = [[n[groups.index(g)] for n in numbers] for g in shown]
    drawn = figure(8, 1.8 + 0.34 * min(len(result.sums["input"]), most))
    ax = drawn.subplots()
    label(ax, bars(ax, shown, rows, titles(result), most))
    ax.set_xlabel(AXIS)
    # below the panel, where no bar can be
    if shown:
        handles, words = ax.get_legend_handles_labels()
        drawn.legend(handles, words, loc="outside lower left", ncols=len(words))
    return drawn


def caption(result: Result) -> str:
    """Say how to read the figure, and of how many jets it is."""
    zero = int(result.sums["zero"].values[0])
    apart = f" {zero:,} jets whose scores are all zero are left out." if zero else ""
    return (
        "Mean normalised relevance: the scores of each jet are divided by the largest absolute "
        "score among all of its inputs, their absolute values are summed over the pixels of an "
        "image or the particles of a list, and averaged over jets. Errors are 68 % bootstrap "
        f"intervals over events. {counted(result)}{apart}"
    )


def titles(result: Result) -> list[str]:
    """Return what each input is called; where two are called the same, with their collections."""
    inputs = result.sums.attrs["inputs"]
    names = [d["label"] or d["name"] for d in inputs]
    return [
        f"{name} ({d['collection']})" if names.count(name) > 1 else name
        for name, d in zip(names, inputs, strict=True)
    ]


def bars(
    ax: Axes,
    groups: Sequence[str],
    rows: Sequence[Sequence[Floats]],
    names: Sequence[str],
    most: int,
) -> str:
    """Draw inputs as sorted bars for the first group, and markers for the others.

    It is said how many of them are drawn, if not all are.

    Parameters
    ----------
    ax
        The panel.
    groups
        Groups of jets.
    rows
        For each group its value, low and high, ``[input]`` each.
    names
        The inputs' titles.
    most
        How many inputs to draw.
    """
    if rows:
        order = np.argsort(-rows[0][0], kind="stable")[:most][::-1]
    else:
        order = np.zeros(0, dtype=np.int64)
    places = np.arange(len(order))
    step = 0.6 / max(len(groups) - 1, 1)
    for g, (group, found) in enumerate(zip(groups, rows, strict=True)):
        value, low, high = (n[order] for n in found)
        spread = np.stack([value - low, high - value])
        if g == 0:
            ax.barh(places, value, 0.8, color="#d5d9dd", label=flavour_title(group))
            ax.errorbar(value, places, xerr=spread, fmt="none", ecolor="#444444", elinewidth=1.2)
            continue
        ax.errorbar(
            value,
            places + 0.3 - step * (g - 0.5),
            xerr=spread,
            fmt="o",
            markersize=4,
            elinewidth=1.2,
            color=flavour_colour(group, g),
            label=flavour_title(group),
        )
    ax.set_yticks(places, [names[i] for i in order])
    ax.set_ylim(-0.6, max(len(order), 1) - 0.4)
    ends = [float(n[2][order].max(initial=0)) for n in rows]
    ax.set_xlim(0, 1.06 * max(ends, default=0) or 1.0)
    no_ticks(ax, "y")
    all_of_them = len(order) in (0, len(names))
    return "" if all_of_them else f"the first {len(order)} of {len(names)} inputs"
