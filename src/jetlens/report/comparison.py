"""The page about a study's variations: what was varied, how each does, where its own page is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from math import prod
from urllib.parse import quote

from markupsafe import Markup

from jetlens.report.caveats import caveats
from jetlens.report.content import Block, Cell, Listing, Paragraph, Picture, Section, Table
from jetlens.report.gains import gains
from jetlens.report.in_short import in_short
from jetlens.report.moved_compared import moved_compared
from jetlens.report.numbers import measured
from jetlens.report.outcome import best_of, orders_of
from jetlens.report.prongs import NAME as PRONGS
from jetlens.report.prongs import prongs
from jetlens.report.provenance import versions
from jetlens.report.rejections import rejections
from jetlens.report.spent import spent
from jetlens.report.streams import NAME as STREAM_USE
from jetlens.report.streams import stream_use
from jetlens.report.variants import (
    PAGE,
    Comparison,
    axes_of,
    baselines,
    bases_of,
    link,
    of_arguments,
    place_of,
    short,
    told_at,
)
from jetlens.report.varied import varied
from jetlens.report.verdicts import against_first
from jetlens.report.words import method, whole
from jetlens.report.worth import worth_of_orders
from jetlens.summarise.trainings.performances import BACKGROUND, EFFICIENCY

_TABLES = {STREAM_USE: stream_use, PRONGS: prongs}
"""What the figures of a summary have beside them."""


def abstract(facts: Comparison) -> list[str]:
    """Say in a few sentences what was varied."""
    axes = {a: len(places) for a, places in axes_of(facts).items()}
    product = " times ".join(f"{n} of {axis}" for axis, n in axes.items() if n > 1)
    if prod(axes.values()) > len(facts.variants):
        product += ", but for what is left out"
    words = f"{len(facts.variants)} variations of one study"
    words += f" ({product}) are compared." if product else "."
    if _repeated(facts):
        anew = ", each time on another split of the events" if facts.recipe.get("resplit") else ""
        words += f" Each is trained {_many(facts)} times, with seeds of its own{anew}."
    explained = ", ".join(dict.fromkeys(method(use) for use in _explained(facts)))
    if explained:
        words += (
            f" What the taggers say of {facts.rows} that they have not seen is explained by "
            f"{explained}."
        )
    return [words]


def sections(facts: Comparison) -> list[Section]:
    """Return all sections."""
    found = [_overview(facts), *caveats(facts), varied(facts)]
    by_summary: dict[str, list[Block]] = {}
    for name, picture in facts.pictures:
        by_summary.setdefault(name, []).append(picture)
    performance = [*by_summary.pop("performance", ()), *spent(facts, _errors(facts))]
    performance += rejections(facts, _errors(facts))
    performance += gains(facts)
    for base in _bases(facts):
        table = against_first(axes_of(facts), facts.numbers, _trainings(facts), base)
        performance += [table] if table is not None else []
    if performance:
        found.append(Section("performance", "Performance", performance))
    for name, blocks in by_summary.items():
        first = next(b for b in blocks if isinstance(b, Picture))
        more = _TABLES[name](facts) if name in _TABLES else []
        found.append(Section(name, str(first.title).partition(",")[0], [*more, *blocks]))
    found += moved_compared(facts)
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


def _of_variation(name: str, picture: Picture) -> Picture:
    """Return a figure of one variation, which its title names."""
    return replace(picture, title=Markup("{}: {}").format(picture.title, link(name)))


def _overview(facts: Comparison) -> Section:
    axes = list(axes_of(facts))
    points = told_at(facts.variants, of_arguments(facts.numbers)[""], EFFICIENCY)
    mistags = [point.removeprefix(BACKGROUND) for point in points]
    patterns = {"accuracy.{}": "accuracy", "auc.{}": "area under the curve"}
    patterns |= {
        f"{EFFICIENCY}.{{}}.at_{BACKGROUND}{m}": f"signal efficiency at {m} % background"
        for m in mistags
    }
    heads = {
        pattern: words
        for pattern, words in patterns.items()
        if any(pattern.format(place_of(v.places)) in facts.numbers for v in facts.variants)
    }
    rows: list[list[Cell]] = []
    for variant in facts.variants:
        place = place_of(variant.places)
        row: list[Cell] = [whole(variant.places[axis]) for axis in axes]
        for pattern in heads:
            number = facts.numbers.get(pattern.format(place))
            row.append("" if number is None else measured(number))
        page = Markup('<a href="{}/{}">page</a>').format(quote(variant.name), PAGE)
        rows.append([*row, page])
    head = [*(short(a) for a in axes), *heads.values(), ""]
    there = [tuple(v.places.values())[:-1] for v in baselines(facts)]
    said = [
        *(best_of(axes_of(facts), facts.numbers, mistags[0], there) if mistags else ()),
        *orders_of({v.name: v.numbers for v in facts.variants}),
    ]
    table = Table(head, rows, f"The variations, on their test {facts.rows}. {_errors(facts)}")
    return Section("overview", "In short", [*in_short(facts), *map(Paragraph, said), table])


def _bases(facts: Comparison) -> list[str]:
    """Return the places on the last axis that others are compared with."""
    return [*bases_of(facts).values()][-1] if axes_of(facts) else []


def _explained(facts: Comparison) -> list[str]:
    """Return the explanations of all variations, some of which have others than the recipe."""
    found: list[str] = []
    for variant in facts.variants:
        own = facts.recipe.get("explain", ())
        for axis, place in variant.places.items():
            alternatives = facts.recipe["vary"][axis]
            changes = alternatives[place] if isinstance(alternatives, Mapping) else {}
            if isinstance(others := changes.get("explain"), list):  # a table changes parts of them
                own = others
        found += [e["use"] for e in own]
    return found


def _repeated(facts: Comparison) -> bool:
    return max(len(v.epochs) for v in facts.variants) > 1


def _many(facts: Comparison) -> str:
    """Return how many trainings each variation has."""
    many = sorted({len(v.epochs) for v in facts.variants})
    return f"{many[0]}" if len(many) == 1 else f"{many[0]} to {many[-1]}"


def _trainings(facts: Comparison) -> str:
    """Say of how many trainings a difference is, and what these share."""
    if not _repeated(facts):
        return f"One training each, tested on the same {facts.rows}."
    split = ", each on a split of its own" if facts.recipe.get("resplit") else ""
    return (
        f"Means over {_many(facts)} pairs of trainings{split} (of rejections and limits geometric "
        "means of the ratio); the two of a pair have one seed and one test sample."
    )


def _errors(facts: Comparison) -> str:
    if not _repeated(facts):
        return "Intervals are 68 % bootstrap intervals."
    return (
        f"Means over {_many(facts)} retrainings (of rejections, limits and "
        "significances geometric ones). Intervals say where another training, tested on another "
        "sample, would come out: the standard deviation over the retrainings and the test sample's "
        "68 % bootstrap error of their mean, in quadrature."
    )
