"""Do variations look at prongs otherwise than the first? Paired differences, with a verdict each.

A variation whose backbone is as it was, or random, is a null of the first: what that has more is
what was learned.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from markupsafe import Markup

from jetlens.plots.attention.attention_fraction import NAMES
from jetlens.plots.shared.by_class import class_title
from jetlens.report.content import Block, Cell, Table
from jetlens.report.facts import Numbers
from jetlens.report.numbers import measured
from jetlens.report.variants import (
    Comparison,
    axes_of,
    of_arguments,
    place_of,
    short,
    whole,
    with_arguments,
)
from jetlens.report.verdicts import LEVEL, MARKS, NO, OPEN, YES, verdict
from jetlens.report.words import html
from jetlens.summarise.jets.regions import ANOTHER, TURNED

NAME = "attention-fraction"
_EVERY = "all"
_NULLS = (TURNED, ANOTHER)
"""Those of which enrichments are shown: the area and the pT are the same for both."""
_SAID = {YES: "more", NO: "less", OPEN: OPEN}

What = tuple[str, str]
"""A class, and a null whose enrichment is compared; empty for the share itself."""
Found = dict[What, Mapping[str, float]]


def prongs(facts: Comparison) -> list[Block]:
    """Return a table of differences for each axis along which there are some."""
    blocks: list[Block] = []
    axes = axes_of(facts)
    for first, *_ in axes.values():
        rows: list[tuple[list[Cell], Found]] = []
        for arguments, numbers in of_arguments(facts.numbers).items():
            for variant in facts.variants:
                places = [whole(variant.places[a]) for a in axes]
                for explanation, found in _gains(numbers, place_of(variant.places), first):
                    name = f"{explanation}{with_arguments(arguments)}"
                    rows.append(([name or "explanation", *places], found))
        if rows:
            columns = _columns(found for _, found in rows)
            cells = [[*start, *(_cell(found.get(c)) for c in columns)] for start, found in rows]
            head = ["explanation", *map(short, axes), *map(_titled, columns)]
            blocks.append(Table(head, cells, _caption(first)))
    return blocks


def _gains(numbers: Numbers, place: str, first: str) -> Iterator[tuple[str, Found]]:
    """Go through what one variation has more, explanation by explanation."""
    start, end = f".attention_fraction.gain.{place}.", f".vs.{first}"
    each: dict[str, Found] = {}
    for name, number in numbers.items():
        before, there, rest = f".{name}".partition(start)
        if there and rest.endswith(end):
            group, _, null = rest.removesuffix(end).partition(".enrichment.")
            each.setdefault(before.removeprefix("."), {})[group, null] = number
    yield from each.items()


def _columns(rows: Iterable[Found]) -> list[What]:
    """Return what is shown: the share of all jets and of each class, and enrichments of all."""
    groups = dict.fromkeys(group for found in rows for group, null in found if not null)
    classes = [group for group in groups if group != _EVERY]
    return [(group, "") for group in (_EVERY, *classes)] + [(_EVERY, null) for null in _NULLS]


def _titled(what: What) -> Cell:
    group, null = what
    return html(f"enrichment over {NAMES[null]}" if null else f"share, {class_title(group)}")


def _cell(number: Mapping[str, float] | None) -> Cell:
    if number is None:
        return ""
    said = verdict(number)
    mark = Markup('{} <span class="verdict {}">{}</span>')
    return mark.format(measured(number), MARKS[said], _SAID[said])


def _caption(first: str) -> str:
    return (
        f"How much more each looks at prongs than {first}, all else the same: mean differences of "
        "the share of the explanation in discs around them, and of its enrichment over two nulls, "
        "on the jets that both explain, between pairs of trainings. What a tagger whose backbone "
        f"is not trained has less of than {first} was learned from jets. Intervals, of 68 %, are "
        "errors of the mean difference (over the trainings by Student's t, and the test sample's, "
        f"in quadrature); more and less are told at {LEVEL}; one verdict in twenty is chance. The "
        "area and the pT in the discs are the same for both."
    )
