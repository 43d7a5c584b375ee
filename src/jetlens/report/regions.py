"""The table of looking at prongs: an explanation's share in them against what it is by itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jetlens.plots.attention.attention_fraction import NAMES
from jetlens.plots.shared.by_class import class_title, classes_shown
from jetlens.plots.shared.words import plain
from jetlens.report.content import Cell, Table
from jetlens.report.facts import Numbers
from jetlens.report.numbers import measured
from jetlens.report.numbers import plain as written
from jetlens.report.verdicts import LEVEL, NO, OPEN, YES, marked, verdict, wide
from jetlens.report.words import html, whole
from jetlens.summarise.estimates import PAIRS
from jetlens.summarise.jets.regions import IN_PATCHES, OWN, PT
from jetlens.summarise.result import Result

SAID = {YES: "above", NO: "below", OPEN: OPEN}
NULLS = [kind for kind in NAMES if kind != OWN]
HEAD = ["null", "share", "null's share", "enrichment", f"difference, {LEVEL}", "verdict"]
_RIGHT = "right_minus_wrong"


def about(numbers: Numbers) -> str:
    """Return what holds for every table of these numbers."""
    right = (
        "The last rows are jets tagged right against those tagged wrong, by share and by "
        "enrichment (in the columns of shares). "
    )
    return (
        "Tests are paired: the interval is that of the mean difference jet by jet. Patches are "
        "larger than discs: a map of patches has less in them than the pT has, so that the pT in "
        "patches is its fair null. Discs elsewhere, and those of another jet, may overlap the "
        "jet's own: it is harder to be above them than above places without prongs. "
        f"{right if any(f'.{_RIGHT}' in name for name in numbers) else ''}"
        "More discs hold more, and the class sets how many there are: shares of classes with "
        "other numbers of prongs cannot be compared, enrichments can. "
        f"Verdicts are at {LEVEL}; one in twenty is chance."
    )


def regions_table(result: Result) -> Table | None:
    """Return the share, and the verdict against each null, by class; None without jets."""
    summary: Any = result.summary
    numbers = result.numbers()
    rows: list[list[Cell]] = []
    for group in classes_shown(result):
        tests = tested(numbers, f"attention_fraction.{group}")
        rows += [[whole(html(class_title(group))), *row] for row in tests]
    if not rows:
        return None
    caption = (
        f"Does it look at {summary.regions}? The mean share of the explanation in discs of "
        f"{summary.radius:g} around them, what each null has there, and their ratio, with 68 % "
        "intervals, over bootstraps of events."
    )
    return Table(["Class", *HEAD], rows, caption)


def tested(numbers: Numbers, start: str) -> list[list[Cell]]:
    """Return a row for each null of a class, and those of right against wrong.

    Of tests over trainings, the last cell is of how many.

    Parameters
    ----------
    numbers
        All of them.
    start
        How names of the class's begin.
    """
    rows: list[list[Cell]] = []
    fair = nulls_of(numbers, start)
    for kind in fair:
        each = [f"{start}", f"{start}.{kind}", f"{start}.enrichment.{kind}"]
        rows.append([name_of(kind, fair), *_row(numbers, each, f"{start}.minus.{kind}")])
    null = IN_PATCHES if IN_PATCHES in fair else PT
    for words, behind in (("", ""), (f", enrichment over {NAMES[null]}", f".enrichment.{null}")):
        each = [f"{start}.right{behind}", f"{start}.wrong{behind}"]
        name = f"{start}.{_RIGHT}{behind}"
        if name in numbers:
            own, other, *test = _row(numbers, each, name)
            rows.append([plain(f"right, against wrong{words}"), own, other, "", *test])
    return rows


def nulls_of(numbers: Numbers, start: str) -> list[str]:
    """Return the nulls that a class's share is tested against."""
    return [kind for kind in NULLS if f"{start}.minus.{kind}" in numbers]


def name_of(kind: str, others: list[str]) -> str:
    """Return a null's name; of one that is unfair to the explanation, with this."""
    unfair = kind == PT and IN_PATCHES in others
    return plain(NAMES[kind]) + " (unfair to patches)" * unfair


def against_null(number: Mapping[str, float]) -> Cell:
    """Return the verdict of a difference from a null; of one training, it says so."""
    said = verdict(number)
    return marked(number, said, SAID[said], " (one training)")


def _row(numbers: Numbers, shown: list[str], difference: str) -> list[Cell]:
    found = numbers[difference]
    cells: list[Cell] = [measured(numbers[name]) if name in numbers else "" for name in shown]
    told = f"{written(found['value'], 2)} ({wide(found)})"
    many: list[Cell] = [written(found[PAIRS])] if PAIRS in found else []
    return [*cells, told, against_null(found), *many]
