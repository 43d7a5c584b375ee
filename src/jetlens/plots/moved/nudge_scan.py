"""Scores, decisions and unphysical jets against the scale that jets are moved by."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray
from scipy.special import expit

from jetlens.core.registry import figures
from jetlens.plots.shared.by_class import (
    class_title,
    classes_shown,
    empty,
    measured,
    position,
    spread,
)
from jetlens.plots.shared.flavours import flavour_colour, flavour_title
from jetlens.plots.shared.moved import (
    how_many,
    left_out,
    scale_axis,
    toward,
    unused,
    which,
)
from jetlens.plots.shared.panels import heading
from jetlens.plots.shared.style import figure
from jetlens.plots.shared.words import plain, within
from jetlens.summarise.estimates import LEAST, ratio
from jetlens.summarise.jets.moved import SCALE, UNPHYSICAL, nothing_moved
from jetlens.summarise.nudge_scan import FIRST, FLIPPED, PROBABILITIES
from jetlens.summarise.result import Result

TITLE = "Score against the scale of the nudge"
_BANDS = (((0, 4), "#e3e6e9", "95 % of jets"), ((1, 3), "#bcc3c9", "68 % of jets"))
_DASHES: tuple[Any, ...] = ("--", ":", "-.", (0, (5, 1, 1, 1, 1, 1)))
_REASONS = {
    "negative": "negative momentum",
    "outside": "outside of the jet",
    "early": "hits before light",
    "late": "hits after the gate",
    "below": "hits below threshold",
    "discrete": "another type or charge",
    "trackless": "impact parameters of no track",
    "off_shell": "off the mass shell",
    "axis": "off the jet's axis",
    "jet_pt": "another jet's pt",
}

Floats = NDArray[np.float64]


@figures.register("nudge-scan")
def draw(result: Result) -> Figure:
    """Above, the score of the class stepped toward; below, decisions that flip, and where.

    Bands are all moved jets, lines the medians of each class.
    """
    classes = _classes(result)
    if not classes:
        return empty()
    drawn = figure(11, 8.2)
    grid = drawn.subplots(2, 2)
    summary: Any = result.summary
    steps = [float(s) for s in result.sums[SCALE].values]
    odds, ends = summary.score(result)
    for ax, change, words in (
        (grid[0, 0], expit, "Probability of the class stepped toward"),
        (grid[0, 1], lambda v: v, "Log odds of the class stepped toward"),
    ):
        _scores(ax, result, change(odds), change(ends), classes)
        ax.set_ylabel(words)
    grid[0, 0].set_ylim(0, 1)
    grid[0, 0].axhline(0.5, color="black", linewidth=0.7, linestyle=":")
    grid[0, 1].axhline(0, color="black", linewidth=0.7, linestyle=":")
    _shares(grid[1, 0], result, classes)
    _flips(grid[1, 1], result, classes)
    for ax in grid.ravel():
        scale_axis(ax, steps, result)
    handles, words = grid[0, 1].get_legend_handles_labels()
    drawn.legend(handles, words, loc="outside lower left", ncols=5)
    heading(drawn)
    return drawn


def caption(result: Result) -> str:
    """Say how to read the figure, where jets flip, and of how many jets it is."""
    summary: Any = result.summary
    used, selected = how_many(result)
    if nothing := nothing_moved(result.sums):
        return f"{nothing} {left_out(result)}".rstrip()
    words = (
        f"{used:,} {which(result)} of {selected:,} jets are moved along the gradient, toward "
        f"{toward(result)}. Above: the score of that class, "
        "as bands over all moved jets and medians of each true class with 68 % intervals "
        "(bootstrap over events). Below left: the share of moved jets of which the decision "
        "flips, and of those that one step without any constraint would make unphysical, by "
        "reason. Below right: the share of jets of which the decision flips first in each "
        "interval of scales. "
    )
    halves, ever, said = summary.flip_scale(result), summary.ever(result), []
    for group in _classes(result):
        g = position(result, group)
        name = plain(within(flavour_title(group)))
        if np.isfinite(halves[g]).all():
            said.append(f"half of the {name} flip by a scale of {measured(halves[g])}")
        else:
            share, half = _in_percent(*(float(v[g]) for v in ever))
            said.append(f"{share} ± {half} % of the {name} flip at all")
    listed = "; ".join(said)
    words += f"{listed[:1].upper()}{listed[1:]}. " if said else ""
    return (words + left_out(result) + unused(result)).rstrip()


def _classes(result: Result) -> list[str]:
    """Return the classes that are drawn: those of which more than a few jets were moved."""
    effective = result.summary.effective(result)  # type: ignore[attr-defined]
    shown = classes_shown(result)
    many = [c for c in shown if effective[position(result, c)] >= LEAST]
    return ["all"] if shown and not many else many


def _scores(ax: Axes, result: Result, value: Floats, ends: Floats, classes: list[str]) -> None:
    """Draw bands of all jets and medians of classes; scores are ``[group, scale, quantile]``."""
    steps = result.sums[SCALE].values
    every, middle = position(result, "all"), PROBABILITIES.index(0.5)
    for (low, high), colour, words in _BANDS:
        band = value[every, :, low], value[every, :, high]
        ax.fill_between(steps, *band, color=colour, linewidth=0, label=words)
    ax.plot(steps, value[every, :, middle], color="black", label="Median")
    for group in [c for c in classes if c != "all"]:
        g = position(result, group)
        at = value[g, :, middle]
        errors = spread(at, ends[0, g, :, middle], ends[1, g, :, middle])
        look: dict[str, Any] = {"color": flavour_colour(group, g), "fmt": "o-", "markersize": 4}
        ax.errorbar(steps, at, errors, label=f"{class_title(group)}, median", **look)


def _shares(ax: Axes, result: Result, classes: list[str]) -> None:
    """Draw shares of jets: flipped by class, unphysical by each reason that there is."""
    summary: Any = result.summary
    steps = result.sums[SCALE].values
    for group in classes:
        g = position(result, group)
        value, low, high = (v[g] for v in summary.share(result, FLIPPED))
        look: dict[str, Any] = {"color": flavour_colour(group, g), "fmt": "o-", "markersize": 4}
        words = f"{class_title(group)}: flipped"
        ax.errorbar(steps, value, spread(value, low, high), label=words, **look)
    every = position(result, "all")
    if UNPHYSICAL in result.sums:
        value, low, high = (v[every] for v in summary.share(result, UNPHYSICAL))
        look = {"color": "black", "fmt": "s-", "markersize": 3.5, "linewidth": 1.2}
        ax.errorbar(steps, value, spread(value, low, high), label="All: unphysical", **look)
        for k, reason in enumerate(summary.reasons(result)):
            value = summary.share(result, f"{UNPHYSICAL}_{reason}")[0][every]
            if not (value > 0).any():
                continue
            again, dashes = divmod(k, len(_DASHES))
            look = {"color": ("0.35", "0.6", "0.8")[again % 3], "linestyle": _DASHES[dashes]}
            label = _REASONS.get(reason, reason.replace("_", " "))
            ax.plot(steps, value, label=label, linewidth=1.2, **look)
    ax.set_ylabel("Share of moved jets")
    lines = len(ax.get_legend_handles_labels()[0])
    ax.set_ylim(0, 1.05 + 0.09 * ((lines + 1) // 2))
    ax.set_yticks([0, 0.2, 0.4, 0.6, 0.8, 1])
    ax.legend(ncols=2, fontsize=9, loc="upper left")


def _flips(ax: Axes, result: Result, classes: list[str]) -> None:
    """Draw in which interval of scales decisions flip first."""
    steps = result.sums[SCALE].values
    begin = steps if steps[0] == 0 else np.concatenate([[0.0], steps])
    top, ever = 0.1, result.summary.ever(result)  # type: ignore[attr-defined]
    for group in classes:
        g = position(result, group)
        first = result.sums[FIRST].values[g, :, 0]
        share = ratio(first, result.sums["weight"].values[g, 0])
        shown = share[len(share) - len(begin) + 1 :]
        never, half = _in_percent(*(1 - float(v[g]) for v in ever))
        words = f"{class_title(group)} ({never} ± {half} % never)"
        ax.stairs(shown, begin, color=flavour_colour(group, g), label=words, linewidth=1.6)
        top = max(top, float(np.nanmax(shown, initial=0)))
    ax.set_ylabel("Share that flips first in the interval")
    ax.set_ylim(0, 1.3 * top)
    ax.legend(loc="upper right")


def _in_percent(value: float, *ends: float) -> tuple[str, str]:
    """Write a share, and half of its interval, in per cent."""
    return f"{100 * value:.0f}", f"{50 * abs(ends[1] - ends[0]):.0f}"
