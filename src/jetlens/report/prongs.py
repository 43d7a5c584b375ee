"""Do variations look at prongs otherwise than the first? Paired differences, with a verdict each.

A variation whose backbone is as it was, or random, is a null of the first: what that has more is
what was learned.
"""

from __future__ import annotations

from collections.abc import Mapping

from jetlens.plots.attention.attention_fraction import NAMES
from jetlens.plots.shared.by_class import class_title
from jetlens.report.content import Block, Cell, Table
from jetlens.report.facts import Numbers
from jetlens.report.nulls import EVERY, against_nulls
from jetlens.report.numbers import plain
from jetlens.report.variants import (
    Comparison,
    axes_of,
    called,
    of_arguments,
    place_of,
    short,
    with_arguments,
)
from jetlens.report.verdicts import LEVEL, NO, OF_ONE, OPEN, YES, judged
from jetlens.report.words import html, whole
from jetlens.summarise.estimates import PAIRS
from jetlens.summarise.jets.regions import ANOTHER, TURNED

NAME = "attention-fraction"
_NULLS = (TURNED, ANOTHER)
"""Those of which enrichments are shown: the area and the pT are the same for both."""
_SAID = {YES: "more", NO: "less", OPEN: OPEN}
_SHARE = ""

Found = dict[str, Mapping[str, float]]
"""By the null whose enrichment is compared, empty for the share itself."""


def prongs(facts: Comparison) -> list[Block]:
    """Return the tables: against nulls, and of differences for each axis with some."""
    blocks = against_nulls(facts)
    axes = axes_of(facts)
    for first, *_ in axes.values():
        rows: list[list[Cell]] = []
        for arguments, numbers in of_arguments(facts.numbers).items():
            for variant in facts.variants:
                places = [whole(variant.places[a]) for a in axes]
                for (name, group), found in _gains(numbers, place_of(variant.places), first):
                    words = called(name, facts.explanations) or "explanation"
                    begin: list[Cell] = [f"{words}{with_arguments(arguments)}"]
                    begin += [whole(html(class_title(group))), *places, _pairs(found)]
                    rows.append([*begin, *(_cell(found.get(c)) for c in (_SHARE, *_NULLS))])
        if rows:
            over = [html(f"enrichment over {NAMES[null]}") for null in _NULLS]
            head = ["explanation", "class", *map(short, axes), "pairs", "share", *over]
            blocks.append(Table(head, rows, _caption(first)))
    return blocks


def _gains(numbers: Numbers, place: str, first: str) -> list[tuple[tuple[str, str], Found]]:
    """Return what one variation has more, by explanation and class; all jets where there are none.

    Of all jets it is left out where classes have theirs: these have other numbers of discs.
    """
    start, end = f".attention_fraction.gain.{place}.", f".vs.{first}"
    each: dict[tuple[str, str], Found] = {}
    for name, number in numbers.items():
        before, there, rest = f".{name}".partition(start)
        if there and rest.endswith(end):
            group, _, null = rest.removesuffix(end).partition(".enrichment.")
            each.setdefault((before.removeprefix("."), group), {})[null] = number
    classes = {name for name, group in each if group != EVERY}
    return [(k, found) for k, found in each.items() if k[1] != EVERY or k[0] not in classes]


def _pairs(found: Found) -> str:
    """Return of how many pairs of trainings differences are."""
    return ", ".join(dict.fromkeys(plain(n[PAIRS]) for n in found.values() if PAIRS in n))


def _cell(number: Mapping[str, float] | None) -> Cell:
    return "" if number is None else judged(number, _SAID)


def _caption(first: str) -> str:
    return (
        f"How much more each looks at prongs than {first}, all else the same: mean differences of "
        "the share of the explanation in discs around them, and of its enrichment over two nulls, "
        "on the jets that both explain, between pairs of trainings. What a tagger whose backbone "
        f"is not trained has less of than {first} was learned from jets. Intervals, of 68 %, are "
        "errors of the mean difference (over the trainings by Student's t, and the test sample's, "
        f"in quadrature); more and less are told at {LEVEL}, by the interval in brackets; one "
        f"verdict in twenty is chance. {OF_ONE}The area and the pT in the discs are the same for "
        "both. More discs hold more, and the class sets how many there are: shares of classes with "
        "other numbers of prongs cannot be compared."
    )
