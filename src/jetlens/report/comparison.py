"""The page about a study's variations: what was varied, how each does, where its own page is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote

from markupsafe import Markup

from jetlens.report.content import Block, Cell, Listing, Paragraph, Picture, Section, Table
from jetlens.report.facts import Numbers
from jetlens.report.numbers import measured, plain, shown
from jetlens.report.outcome import best_of, orders_of
from jetlens.report.provenance import versions
from jetlens.report.setup import an_epoch
from jetlens.report.verdicts import against_first, beaten
from jetlens.report.words import method
from jetlens.report.worth import worth_of_orders
from jetlens.summarise.trainings.gains import MISTAGS

PAGE = "report.html"
_HEADLINES = {
    "accuracy.{}": "accuracy",
    "auc.{}": "area under the curve",
    **{
        f"efficiency.{{}}.at_background_{100 * m:.0f}": (
            f"signal efficiency at {100 * m:.0f} % background"
        )
        for m in MISTAGS
    },
}


@dataclass(frozen=True)
class Variant:
    """One variation.

    Attributes
    ----------
    name
        Its folder.
    places
        Its place on each axis.
    tagger
        ``use``, ``parameters`` and ``inputs``.
    epochs
        How many epochs each of its retrainings took.
    numbers
        Its own headline numbers.
    seconds
        How long each epoch of its retrainings took.
    """

    name: str
    places: Mapping[str, str]
    tagger: Mapping[str, Any]
    epochs: Sequence[int]
    numbers: Numbers
    seconds: Sequence[float] = ()


@dataclass(frozen=True)
class Comparison:
    """A study with variations.

    Attributes
    ----------
    recipe, recipe_text
        The recipe with its axes, as tables, and as text without what every variation replaces.
    variants
        The variations.
    pictures
        Names of summaries with the figures that compare them.
    numbers
        What the comparison found.
    provenance
        That of the first variation, of which all is shown that holds for every variation.
    retrained
        Names of variations with the curves of their retrainings on the most relevant inputs.
    """

    recipe: Mapping[str, Any]
    recipe_text: str
    variants: Sequence[Variant]
    pictures: Sequence[tuple[str, Picture]]
    numbers: Numbers
    provenance: Mapping[str, Any]
    retrained: Sequence[tuple[str, Picture]] = ()


def abstract(facts: Comparison) -> list[str]:
    """Say in a few sentences what was varied."""
    axes = {a: len(places) for a, places in _axes(facts).items()}
    product = " times ".join(f"{n} of {axis}" for axis, n in axes.items() if n > 1)
    repeats = facts.recipe["repeats"]
    words = f"{len(facts.variants)} variations of one study"
    words += f" ({product}) are compared." if product else "."
    if repeats > 1:
        anew = ", each time on another split of the events" if facts.recipe.get("resplit") else ""
        words += f" Each is trained {repeats} times, with seeds of its own{anew}."
    explained = ", ".join(dict.fromkeys(method(e["use"]) for e in facts.recipe.get("explain", ())))
    if explained:
        words += (
            f" What the taggers say of jets that they have not seen is explained by {explained}."
        )
    return [words]


def sections(facts: Comparison) -> list[Section]:
    """Return all sections."""
    found = [_overview(facts), _varied(facts)]
    by_summary: dict[str, list[Block]] = {}
    for name, picture in facts.pictures:
        by_summary.setdefault(name, []).append(picture)
    performance = [*by_summary.pop("performance", ()), *_gains(facts)]
    table = against_first(_axes(facts), facts.numbers, _trainings(facts))
    performance += [table] if table is not None else []
    if performance:
        found.append(Section("performance", "Performance", performance))
    for name, blocks in by_summary.items():
        first = next(b for b in blocks if isinstance(b, Picture))
        found.append(Section(name, str(first.title).partition(",")[0], blocks))
    worth = worth_of_orders({link(v.name): v.numbers for v in facts.variants})
    if worth is not None:
        curves = [_of_variation(name, picture) for name, picture in facts.retrained]
        found.append(Section("worth", "Retrained on the most relevant inputs", [*curves, worth]))
    # jets and taggers differ: their hashes stand on each variation's page
    common = {name: told for name, told in facts.provenance.items() if name != "hashes"}
    table = versions(common)
    listing = Listing(
        "The recipe, resolved, without what every variation replaces", facts.recipe_text
    )
    return [*found, Section("provenance", "Provenance", [table, listing])]


def place_of(places: Mapping[str, str]) -> str:
    """Return the places as they stand in names of numbers."""
    return ",".join(places.values())


def _axes(facts: Comparison) -> dict[str, list[str]]:
    found: dict[str, dict[str, None]] = {}
    for variant in facts.variants:
        for axis, place in variant.places.items():
            found.setdefault(axis, {})[place] = None
    return {axis: list(places) for axis, places in found.items()}


def link(name: str) -> Cell:
    """Return a link to a variation's own page."""
    return Markup('<a href="{}/{}">{}</a>').format(quote(name), PAGE, name)


def _of_variation(name: str, picture: Picture) -> Picture:
    """Return a figure of one variation, which its title names."""
    return replace(picture, title=Markup("{}: {}").format(picture.title, link(name)))


def _overview(facts: Comparison) -> Section:
    axes = list(_axes(facts))
    heads = {
        pattern: words
        for pattern, words in _HEADLINES.items()
        if any(pattern.format(place_of(v.places)) in facts.numbers for v in facts.variants)
    }
    rows: list[list[Cell]] = []
    for variant in facts.variants:
        place = place_of(variant.places)
        row: list[Cell] = [_whole(variant.places[axis]) for axis in axes]
        for pattern in heads:
            number = facts.numbers.get(pattern.format(place))
            row.append("" if number is None else measured(number))
        page = Markup('<a href="{}/{}">its&nbsp;page</a>').format(quote(variant.name), PAGE)
        rows.append([*row, page])
    head = [*(_short(a) for a in axes), *heads.values(), ""]
    said = [
        *beaten(_axes(facts), facts.numbers),
        *best_of(_axes(facts), facts.numbers),
        *orders_of({v.name: v.numbers for v in facts.variants}),
    ]
    table = Table(head, rows, _errors(facts))
    return Section("overview", "In short", [*map(Paragraph, said), table])


def _trainings(facts: Comparison) -> str:
    """Say of how many trainings a difference is, and what these share."""
    repeats = facts.recipe["repeats"]
    if repeats == 1:
        return "One training each, tested on the same jets."
    split = ", each on a split of its own," if facts.recipe.get("resplit") else ""
    return f"Means over {repeats} pairs of trainings{split} of one seed and test sample."


def _errors(facts: Comparison) -> str:
    if facts.recipe["repeats"] == 1:
        return "The variations, on their test jets. Intervals are 68 % bootstrap intervals."
    return (
        f"The variations, on their test jets: means over {facts.recipe['repeats']} retrainings. "
        "Intervals say where another training, tested on another sample, would come out: the "
        "standard deviation over the retrainings and the test sample's 68 % bootstrap error of "
        "their mean, in quadrature."
    )


def _varied(facts: Comparison) -> Section:
    blocks: list[Block] = []
    for axis, alternatives in facts.recipe["vary"].items():
        if isinstance(alternatives, Mapping):
            rows = [
                [name, Markup("<br>").join(_changes(changes))]
                for name, changes in alternatives.items()
            ]
            blocks.append(Table([axis, "what it changes"], rows, ""))
        else:
            values = ", ".join(shown(v) for v in alternatives)
            text = Markup("<code>{}</code>: {}.").format(axis, values)
            blocks.append(Paragraph(text))
    rows = [
        [
            link(v.name),
            v.tagger["use"],
            plain(v.tagger["parameters"]),
            "; ".join(f"{c}: {', '.join(names)}" for c, names in v.tagger["inputs"].items()),
            ", ".join(map(str, v.epochs)),
            an_epoch(v.seconds) if v.seconds else "",
        ]
        for v in facts.variants
    ]
    head = ["variation", "tagger", "parameters", "inputs", "epochs", "an epoch"]
    caption = (
        "What each variation trains, the epochs that its trainings took, and the median time of "
        "an epoch with its validation, beside whatever else the machine did."
    )
    return Section("run", "What was varied", [*blocks, Table(head, rows, caption)])


def _changes(tree: Mapping[str, Any], before: str = "") -> list[Markup]:
    """Return changes as lines of dotted keys and values."""
    found: list[Markup] = []
    for key, value in tree.items():
        if isinstance(value, Mapping) and "use" not in value:
            found += _changes(value, f"{before}{key}.")
        else:
            found.append(Markup("<code>{}</code> = {}").format(before + key, _value(value)))
    return found


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        rest = {k: v for k, v in value.items() if k != "use"}
        words = ", ".join(f"{k} {_value(v)}" for k, v in rest.items())
        return f"{value['use']}{f' ({words})' if words else ''}" if "use" in value else words
    if isinstance(value, list):
        return ", ".join(map(_value, value))
    return shown(value)


def _gains(facts: Comparison) -> list[Block]:
    """Return a table of gains for each axis along which there are some."""
    blocks: list[Block] = []
    for axis, places in _axes(facts).items():
        first = places[0]
        rows: list[list[Cell]] = []
        for variant in facts.variants:
            start = f"gain.{place_of(variant.places)}."
            there = {
                n: v
                for n, v in facts.numbers.items()
                if n.startswith(start) and n.endswith(f".vs.{first}")
            }
            if not there or variant.places[axis] == first:
                continue
            cells: list[Cell] = []
            for name in ("accuracy", "auc", *_efficiencies()):
                absolute = there.get(f"{start}{name}.vs.{first}")
                relative = there.get(f"{start}{name}.relative.vs.{first}")
                cells.append(_gain(absolute, relative if "efficiency" in name else None))
            rows.append([*(_whole(variant.places[a]) for a in _axes(facts)), *cells])
        if rows:
            caption = (
                f"Gains over {first}, all else the same: mean differences between trainings of the "
                "same seed, tested on the same jets. Of the efficiencies, the second number is the "
                "gain in per cent of what it is compared with. Intervals are errors of the mean "
                "difference: its standard error over the retrainings, times Student's factor, and "
                "the test sample's 68 % bootstrap error, in quadrature."
            )
            head = [*(_short(a) for a in _axes(facts)), "accuracy", "area under the curve"]
            head += [f"efficiency at {100 * m:.0f} % background" for m in MISTAGS]
            blocks.append(Table(head, rows, caption))
    return blocks


def _efficiencies() -> list[str]:
    return [f"efficiency.at_background_{100 * m:.0f}" for m in MISTAGS]


def _gain(absolute: Mapping[str, float] | None, relative: Mapping[str, float] | None) -> Cell:
    if absolute is None:
        return ""
    text = Markup("{}").format(measured(absolute))
    if relative is not None:
        per_cent = {k: 100 * v for k, v in relative.items()}
        text += Markup(', <span class="number">{}&thinsp;%</span>').format(measured(per_cent))
    return text


def _whole(words: str) -> Cell:
    """Return words that stay on one line."""
    return Markup('<span class="number">{}</span>').format(words)


def _short(axis: str) -> str:
    return axis.rpartition(".")[2].replace("_", " ")
