"""Discriminants, ROC curves and the confusion matrix of a tagger."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from jetlens.core.registry import figures
from jetlens.core.units import Feature
from jetlens.data.readers.ftag_variables import FEATURES
from jetlens.plots.shared.flavours import class_name, flavour_colour, flavour_title
from jetlens.plots.shared.panels import instead
from jetlens.plots.shared.style import figure, label, legend
from jetlens.plots.shared.words import plain
from jetlens.summarise.performance import SINGLE
from jetlens.summarise.result import Result
from jetlens.summarise.sums.binned import rebinned
from jetlens.summarise.trainings.performances import TAGGER

TITLE = "Tagger performance"


@figures.register("performance")
def draw(result: Result) -> Figure:
    """Left, the discriminant of each class; middle, the rejection of each background.

    The higher a curve, the better; dots are the working points with binomial errors, and dashed
    lines are the best single variable. Right, the share of each true class predicted as each.
    """
    drawn = figure(16.5, 5.2)
    left, middle, right = drawn.subplots(1, 3)
    _discriminant(left, result)
    _roc(middle, result)
    _confusion(right, result)
    label(left)
    summary: Any = result.summary
    right.set_title(summary.condition, loc="right", fontsize=11)
    return drawn


def caption(result: Result) -> str:
    """Say how to read the figure, and of how many jets it is."""
    summary: Any = result.summary
    jets = int(result.sums["jets"].sum())
    words = (
        f"Left: the discriminant of {plain(class_name(summary.signal_of(result)))} by true class. "
        "Middle: "
        "rejection of each background against efficiency, with the working points and their 68 % "
        "binomial intervals (a triangle is a lower limit)"
    )
    if SINGLE in result.parts["fine"].axes["score"]:
        words += f"; dashed: cuts on {plain(_single(summary))} alone"
    only = f", {summary.condition}" if summary.condition else ""
    missing = summary.missing(result)
    only += f": {missing}" if missing else ""
    return f"{words}. Right: predicted class for each true class. {jets:,} jets{only}."


def _discriminant(ax: Axes, result: Result) -> None:
    fine = result.parts["fine"].pick(score=TAGGER)
    ends = fine.quantiles([0.002, 0.998])[..., 0]
    if np.isfinite(ends).any():
        low, high = np.nanmin(ends), np.nanmax(ends)
        pad = 0.05 * (high - low) or 1.0
        edges = np.linspace(low - pad, high + pad, 51)
        content = rebinned(fine, edges)[..., 0]
        for c, name in enumerate(fine.axes["class"]):
            if content[c].sum() > 0:
                density = content[c] / content[c].sum()
                colour = flavour_colour(name, c)
                ax.stairs(density, edges, color=colour, label=flavour_title(name), linewidth=1.6)
        ax.set_yscale("log")
        top = max(float((c / c.sum()).max()) for c in content if c.sum() > 0)
        ax.set_ylim(None, 10 * top)
        legend(ax, ncols=2)
    summary: Any = result.summary
    name = summary.signal_of(result)
    index = name if len(name) == 1 else rf"\mathrm{{{name}}}"
    ax.set_xlabel(f"Discriminant $D_{{{index}}}$")
    ax.set_ylabel("Share of jets per bin")


def _roc(ax: Axes, result: Result) -> None:
    summary: Any = result.summary
    points = summary.curves(result).working_points(summary.efficiencies)
    scores = [s for s in (TAGGER, SINGLE) if s in result.parts["fine"].axes["score"]]
    classes = list(result.sums["class"].values)
    begin = min(0.4, 0.9 * min(summary.efficiencies, default=0.4))
    top = 1.0
    for score in scores:
        curves = summary.curves(result, score)
        for name in curves.backgrounds:
            signal, background = curves.roc(name)
            if np.isnan([signal[-1], background[-1]]).any():
                continue
            shown = (signal >= begin) & (background > 0)
            colour = flavour_colour(name, classes.index(name))
            dashed = score == SINGLE
            ax.plot(
                signal[shown],
                1 / background[shown],
                color=colour,
                linestyle="--" if dashed else "-",
                linewidth=1.1 if dashed else 1.7,
                label=None if dashed else flavour_title(name),
            )
            top = max(top, float((1 / background[shown]).max(initial=1)))
    for point in points:
        if np.isfinite([point.rejection, point.high]).all():
            spread = [[point.rejection - point.low], [point.high - point.rejection]]
            colour = flavour_colour(point.background, classes.index(point.background))
            ax.errorbar(
                point.efficiency, point.rejection, spread, fmt="o", color=colour, markersize=4
            )
        elif np.isfinite(point.low):
            colour = flavour_colour(point.background, classes.index(point.background))
            ax.plot(point.efficiency, point.low, "^", color=colour, markersize=6)  # a lower limit
            top = max(top, point.low)
    instead(ax, summary.missing(result))
    if len(scores) > 1:
        words = f"{_single(summary)} alone"
        ax.plot([], [], "--", color="black", linewidth=1.1, label=words)
    ax.set_yscale("log")
    ax.set_xlim(begin, 1)
    ax.set_ylim(0.9, top * 25)
    legend(ax)
    ax.set_xlabel(f"{class_name(summary.signal_of(result))} efficiency")
    ax.set_ylabel("Background rejection")


def _confusion(ax: Axes, result: Result) -> None:
    summary: Any = result.summary
    value, low, high = summary.confusion(result)
    names = [str(c) for c in result.sums["class"].values]
    ax.imshow(np.nan_to_num(value), cmap="Blues", vmin=0, vmax=1, aspect="auto")
    for i in range(len(names)):
        for j in range(len(names)):
            if np.isfinite(value[i, j]):
                down, up = value[i, j] - low[i, j], high[i, j] - value[i, j]
                ax.text(
                    j,
                    i,
                    f"{100 * value[i, j]:.1f}\n{_errors(100 * down, 100 * up)} %",
                    ha="center",
                    va="center",
                    fontsize=10,
                    color="white" if value[i, j] > 0.55 else "black",
                )
    short = [class_name(n) for n in names]
    ax.set_xticks(range(len(names)), short)
    ax.set_yticks(range(len(names)), short)
    ax.tick_params(which="both", length=0)
    ax.set_xlabel("Predicted class")
    ax.set_ylabel("True class")


def _errors(down: float, up: float) -> str:
    """Return errors in words, both only where they differ; two digits of small ones."""
    least = min(e for e in (down, up, 1.0) if e > 0)
    digits = 1 if least >= 0.1 else 2
    minus, plus = f"{down:.{digits}f}", f"{up:.{digits}f}"
    return f"± {plus}" if plus == minus else f"+{plus} \N{MINUS SIGN}{minus}"


def _single(summary: Any) -> str:
    """Return the single variable in words; of particles it is the largest."""
    title = FEATURES.get(summary.variable, Feature(summary.variable)).title
    return title if summary.collection == "jets" else f"largest {title}"
