"""What came out of a study, in a few points a task: the rest is in tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from markupsafe import Markup

from jetlens.plots.shared.by_class import class_title
from jetlens.plots.shared.panels import listed
from jetlens.plots.shared.words import said_of
from jetlens.report.content import Block, Paragraph, Points
from jetlens.report.nulls import classes_of, explanations_of, start_of
from jetlens.report.numbers import measured, plain
from jetlens.report.regions import name_of, nulls_of
from jetlens.report.spent import COSTS
from jetlens.report.variants import (
    Comparison,
    Variant,
    axes_of,
    baselines,
    bases_of,
    called,
    of_arguments,
    place_of,
    said_at,
    short,
)
from jetlens.report.verdicts import LEVEL, NO, OPEN, YES, lost, verdict, wide
from jetlens.report.words import html
from jetlens.summarise.estimates import PAIRS
from jetlens.summarise.jets.regions import IN_PATCHES, PT

_AUC = {
    YES: ("Better", "than"),
    NO: ("Worse", "than"),
    OPEN: (f"Not told apart at {LEVEL}", "from"),
}
_LOOKS = {YES: "above", NO: "below", OPEN: "not told apart from"}
_TURNED = {YES: NO, NO: YES, OPEN: OPEN}


def in_short(facts: Comparison) -> list[Block]:
    """Return a paragraph and points for each task, of the first place on each axis."""
    found: list[Block] = []
    for first in baselines(facts):
        if words := _performance(facts, first):
            found.append(Paragraph(words))
        if points := [*_others(facts, first), *_prongs(facts, first)]:
            found.append(Points(points))
    return found


def _performance(facts: Comparison, first: Variant) -> Markup:
    """Say how well it does, and what one training took."""
    place = place_of(first.places)
    auc = facts.numbers.get(f"auc.{place}")
    if auc is None:
        return Markup("")
    name = said_at(facts, first.places) or "The tagger"
    words = Markup("<b>{}</b>: area under the curve {}").format(name, measured(auc))
    costs = {c: facts.numbers.get(f"cost.{place}.{c}") for c in COSTS}
    told = [
        f"{plain(number['value'] * scale)} {said_of(facts.rows, COSTS[c][0])}"
        for c, number in costs.items()
        if number is not None and (scale := COSTS[c][1])
    ]
    return words + (f", by {listed(told)} a training." if told else ".")


def _others(facts: Comparison, first: Variant) -> Iterator[Markup]:
    """Say how the other places on each axis do, by the area under the curve."""
    found: dict[str, list[str]] = {}
    for axis, place, base, said, words in _gains(facts, first):
        than = _AUC[said][1]
        each = f"{_short(axis, place)} {than} {_short(axis, base)}"
        found.setdefault(said, []).append(f"{each} ({words})")
    for said, (title, _) in _AUC.items():
        if said in found:
            words = Markup("<b>{}</b>, by this area: {}.")
            yield words.format(title, "; ".join(found[said]))


def _gains(facts: Comparison, first: Variant) -> Iterator[tuple[str, str, str, str, str]]:
    """Go through places compared with another of their axis, all else as near as it is there."""
    task = [v for v in facts.variants if v.tested == first.tested]
    for axis, bases in bases_of(facts).items():
        for base in bases:
            for place in axes_of(facts)[axis]:
                names = {
                    f"gain.{place_of(v.places)}.auc.vs.{base}": v
                    for v in task
                    if v.places[axis] == place
                }
                name = next((n for n in names if n in facts.numbers), None)
                if name is None:
                    continue
                number, there = facts.numbers[name], names[name].places
                said = verdict(number)
                elsewhere = {a: p for a, p in there.items() if a != axis and p != first.places[a]}
                words = [
                    lost(number) if said == OPEN and lost(number) else _difference(number),
                    f"at {said_at(facts, elsewhere)}" if elsewhere else "",
                    "one pair" if number.get(PAIRS) == 1 else "",
                ]
                yield axis, place, base, said, ", ".join(w for w in words if w)


def _difference(number: Mapping[str, float]) -> str:
    """Return a difference, and the interval that its verdict is by."""
    return f"{plain(number['value'], 2)}: {wide(number)}"


def _short(axis: str, place: str) -> str:
    """Return a place, with its axis's name if it is a number."""
    return place if place[:1].isalpha() else f"{short(axis)} {place}"


def _prongs(facts: Comparison, first: Variant) -> Iterator[Markup]:
    """Say what share of its first explanation is in prongs, beside nulls and other taggers."""
    numbers = of_arguments(facts.numbers)[""]
    for name in explanations_of(numbers, facts.explanations)[:1]:
        start = start_of(name, first)
        same: dict[str, list[Markup]] = {}  # classes of which the same is to be said
        for group in classes_of(numbers, start):
            share = numbers.get(f"{start}.{group}")
            if share is None:
                continue
            found: dict[str, list[str]] = {}
            for said_so, what in _beside(facts, first, name, group):
                found.setdefault(_LOOKS[said_so], []).append(what)
            each = "; ".join(
                f"{how} {listed(found[how])}" for how in _LOOKS.values() if how in found
            )
            title = html(class_title(group))
            same.setdefault(each, []).append(Markup("{} {}").format(title, measured(share)))
        what = called(name, facts.explanations) or "explanation"
        for each, shares in same.items():
            words = "<b>Share of its {} in discs around prongs</b>: {}, at {} {}."
            yield Markup(words).format(what, Markup(" and ").join(shares), LEVEL, each)


def _beside(facts: Comparison, first: Variant, name: str, group: str) -> Iterator[tuple[str, str]]:
    """Go through what a share is compared with: verdict, and words."""
    numbers = of_arguments(facts.numbers)[""]
    start = f"{start_of(name, first)}.{group}"
    nulls = nulls_of(numbers, start)
    for kind in nulls:
        if kind == PT and IN_PATCHES in nulls:
            continue  # no fair one
        yield verdict(numbers[f"{start}.minus.{kind}"]), name_of(kind, nulls).replace(",", "")
    *_, last = axes_of(facts)
    for other in facts.variants:
        behind = f"{group}.vs.{first.places[last]}"
        number = numbers.get(f"{start_of(name, other, 'gain')}.{behind}")
        if number is not None and {**other.places, last: first.places[last]} == {**first.places}:
            yield _TURNED[verdict(number)], f"that of {other.places[last]}"
