"""How well taggers tag against what they cost: jets, parameters, operations, seconds."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import LogFormatterSciNotation, LogLocator
from numpy.typing import NDArray

from jetlens.core.registry import figures
from jetlens.plots.shared.panels import heading, said
from jetlens.plots.shared.style import CYCLE, figure
from jetlens.summarise.trainings.costs import (
    COSTS,
    FLOPS,
    IMAGES,
    QUANTITIES,
    SECONDS,
    TRAINED,
    Costs,
    Spent,
)
from jetlens.summarise.trainings.ensemble import Variation

TITLE = "Performance against cost"
_WORDS = {
    IMAGES: "Jets that are trained on",
    TRAINED: "Parameters that are trained",
    FLOPS: "Floating-point operations of the training",
    SECONDS: "Time of the training [s]",
}
_QUANTITIES = {"auc": "Area under the curve", "accuracy": "Accuracy"}
_MARKS = "osD^vP*X"
_LINES = ("-", "--", ":")
_ALIKE = 1.02
"""Costs nearer to each other than this are as good as the same."""
_NAMED = ((0.4, ()), (1.0, (2, 5)), (2.0, (3,)))
"""Up to how many powers of ten in a panel which multiples of them are named; beyond it none."""


@figures.register("costs")
def draw(costs: Costs) -> Figure:
    """Rows are tasks and quantities, columns are costs; one colour a place on the last axis.

    Points of one colour are joined from the cheapest on where taggers read the same jets, with the
    same images of them.
    """
    tasks = _tasks(costs)
    last = _last(costs)
    models = costs.axes.get(last, ("",))
    kinds = _kinds(costs, last)
    lines = list(dict.fromkeys(kinds.values()))
    rows = [(task, q) for task in tasks for q in QUANTITIES if _known(tasks[task], q)]
    drawn = figure(15.5, 3.1 * max(len(rows), 1) + 1.4)
    grid = drawn.subplots(max(len(rows), 1), len(COSTS), squeeze=False, sharex="col", sharey="row")
    for line, (task, quantity) in zip(grid, rows, strict=False):
        for ax, cost in zip(line, COSTS, strict=True):
            for m, model in enumerate(models):
                own = [s for s in tasks[task] if s.places.get(last, "") == model]
                for read in dict.fromkeys(s.read for s in own):
                    same = [s for s in own if s.read == read]
                    _line(ax, same, cost, quantity, model, m, lines.index(kinds[read]))
            if any(s.mean(cost)[0] > 0 for s in costs.spent):
                ax.set_xscale("log")
            ax.margins(0.12)
        words = f"{said(task)}\n" if task else ""
        line[0].set_ylabel(f"{words}{_QUANTITIES[quantity]}", loc="center")
    alike: list[tuple[Axes, float]] = []
    for column, cost in zip(grid.T, COSTS, strict=True):
        column[-1].set_xlabel(_WORDS[cost])
        there = [x for s in costs.spent if (x := s.mean(cost)[0]) > 0]
        if there and max(there) < _ALIKE * min(there):  # no range of their own
            for ax in column:  # matplotlib would look for one before it takes another's
                ax.autoscale(False, axis="x")
            alike.append((column[-1], max(there)))
    for ax, only in alike:  # one that is set makes matplotlib look for those of its row
        ax.set_xlim(only / 2, 2 * only)
    for ax in grid[-1]:
        _ticks(ax)
    _legend(drawn, grid, models, lines)
    heading(drawn)
    return drawn


def _ticks(ax: Axes) -> None:
    """Name as many multiples of powers of ten as there is room for."""
    low, high = ax.get_xlim()
    many = math.log10(high / low) if ax.get_xscale() == "log" else 0.0
    named = next((named for most, named in _NAMED if many < most), ())
    if named:
        ax.xaxis.set_minor_locator(LogLocator(subs=named))
        ax.xaxis.set_minor_formatter(LogFormatterSciNotation(minor_thresholds=(math.inf, math.inf)))


def caption(costs: Costs) -> str:
    """Say how to read the figure, and what its errors are."""
    many = sorted({max((len(v) for v in s.costs.values()), default=0) for s in costs.spent})
    words = (
        f"Means over {many[0] if len(many) == 1 else f'{many[0]} to {many[-1]}'} trainings, and "
        "where another one would come out"
        if many[-1] > 1
        else "One training each, with 68 % bootstrap intervals over the test jets"
    )
    return (
        "How well each variation tags, against the jets that it is trained on, the parameters that "
        "are trained, the floating-point operations of its training (what is frozen is run once a "
        "jet) and the time that it takes, beside whatever else the machine did. Points of one "
        "colour are joined in the order of their cost, where taggers read the same jets"
        f"{_apart(costs)}. {words}."
    )


def _apart(costs: Costs) -> str:
    """Say what lines of one colour differ in, if there are several kinds of them."""
    axes = {axis for kind in _kinds(costs, _last(costs)).values() for axis, _ in kind}
    names = [axis.rpartition(".")[2].replace("_", " ") for axis in costs.axes if axis in axes]
    return f" (broken lines and open marks are of other {' and '.join(names)})" if names else ""


def _last(costs: Costs) -> str:
    """Return the last axis along which taggers are tested on the same jets."""
    tasks = _of_tasks(costs)
    return next((axis for axis in reversed(costs.axes) if axis not in tasks), "")


def _tasks(costs: Costs) -> dict[Variation, list[Spent]]:
    """Return variations that are tested on the same jets, by what sets these apart from others."""
    found: dict[str, list[Spent]] = {}
    for each in costs.spent:
        found.setdefault(each.tested, []).append(each)
    axes = _of_tasks(costs)
    return {_places(costs, some, axes): some for some in found.values()}


def _of_tasks(costs: Costs) -> set[str]:
    """Return the axes along which taggers are tested on other jets."""
    tested = {each.tested for each in costs.spent}
    each = [set(costs.common([s for s in costs.spent if s.tested == key])) for key in tested]
    return set.intersection(*each) if each else set()


def _kinds(costs: Costs, last: str) -> dict[str, Variation]:
    """Return what sets apart each way of reading the jets of one task, by its key."""
    apart = {*costs.axes} - _of_tasks(costs) - {last}
    keys = dict.fromkeys(each.read for each in costs.spent)
    return {k: _places(costs, [s for s in costs.spent if s.read == k], apart) for k in keys}


def _places(costs: Costs, some: list[Spent], axes: set[str]) -> Variation:
    return tuple((axis, place) for axis, place in costs.common(some).items() if axis in axes)


def _known(spent: list[Spent], quantity: str) -> bool:
    return any(quantity in s.found for s in spent)


def _line(
    ax: Axes, own: list[Spent], cost: str, quantity: str, name: str, number: int, kind: int
) -> None:
    """Draw the points of one model, from the cheapest to the dearest."""
    points = []
    for each in own:
        x, spread = each.mean(cost)
        if quantity in each.found and x > 0:
            y = each.found[quantity]
            x = float(f"{x:.6g}")  # means of the same numbers, however they were rounded
            points.append((x, spread, y["value"], y["low"], y["high"]))
    if not points:
        return
    x, spread, value, low, high = np.array(sorted(points)).T
    look: Any = {"color": CYCLE[number % len(CYCLE)], "capsize": 2, "linewidth": 1.1}
    errors: Any = {"yerr": [value - low, high - value], "xerr": np.minimum(spread, 0.9 * x)}
    mark = _MARKS[number % len(_MARKS)]
    ax.errorbar(x, value, marker=mark, label=name, **_style(kind), **errors, **look)


def _style(kind: int) -> dict[str, Any]:
    """Return how lines look, by what their taggers read; those of the first are drawn through."""
    open_marks = {"markerfacecolor": "white"} if kind else {}
    return {"linestyle": _LINES[kind % len(_LINES)], "markersize": 5, **open_marks}


def _legend(
    drawn: Figure, grid: NDArray[Any], models: Sequence[str], lines: Sequence[Variation]
) -> None:
    """Name colours and marks, and lines if there are several kinds of them."""
    there: dict[str, Any] = {}
    for ax in grid.ravel():
        for handle, label in zip(*ax.get_legend_handles_labels(), strict=True):
            there.setdefault(label, handle)
    handles = {m: there[m] for m in models if m in there} if len(models) > 1 else {}
    look: dict[str, Any] = {"color": "black", "marker": _MARKS[0]}
    if there and len(lines) > 1:
        handles |= {said(v): Line2D([], [], **look, **_style(k)) for k, v in enumerate(lines)}
    if handles:
        drawn.legend([*handles.values()], [*handles], loc="outside upper right", ncols=len(handles))
