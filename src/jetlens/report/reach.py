"""What a search could exclude: limits, significances and what they are made of, by mass."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

from jetlens.plots.tagging.reach import told
from jetlens.report.content import Block, Cell, Paragraph, Picture, Section, Table
from jetlens.report.facts import Facts, Numbers
from jetlens.report.numbers import in_percent, measured, plain
from jetlens.report.words import html
from jetlens.summarise.reach import Reach
from jetlens.summarise.result import Result
from jetlens.summarise.search.limits import limited

NAME = "reach"
_LIMITS = {
    "limit": "limit [fb]",
    "limit_without_systematic": "without systematic [fb]",
    "cut_based.limit": "cuts alone [fb]",
    "gain": "cuts alone over tagger",
    "significance": "significance",
    "cut_based.significance": "cuts alone",
}
_EVENTS = {
    "acceptance": "selected [%]",
    "acceptance_and_tags": "selected and tagged [%]",
    "in_window": "of the tagged in the window [%]",
    "tagger.signal_efficiency": "left by the tagger [%]",
    "cut_based.signal_efficiency": "left by the cuts [%]",
    "tagger.background": "background left by the tagger",
    "cut_based.background": "background left by the cuts",
}


def reach(facts: Facts) -> Section | None:
    """Return the section about the reach of a search, where it was asked for."""
    blocks: list[Block] = []
    for result, drawn in facts.performance:
        if result.name == NAME:
            blocks += _blocks(result, drawn, facts.assumptions)
    if blocks:
        blocks += [p for p in facts.together if p.file.startswith(f"tagger-{NAME}")]
    return Section(NAME, "What a search could exclude", blocks) if blocks else None


def _blocks(result: Result, drawn: Picture, assumptions: str) -> list[Block]:
    summary: Any = result.summary
    numbers = result.numbers()
    words = [Paragraph(assumptions)] if assumptions else []
    edge = [f"{m:g}" for m in limited(result) if f"reach.limit.{m:g}" in numbers]
    if edge:
        words.append(
            Paragraph(
                f"At {', '.join(edge)} GeV the simulated background is too small for a tighter "
                "cut: with more of it the limit could be lower."
            )
        )
    return [
        *words,
        _table(numbers, summary, _LIMITS, told(result)),
        drawn,
        _table(numbers, summary, _EVENTS, _selected(numbers, summary)),
        Paragraph(compared_with(summary)),
    ]


def _table(numbers: Numbers, summary: Reach, columns: Mapping[str, str], caption: Cell) -> Table:
    rows: list[list[Cell]] = []
    for mass in summary.masses:
        row: list[Cell] = [plain(mass)]
        for name, head in columns.items():
            number = numbers.get(f"reach.{name}.{mass:g}")
            if number and head.endswith("[%]"):
                number = in_percent(number)
            row.append(measured(number) if number else "too few events")
        rows.append(row)
    return Table([html("$m_H$ [GeV]"), *columns.values()], rows, caption)


def _selected(numbers: Numbers, summary: Reach) -> Cell:
    """Say what the columns mean, and how large the backgrounds are."""
    words = Markup(
        "What is left of the signal, and of the backgrounds in {} /fb. Selected, and selected and "
        "tagged: of all decays to four b quarks; left: of the tagged. Signal counts with the tags "
        "of its own jets, a background with the mean over pairs of jets of like masses, which is "
        "drawn anew in every bootstrap replica: intervals hold its statistical error. "
    ).format(f"{summary.luminosity:,.0f}")
    names = ("cross_section_before_tags", "cross_section")
    for name in summary.backgrounds:
        before, after = (numbers.get(f"reach.{n}.{name}") for n in names)
        if before is not None and after is not None:
            words += Markup("Cross-section of {}: {}&thinsp;fb selected, {}&thinsp;fb tagged. ")
            words = words.format(name, measured(before), measured(after))
    return words


def compared_with(summary: Reach) -> Cell:
    """Say what another experiment's limits are scaled by, or that there are none."""
    scaled = (
        "Limits fall with 1/√L where the background fluctuates, and with 1/L at best, where there "
        "is none; where a relative uncertainty of the background dominates, they do not fall at all"
    )
    if summary.published:
        return f"{scaled}. The band of {summary.published_source} spans the first two."
    return Markup(
        "{}. The limits of {} would stand beside these, but their values by mass are not at hand, "
        "and none are made up: the setting <code>published</code> takes them."
    ).format(scaled, summary.published_source)
