"""The table of flips: how many decisions a step flips, and how long the smallest one is."""

from __future__ import annotations

from typing import Any

from jetlens.plots.moved.flip_distance import FLIPPING, groups_shown
from jetlens.plots.shared.by_class import position
from jetlens.plots.shared.gradients import group_title
from jetlens.plots.shared.words import features, said_of
from jetlens.report.content import Cell, Table
from jetlens.report.numbers import in_percent, measured
from jetlens.report.words import html
from jetlens.summarise.flip_distance import OF_ALL
from jetlens.summarise.jets.rows import rows_of
from jetlens.summarise.result import Result

NOT_REACHED = "not reached"


def flips_table(result: Result) -> Table | None:
    """Return shares and median steps by class; None of few jets."""
    summary: Any = result.summary
    numbers, titles = result.numbers(), {f.name: f.title for f in features(result)}
    rows: list[list[Cell]] = []
    for group in groups_shown(result):
        share = numbers.get(f"flip.share.{group}")
        if share is None:
            continue
        steps: list[Cell] = [
            measured(numbers[name]) if name in numbers else NOT_REACHED
            for name in (f"flip.step{ending}.{group}" for ending in (OF_ALL, ""))
        ]
        first = next(iter(summary.ranking(result, group)), "")
        far = numbers.get(f"flip.distance.{group}.{first}")
        most: Cell = "" if far is None else html(titles[first]) + " " + measured(far)
        jets = int(result.sums["jets"].sel(count="used").values[position(result, group)])
        shared = measured(in_percent(share), "%")
        rows.append([html(group_title(group)), f"{jets:,}", shared, *steps, most])
    if not rows:
        return None
    scales = summary.scales(result)
    what = rows_of(result)
    head = ["Class", what, "flip", "median step of all", f"of {FLIPPING}", "farthest of these"]
    caption = said_of(
        what,
        "The smallest step that flips the decision, over all features and particles, in spreads. "
        "In the median of all jets, by which classes can be compared, those that do not flip at "
        f"scales up to {scales[-1]:g} lie beyond all others: where they are half or more, it is "
        f"{NOT_REACHED}. Farthest is the feature with the largest median distance (root mean "
        "square over particles). Intervals are of 68 %, over bootstraps of events.",
    )
    return Table(head, rows, caption)
