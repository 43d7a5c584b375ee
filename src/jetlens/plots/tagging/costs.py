"""How well taggers tag against what they cost: jets, parameters, operations, seconds."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

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
_ALIKE = 1.02
"""Costs nearer to each other than this are as good as the same."""


@figures.register("costs")
def draw(costs: Costs) -> Figure:
    """Rows are tasks and quantities, columns are costs; one colour a place on the last axis.

    Points of one colour are joined from the cheapest on; marks tell the other axes' places.
    """
    tasks = _tasks(costs)
    axes = [axis for axis in costs.axes if not _of_data(axis)]
    last = axes[-1] if axes else ""
    models = costs.axes.get(last, ("",))
    rows = [(task, q) for task in tasks for q in QUANTITIES if _known(tasks[task], q)]
    drawn = figure(15.5, 3.1 * max(len(rows), 1) + 1.4)
    grid = drawn.subplots(max(len(rows), 1), len(COSTS), squeeze=False, sharex="col", sharey="row")
    for line, (task, quantity) in zip(grid, rows, strict=False):
        for ax, cost in zip(line, COSTS, strict=True):
            for m, model in enumerate(models):
                own = [s for s in tasks[task] if s.places.get(last, "") == model]
                _line(ax, own, cost, quantity, CYCLE[m % len(CYCLE)], model, m)
            if any(s.mean(cost)[0] > 0 for s in costs.spent):
                ax.set_xscale("log")
            ax.margins(0.12)
        words = f"{said(task)}\n" if task else ""
        line[0].set_ylabel(f"{words}{_QUANTITIES[quantity]}", loc="center")
    for column, cost in zip(grid.T, COSTS, strict=True):
        column[-1].set_xlabel(_WORDS[cost])
        there = [x for s in costs.spent if (x := s.mean(cost)[0]) > 0]
        if there and max(there) < _ALIKE * min(there):  # no range of their own
            for ax in column:  # matplotlib would look for one before it takes another's
                ax.autoscale(False, axis="x")
            column[-1].set_xlim(min(there) / 2, 2 * max(there))
    handles = {
        label: handle
        for ax in grid.ravel()
        for handle, label in zip(*ax.get_legend_handles_labels(), strict=True)
    }
    if handles and len(models) > 1:
        ordered = [m for m in models if m in handles]
        look: dict[str, Any] = {"loc": "outside upper right", "ncols": len(ordered)}
        drawn.legend([handles[m] for m in ordered], ordered, **look)
    heading(drawn)
    return drawn


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
        f"colour are joined in the order of their cost. {words}."
    )


def _tasks(costs: Costs) -> dict[Variation, list[Spent]]:
    """Return variations by their places on the axes that change the data."""
    found: dict[Variation, list[Spent]] = {}
    for each in costs.spent:
        task = tuple((a, p) for a, p in each.places.items() if _of_data(a))
        found.setdefault(task, []).append(each)
    return found


def _of_data(axis: str) -> bool:
    return axis.partition(".")[0] == "data"


def _known(spent: list[Spent], quantity: str) -> bool:
    return any(quantity in s.found for s in spent)


def _line(
    ax: Axes, own: list[Spent], cost: str, quantity: str, colour: str, name: str, number: int
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
    look: Any = {"color": colour, "capsize": 2, "markersize": 5, "linewidth": 1.1}
    errors: Any = {"yerr": [value - low, high - value], "xerr": np.minimum(spread, 0.9 * x)}
    mark = _MARKS[number % len(_MARKS)]
    ax.errorbar(x, value, fmt=f"{mark}-", label=name, **errors, **look)
