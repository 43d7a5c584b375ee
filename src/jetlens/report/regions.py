"""The table of looking at prongs: an explanation's share in them against what it is by itself."""

from __future__ import annotations

from typing import Any

from markupsafe import Markup

from jetlens.plots.attention.attention_fraction import NAMES
from jetlens.plots.shared.by_class import class_title, classes_shown
from jetlens.plots.shared.words import plain
from jetlens.report.content import Cell, Table
from jetlens.report.numbers import measured
from jetlens.report.numbers import plain as written
from jetlens.report.words import html
from jetlens.summarise.result import Result
from jetlens.summarise.trainings.gains import VERDICT

ABOVE, BELOW, OPEN = "above", "below", "not told apart"
_MARKS = {ABOVE: "holds", BELOW: "fails", OPEN: "open"}


def regions_table(result: Result) -> Table | None:
    """Return the share, and the verdict against each null, by class; None without jets."""
    summary: Any = result.summary
    numbers = result.numbers()
    rows: list[list[Cell]] = []
    for group in classes_shown(result):
        start = f"attention_fraction.{group}"
        for kind in map(str, result.sums["null"].values):
            difference = numbers.get(f"{start}.minus.{kind}")
            enrichment = numbers.get(f"{start}.enrichment.{kind}")
            if difference is None or enrichment is None:
                continue
            low, high = difference["low_95"], difference["high_95"]
            said = ABOVE if low > 0 else BELOW if high < 0 else OPEN
            rows.append(
                [
                    html(class_title(group)),
                    plain(NAMES[kind]),
                    measured(numbers[start]),
                    measured(numbers[f"{start}.{kind}"]),
                    measured(enrichment),
                    f"{written(low, 2)} to {written(high, 2)}",
                    Markup('<span class="verdict {}">{}</span>').format(_MARKS[said], said),
                ]
            )
    if not rows:
        return None
    head = ["Class", "null", "share", "null's share", "enrichment", "difference, 95 %", "verdict"]
    caption = (
        f"Does it look at {summary.regions}? The mean share of the explanation in discs of "
        f"{summary.radius:g} around them, what each null has there, and their ratio, with 68 % "
        "intervals. The test is paired: the interval of the mean difference jet by jet, over "
        f"bootstraps of events. Verdicts are at {100 * VERDICT:.0f} %; one in twenty is chance."
    )
    return Table(head, rows, caption)
