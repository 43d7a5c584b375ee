"""Variations side by side: how far their jets have to be moved, and what comes nearer by it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from markupsafe import Markup

from jetlens.report.content import Block, Cell, Section, Table
from jetlens.report.facts import Numbers
from jetlens.report.headlines import controlled, nearer_by_class
from jetlens.report.numbers import in_percent, measured, percent
from jetlens.report.variants import Comparison, place_of
from jetlens.report.words import whole
from jetlens.summarise.sums.nearest import FARTHER, NEARER, OPEN, SAME

_FIRST = ("moved", "flip", "wanted_change")
"""The first words of the numbers that are compared."""
_MARKS = {NEARER: "holds", FARTHER: "fails", OPEN: "open", SAME: "same"}

Compared = Mapping[str, Mapping[str, Numbers]]
"""By explanation and variation, the numbers without the names of both."""


def moved_compared(facts: Comparison) -> list[Section]:
    """Return the section, or none where nothing is moved and no gradient is ranked."""
    places = [place_of(v.places) for v in facts.variants]
    by_explanation = _by_explanation(places, facts.numbers)
    blocks: list[Block] = [*_quantities(by_explanation), *_verdicts(by_explanation)]
    title = "What would turn one class into the other"
    return [Section("moved", title, blocks)] if blocks else []


def _by_explanation(places: list[str], numbers: Numbers) -> Compared:
    """Take the numbers of moved jets and gradients apart."""
    found: dict[str, dict[str, dict[str, Mapping[str, float]]]] = {}
    ends = sorted(places, key=len, reverse=True)  # of two that fit, the longer one
    pattern = re.compile(
        rf"(?:([^.]+)\.)?({'|'.join(_FIRST)})\.({'|'.join(map(re.escape, ends))})\.([^@]+)"
    )
    for name, number in numbers.items():
        if (parts := pattern.fullmatch(name)) is not None:
            explanation, first, place, rest = parts.groups(default="")
            own = found.setdefault(explanation, {}).setdefault(place, {})
            own[f"{first}.{rest}"] = number
    return {e: {p: each[p] for p in places if p in each} for e, each in found.items()}


def _number(name: str, per_cent: bool = False) -> Callable[[Numbers], Cell]:
    def told(numbers: Numbers) -> Cell:
        if name not in numbers:
            return ""
        return measured(in_percent(numbers[name]), "%") if per_cent else measured(numbers[name])

    return told


def _nearer(numbers: Numbers) -> Cell:
    counts = nearer_by_class(numbers).values()
    return "{} of {}".format(*map(sum, zip(*counts, strict=True))) if counts else ""


def _step(numbers: Numbers) -> Cell:
    if "flip.share.all" in numbers and "flip.step_of_all.all" not in numbers:
        return "not reached"
    return _number("flip.step_of_all.all")(numbers)


def _wanted(numbers: Numbers) -> Cell:
    sizes = {
        parts[1]: number["value"]
        for name, number in numbers.items()
        if (parts := re.fullmatch(r"wanted_change\.all\.(.+)\.size", name))
    }
    if not sizes:
        return ""
    most = max(sizes, key=lambda feature: sizes[feature])
    size = measured(numbers[f"wanted_change.all.{most}.size"])
    first = numbers.get(f"wanted_change.all.{most}.first")
    often = f", first in {percent(first['value'])} of replicas" if first else ""
    return Markup("<code>{}</code> ({}{})").format(most, size, often)


_ROWS: Mapping[str, Callable[[Numbers], Cell]] = {
    "recommended scale": _number("moved.scale"),
    "decisions flipped there": _number("moved.flipped", per_cent=True),
    "mean distance there, over that before": _number("moved.distance"),
    "observables and inputs nearer": _nearer,
    "decisions that a step flips": _number("flip.share.all", per_cent=True),
    "smallest step that flips half of them, in spreads": _step,
    "most wanted change": _wanted,
}


def _quantities(found: Compared) -> list[Table]:
    """Return a table of what is told of all variations."""
    columns = _columns(found)
    rows: list[list[Cell]] = []
    for words, told in _ROWS.items():
        cells = {e: {p: told(numbers) for p, numbers in each.items()} for e, each in found.items()}
        cells = {e: each for e, each in cells.items() if any(each.values())}
        for explanation, each in cells.items():
            label = f"{words} ({explanation})" if len(cells) > 1 else words
            rows.append([label, *(each.get(p, "") for p in columns)])
    if not rows:
        return []
    caption = (
        "Misclassified ones, or those that were asked for, follow the gradient. Recommended is the "
        "scale at which they are nearest to the class that they are moved toward; nearer are "
        "observables and inputs of each class of which the 95 % interval says so, in all "
        "retrainings where there are some: of the difference to a control step, where jets were "
        "moved by such, else of the change by the step. The step that flips half is the median of "
        "the smallest along the gradient, over all that were tried; it is not reached where fewer "
        "than half flip. Most wanted is the input with the largest mean gradient."
    )
    return [Table(["", *map(whole, columns)], rows, caption)]


def _verdicts(found: Compared) -> list[Table]:
    """Return a table, for each explanation, of what every observable does in every variation."""
    tables = []
    begin = "moved.unchanged."
    for explanation, each in found.items():
        known = {n.removeprefix(begin): None for own in each.values() for n in own if begin in n}
        columns = [place for place, own in each.items() if any(n.startswith(begin) for n in own)]
        rows: list[list[Cell]] = []
        for of in known:
            observable, _, toward = of.rpartition(".")
            cells = [_verdict(each[place], of) for place in columns]
            rows.append([Markup("<code>{}</code>").format(observable), toward, *cells])
        if rows:
            after = f" ({explanation})" if explanation else ""
            caption = (
                f"Which observables and inputs come nearer to the class stepped toward{after}, at "
                "the scale that is looked at of each class. Verdicts are at 95 %; one in twenty is "
                "chance. Where retrainings differ, they are not told apart."
            )
            if any(controlled(own) for own in each.values()):
                caption += (
                    " In brackets, than after a control step: as long, and turned at random. Only "
                    "what is nearer than that has the network picked up."
                )
            tables.append(Table(["observable", "toward", *map(whole, columns)], rows, caption))
    return tables


def _verdict(numbers: Numbers, of: str) -> Cell:
    """Return the verdict on one observable and class."""
    unchanged = numbers.get(f"moved.unchanged.{of}")
    if unchanged is None:
        return ""
    if unchanged["value"] == 1:
        return _marked(SAME)
    cell = _marked(_said(numbers, f"moved.verdict.{of}"))
    if f"moved.picked_up.{of}" not in numbers:
        return cell
    return Markup("{} ({})").format(cell, _marked(_said(numbers, f"moved.picked_up.{of}")))


def _said(numbers: Numbers, name: str) -> str:
    """Return what the sign of a number says; of retrainings that differ, it is neither."""
    value = numbers.get(name, {"value": 0.0})["value"]
    return {1.0: NEARER, -1.0: FARTHER}.get(value, OPEN)


def _marked(said: str) -> Markup:
    return Markup('<span class="verdict {}">{}</span>').format(_MARKS[said], said)


def _columns(found: Compared) -> list[str]:
    """Return the variations of which something is told."""
    return list(dict.fromkeys(place for each in found.values() for place in each))
