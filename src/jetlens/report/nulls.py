"""Does each tagger look at prongs? Its explanations' shares against nulls, over all trainings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from markupsafe import Markup

from jetlens.plots.shared.by_class import class_title
from jetlens.report.content import Block, Cell, Paragraph, Table
from jetlens.report.facts import Numbers
from jetlens.report.numbers import measured
from jetlens.report.numbers import plain as written
from jetlens.report.regions import HEAD, NULLS, about, against_null, name_of, nulls_of, tested
from jetlens.report.variants import (
    Comparison,
    Variant,
    axes_of,
    called,
    of_arguments,
    place_of,
    said_at,
    short,
    with_arguments,
)
from jetlens.report.words import html, whole
from jetlens.summarise.estimates import PAIRS
from jetlens.summarise.jets.regions import AREA

EVERY = "all"
_OVER = (
    "Of several trainings, the difference is their mean, and its interval the error of this mean: "
    "over the trainings by Student's t, and the test sample's, in quadrature. Of one training it "
    "is the test sample's alone: the verdict is on this tagger, not on others trained alike. "
)


def against_nulls(facts: Comparison) -> list[Block]:
    """Return tables of the first explanation for each task, and one of all the others."""
    blocks: list[Block] = []
    for arguments, numbers in of_arguments(facts.numbers).items():
        after = with_arguments(arguments)
        names = explanations_of(numbers, facts.explanations)
        for task in _tasks(facts):
            table = _full(facts, names[:1], task, numbers, after)
            blocks += [table] if table is not None else []
        rest = _brief(facts, names[1:], numbers, after)
        blocks += [rest] if rest is not None else []
    return [Paragraph(_OVER + about(facts.numbers)), *blocks] if blocks else []


def explanations_of(numbers: Numbers, known: Iterable[str]) -> list[str]:
    """Return the explanations that have shares in discs, in an order; a single one has no name."""
    starts = (f".{n}".partition(".attention_fraction.") for n in numbers)
    there = dict.fromkeys(before.removeprefix(".") for before, found, _ in starts if found)
    first = [name for name in known if name in there]
    return [*first, *(name for name in there if name not in first)]


def start_of(explanation: str, variant: Variant, of: str = "") -> str:
    """Return how names of a variation's numbers begin, up to the class; `of` gains, too."""
    place = place_of(variant.places)
    return ".".join(w for w in (explanation, "attention_fraction", of, place) if w)


def classes_of(numbers: Numbers, start: str) -> list[str]:
    """Return the classes that a variation has shares of; all jets together where there are none."""
    rest = (n.removeprefix(f"{start}.") for n in numbers if n.startswith(f"{start}."))
    found = dict.fromkeys(name.partition(".")[0] for name in rest)
    return [group for group in found if group != EVERY] or [*found]


def _tasks(facts: Comparison) -> list[list[Variant]]:
    """Return the variations that differ along the last axis alone."""
    found: dict[tuple[str, ...], list[Variant]] = {}
    for variant in facts.variants:
        found.setdefault(tuple(variant.places.values())[:-1], []).append(variant)
    return [*found.values()]


def _full(
    facts: Comparison, names: list[str], task: list[Variant], numbers: Numbers, after: str
) -> Table | None:
    """Return every test of an explanation, of variations that differ along the last axis."""
    *others, last = axes_of(facts)
    rows: list[tuple[str, list[Cell]]] = []
    for name in names:
        for variant in task:
            start = start_of(name, variant)
            for group in classes_of(numbers, start):
                begin = [whole(html(class_title(group))), whole(variant.places[last])]
                each = tested(numbers, f"{start}.{group}")
                rows += [(group, [*begin, *row]) for row in each]
    if not rows:
        return None
    there = said_at(facts, {axis: task[0].places[axis] for axis in others})
    words = ", ".join(w for w in (called(names[0], facts.explanations), there) if w)
    what = "the mean share in discs, what each null has there, and their ratio."
    caption = f"{words}{after}: {what}" if words else what
    order = list(dict.fromkeys(group for group, _ in rows))
    cells = [row for group in order for of, row in rows if of == group]
    return Table(["class", short(last), *HEAD, "trainings"], cells, _capital(caption))


def _brief(facts: Comparison, names: list[str], numbers: Numbers, after: str) -> Table | None:
    """Return enrichments with verdicts, a row for each explanation, variation and class."""
    axes = axes_of(facts)
    found = list(_rows(facts, names, numbers))
    nulls = [k for k in NULLS if any(k in nulls_of(numbers, start) for *_, start in found)]
    rows: list[list[Cell]] = []
    for name, variant, group, start in found:
        cells: list[Cell] = []
        for kind in nulls:
            over, test = (numbers.get(f"{start}.{w}.{kind}") for w in ("enrichment", "minus"))
            cells.append("" if over is None or test is None else _brief_cell(over, test))
        begin: list[Cell] = [called(name, facts.explanations), whole(html(class_title(group)))]
        places = [whole(variant.places[a]) for a in axes]
        of = _trainings(numbers, start)
        rows.append([*begin, *places, of, measured(numbers[start]), *cells])
    if not rows:
        return None
    head = ["explanation", "class", *map(short, axes), "trainings", "share"]
    head += [f"over {name_of(kind, nulls)}" for kind in nulls]
    caption = (
        f"The other explanations{after}: the mean share in discs, and its enrichment over each "
        "null, with the verdict of the paired difference."
    )
    return Table(head, rows, caption)


def _rows(
    facts: Comparison, names: list[str], numbers: Numbers
) -> Iterator[tuple[str, Variant, str, str]]:
    for name in names:
        for variant in facts.variants:
            start = start_of(name, variant)
            for group in classes_of(numbers, start):
                if f"{start}.{group}" in numbers:
                    yield name, variant, group, f"{start}.{group}"


def _trainings(numbers: Numbers, start: str) -> str:
    """Return over how many trainings a class's tests are."""
    return written(numbers.get(f"{start}.minus.{AREA}", {}).get(PAIRS, 1))


def _brief_cell(over: Mapping[str, float], test: Mapping[str, float]) -> Cell:
    return Markup("{} {}").format(measured(over), against_null(test))


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]
