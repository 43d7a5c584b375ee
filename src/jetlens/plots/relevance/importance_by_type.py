"""Shares of importance by particle type, beside those of particles and of pT, and their ratios."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter
from numpy.typing import NDArray

from jetlens.core.registry import figures
from jetlens.plots.shared.by_class import (
    class_title,
    classes_shown,
    nothing,
    position,
    spread,
    told,
)
from jetlens.plots.shared.flavours import flavour_colour
from jetlens.plots.shared.panels import heading
from jetlens.plots.shared.style import figure, no_ticks
from jetlens.summarise.estimates import interval
from jetlens.summarise.jets.importance import EQUAL, KINDS, MOMENTUM
from jetlens.summarise.result import Result

TITLE = "Importance by type of particle"
_OVER = ((MOMENTUM, "o", r"over the share of $p_T$"), (EQUAL, "s", "over the share of particles"))

_TICKS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100)
_FAR = 8.0  # the largest ratio over the smallest, from where the axis is logarithmic

Floats = NDArray[np.float64]


@figures.register("importance-by-type")
def draw(result: Result) -> Figure:
    """Bars are shares of importance, signs those of particles and pT; below, their ratios."""
    summary: Any = result.summary
    shown = classes_shown(result)[::-1]
    share = summary.shares(result)
    types = [str(t) for t in result.sums["type"].values]
    there = [
        t
        for t in range(len(types))
        if any(share[position(result, g), KINDS.index(EQUAL), t, 0] > 0 for g in shown)
    ]
    drawn = figure(9.5, 6.6)
    if not there:
        nothing(drawn)
        heading(drawn)
        return drawn
    bars, rises = drawn.subplots(2, 1, sharex=True)
    width, ends = 0.8 / len(shown), [0.9, 1.1]
    for i, group in enumerate(shown):
        g = position(result, group)
        colour = flavour_colour(group, g)
        x = np.arange(len(there)) + (i + 0.5) * width - 0.4
        value, low, high = interval(share[g, 0, there])
        bars.bar(x, value, width * 0.92, color=colour, alpha=0.85, label=class_title(group))
        _points(bars, x, (value, low, high), {"ecolor": "black", "fmt": "none"})
        for kind, mark, _ in _OVER:
            beside = share[g, KINDS.index(kind), there, 0]
            bars.plot(x, beside, mark, color="black", markersize=5, markerfacecolor="white")
        for shift, (kind, mark, _) in zip((-0.13, 0.13), _OVER, strict=True):
            face = colour if kind == MOMENTUM else "white"
            look = {"fmt": mark, "color": colour, "markerfacecolor": face, "markersize": 5.5}
            rise = interval(summary.enrichment(result, kind)[g, there])
            _points(rises, x + shift * width, rise, look)
            ends += [r for each in rise for r in each if np.isfinite(r) and r > 0]
    for kind, mark, words in _OVER:
        look = {"color": "black", "markerfacecolor": "white", "linestyle": "none"}
        named = {MOMENTUM: r"share of $p_T$", EQUAL: "share of particles"}[kind]
        bars.plot([], [], mark, label=named, **look)
        face = "0.3" if kind == MOMENTUM else "white"
        look |= {"color": "0.3", "markerfacecolor": face}
        rises.plot([], [], mark, label=words, **look)
    handles, names = bars.get_legend_handles_labels()
    marks = [h for h, n in zip(handles, names, strict=True) if n.startswith("share")]
    rest = [h for h in handles if h not in marks]
    bars.legend(handles=[*rest, *marks], loc="upper right")
    bars.set_ylabel("Share of importance")
    bars.set_ylim(0, None)
    rises.axhline(1, color="0.6", linewidth=0.8, zorder=0)
    rises.set_ylabel("Share of importance\nover what it would be")
    rises.legend(loc="upper left", ncols=2, fontsize=9.5)
    rises.set_xticks(np.arange(len(there)), [types[t].capitalize() for t in there])
    for ax in (bars, rises):
        no_ticks(ax, "x")
    _ends(rises, ends)
    heading(drawn)
    return drawn


def caption(result: Result) -> str:
    """Say how to read the figure, and of how many jets it is."""
    return (
        "Share of a jet's importance that particles of each type have, averaged over jets (bars); "
        "squares are the types' shares of particles, circles those of pT. Below, the first over "
        "the others: above 1, a type is more important than its number or pT would make it. "
        f"Errors are 68 % bootstrap intervals over events. {told(result)}"
    )


def _ends(ax: Axes, ends: list[float]) -> None:
    """Give an axis of ratios ends that leave room for a legend; a logarithm where they are far."""
    low, high = min(ends), max(ends)
    if high / low > _FAR:
        ax.set_yscale("log")
        ax.set_ylim(low / 1.2, high * (high / low) ** 0.3)
        ax.set_yticks([t for t in _TICKS if low / 1.2 < t < high * (high / low) ** 0.3])
        ax.yaxis.set_major_formatter("{x:g}")
        ax.yaxis.set_minor_formatter(NullFormatter())
    else:
        ax.set_ylim(low - 0.05 * (high - low), high + 0.35 * (high - low))


def _points(
    ax: Axes, x: NDArray[np.floating], found: tuple[Floats, Floats, Floats], look: Any
) -> None:
    known = np.isfinite(found[0]) & (found[0] > 0)
    value, low, high = (np.where(known, v, np.nan) for v in found)
    if known.any():
        ax.errorbar(x, value, spread(value, low, high), elinewidth=1.1, **look)
