"""Which numbers of an explanation stand on top of its report, in few words each."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from markupsafe import Markup, escape

from jetlens.plots.moved.flip_distance import FLIPPING
from jetlens.plots.shared.flavours import class_name
from jetlens.plots.shared.words import features, said_of
from jetlens.report.content import Tile
from jetlens.report.explanation import statements_under
from jetlens.report.facts import Numbers
from jetlens.report.flips import NOT_REACHED
from jetlens.report.numbers import in_percent, measured, percent
from jetlens.report.words import html
from jetlens.summarise.flip_distance import OF_ALL
from jetlens.summarise.jets.regions import IN_PATCHES, PT
from jetlens.summarise.jets.rows import rows_of
from jetlens.summarise.result import Result
from jetlens.summarise.statements import HOLDS, UNDECIDED


class Headline(NamedTuple):
    """A number that stands on top.

    Attributes
    ----------
    name
        Its name, as a regular expression. Where several fit, each has a tile; what its named
        groups find may stand in the label (``group`` is a class).
    label
        What it is.
    per_cent
        Whether it is told in per cent.
    beside
        What stands below it: words with ``{}`` in the place of another number, and the name of
        this, which is the first one's and more if it begins with a dot. Both are in per cent, or
        neither is.
    """

    name: str
    label: str
    per_cent: bool = False
    beside: tuple[tuple[str, str], ...] = ()


HEADLINES: Mapping[str, tuple[Headline, ...]] = {
    "completeness": (
        Headline(r"completeness\.relative\.all\.p99", "Completeness error, 99th percentile"),
        Headline(r"converged\.all", "Jets whose integral converged", per_cent=True),
    ),
    "conservation": (
        Headline(r"conservation\.absorbed\.all", "Relevance absorbed on the way", per_cent=True),
    ),
    "attention-rank": (
        Headline(
            r"attention_rank\.all\.leading_(?P<many>\d+)",
            "Attention on the {many} leading particles",
            per_cent=True,
            beside=(("even shares: {}", ".uniform"), ("their pT: {}", ".pt")),
        ),
    ),
}
"""By summary."""


def headlines(result: Result, explanation: str = "") -> list[Tile]:
    """Return the tiles of a result.

    Parameters
    ----------
    result
        The result.
    explanation
        The name of its explanation, where there are several with this summary.
    """
    numbers = result.numbers()
    found = [t for h in HEADLINES.get(result.name, ()) for t in _tiles(h, numbers)]
    if result.name in _COUNTED:
        found += _COUNTED[result.name](result, numbers)
    rows, after = rows_of(result), f" ({explanation})" if explanation else ""
    return [Tile(Markup(said_of(rows, escape(t.label))) + after, t.number, t.note) for t in found]


def _tiles(headline: Headline, numbers: Numbers) -> Iterator[Tile]:
    """Make the tiles of all numbers that fit."""
    for name in numbers:
        if (fits := re.fullmatch(headline.name, name)) is None:
            continue
        words = {k: class_name(v) if k == "group" else v for k, v in fits.groupdict().items()}
        below = []
        for text, other in headline.beside:
            full = name + other if other.startswith(".") else other
            if full in numbers:
                below.append(Markup(text).format(_shown(numbers[full], headline.per_cent)))
        note = Markup("; ").join(below)
        label = html(headline.label.format(**words))
        yield Tile(label, _shown(numbers[name], headline.per_cent), note)


def _shown(number: Mapping[str, float], per_cent: bool) -> Markup:
    return measured(in_percent(number), "%") if per_cent else measured(number)


def _statements(result: Result, _: Numbers) -> list[Tile]:
    """Count the statements that hold."""
    rows = statements_under(result, "sum")
    held = sum(r.verdict == HOLDS for r in rows)
    undecided = sum(r.verdict == UNDECIDED for r in rows)
    note = f"{undecided} undecided, {len(rows) - held - undecided} do not hold"
    return [Tile("Physics statements that hold", f"{held} of {len(rows)}", note)]


def _moved(_: Result, numbers: Numbers) -> list[Tile]:
    """Tell the scale, what flips there, and how many observables come nearer."""
    if "moved.at" not in numbers:
        return []
    scale = numbers.get("moved.scale")
    label = "Scale at which jets are nearest to their class"
    if scale is None:
        label, scale = "Scale looked at (none is recommended)", numbers["moved.at"]
    flipped = _shown(numbers["moved.flipped"], per_cent=True) if "moved.flipped" in numbers else ""
    at = numbers["moved.at"]["value"]
    where = "" if at == scale["value"] else f" at {at:g}"
    note = Markup("{} of decisions flip{}").format(flipped, where) if flipped else ""
    found = [Tile(label, measured(scale), note)]
    near = nearer_by_class(numbers)
    if near:
        each = [html(f"toward {class_name(c)}: {n} of {m}") for c, (n, m) in near.items()]
        n, m = (sum(column) for column in zip(*near.values(), strict=True))
        note = Markup("; ").join(each)
        than = " than after a control step" if controlled(numbers) else ""
        words = f"Observables and inputs that come nearer{than}"
        found.append(Tile(words, f"{n} of {m}", note))
    return found


def nearer_by_class(numbers: Numbers, start: str = "moved.") -> dict[str, tuple[int, int]]:
    """Return how many observables come nearer by a step toward each class, and of how many.

    With a control, it is those that come nearer than by its step.
    """
    found: dict[str, tuple[int, int]] = {}
    begin = f"{start}unchanged."
    verdict = f"{start}{'picked_up' if controlled(numbers, start) else 'verdict'}."
    for name in numbers:
        if name.startswith(begin):
            of = name.removeprefix(begin)
            toward = of.rpartition(".")[2]
            n, m = found.get(toward, (0, 0))
            found[toward] = n + (numbers.get(verdict + of, {"value": 0.0})["value"] == 1), m + 1
    return found


def controlled(numbers: Numbers, start: str = "moved.") -> bool:
    """Say whether jets were moved by control steps, too."""
    return any(name.startswith(f"{start}control.") for name in numbers)


def _flips(_: Result, numbers: Numbers) -> list[Tile]:
    """Tell how many decisions flip, and the median step of all jets: of some, it says so."""
    share = Headline(r"flip\.share\.all", "Decisions that a step flips", per_cent=True)
    words, some = "Smallest step that flips, median, in spreads", "flip.step.all"
    beside = ((f"{{}} of {FLIPPING}", some),)
    every = Headline(rf"flip\.step{OF_ALL}\.all", words, beside=beside)
    found = [*_tiles(share, numbers), *_tiles(every, numbers)]
    if len(found) == 1 and some in numbers:  # fewer than half flip
        note = Markup("{} of {}").format(measured(numbers[some]), FLIPPING)
        found.append(Tile(words, NOT_REACHED, note))
    return found


def _wanted(result: Result, numbers: Numbers) -> list[Tile]:
    """Tell the feature that the tagger wants to change most."""
    summary: Any = result.summary
    ranking = summary.ranking(result, "all")
    size = numbers.get(f"wanted_change.all.{ranking[0]}.size") if ranking else None
    if size is None:
        return []
    titles = {f.name: f.title for f in features(result)}
    unit = "spread" if result.sums.attrs["unit"] == "spread" else "unit of the input"
    note = Markup("{} per {}").format(measured(size), unit)
    first = numbers.get(f"wanted_change.all.{ranking[0]}.first")
    if first is not None:
        note += Markup("; the largest in {} of replicas").format(percent(first["value"]))
    return [Tile("Feature it wants to change most", html(titles[ranking[0]]), note)]


def _prongs(_: Result, numbers: Numbers) -> list[Tile]:
    """Tell the enrichment over the pT, in the patches of the explanation where it has some."""
    words = {IN_PATCHES: " in patches", PT: ""}
    null = next((k for k in words if f"attention_fraction.all.enrichment.{k}" in numbers), PT)
    what = f"Share looked at in the discs over that of the pT{words[null]}, {{group}}"
    name = rf"attention_fraction\.(?P<group>(?!all\.)[^.]+)\.enrichment\.{null}"
    return [*_tiles(Headline(name, what), numbers)]


_COUNTED: Mapping[str, Callable[[Result, Numbers], list[Tile]]] = {
    "statements": _statements,
    "moved-observables": _moved,
    "wanted-change": _wanted,
    "flip-distance": _flips,
    "attention-fraction": _prongs,
}
"""By summary, what takes more than a number."""
