"""The sections of a run's report, from the facts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from markupsafe import Markup

from jetlens.plots.shared.flavours import class_name
from jetlens.report.content import Cell, Section, Tile, Tiles
from jetlens.report.explanation import explained, explained_output
from jetlens.report.facts import Facts, Numbers
from jetlens.report.headlines import headlines
from jetlens.report.numbers import measured
from jetlens.report.performance import performance
from jetlens.report.provenance import provenance, repeats
from jetlens.report.reach import reach
from jetlens.report.setup import what_was_run
from jetlens.report.variants import PAGE
from jetlens.report.words import html, method
from jetlens.report.worth import worth
from jetlens.summarise.performance import LIGHT
from jetlens.summarise.result import Result
from jetlens.summarise.sums.curves import per_cent


def sections(facts: Facts) -> list[Section]:
    """Return all sections."""
    found = [overview(facts), what_was_run(facts), performance(facts)]
    if (search := reach(facts)) is not None:
        found.append(search)
    for explanation in facts.explanations:
        start = f"{explanation.name}-"
        together = [p for p in facts.together if p.file.startswith(start)]
        found += explained(explanation, len(facts.explanations) > 1, together)
    if facts.retrained is not None:
        found.append(worth(facts.retrained))
    if len(facts.repeats) > 1:
        found.append(repeats(facts))
    return [*found, provenance(facts)]


def abstract(facts: Facts) -> list[Cell]:
    """Say in two sentences what was done."""
    data, tagger = facts.recipe["data"], facts.tagger
    source = f"process {data['process']!r}" if "process" in data else f"dataset {data['use']!r}"
    size = facts.recipe.get("tagger", {}).get("size")
    kind = f"{tagger['use']}, size {size!r}" if facts.history and size else tagger["use"]
    said_of = f"A tagger ({kind}) with {tagger['parameters']:,} parameters"
    if facts.history:
        jets = sum(facts.history["jets"]["kept"].values())
        weighted = "weighted " if facts.history["jets"]["resample"] == "weight" else ""
        said_of += f", trained on {jets:,} {weighted}{facts.rows} of {source},"
    tested = f"{sum(facts.test.values()):,} {facts.rows}"
    told: list[Cell] = [f"{said_of} is tested on {tested} that it has not seen."]
    if not facts.history:
        told = [f"{said_of} is applied to {tested} of {source}."]
    for e in facts.explanations:
        which = f"correctly tagged {e.rows}" if e.settings["select"] == "correct" else e.rows
        told.append(
            f"What it says ({explained_output(e.settings)}) is explained for {e.jets:,} {which} "
            f"with {method(e.settings['use'])}."
        )
    if facts.variation:
        told.append(
            Markup(
                'This is one of several variations; <a href="../{}">all of them are compared</a> '
                "on a page of their own."
            ).format(PAGE)
        )
    return told


def overview(facts: Facts) -> Section:
    """Return the headline numbers."""
    numbers = facts.numbers
    tiles: list[Tile | None] = []
    for result, _ in facts.performance:
        if result.name == "performance":
            tiles += _performance(result, numbers)
            break
    first = {
        (explanation.name, result.name): result
        for explanation in facts.explanations
        for result, _ in reversed(explanation.results)
    }
    times = Counter(summary for _, summary in first)
    for explanation in facts.explanations:
        for name in dict.fromkeys(result.name for result, _ in explanation.results):
            which = explanation.name if times[name] > 1 else ""
            tiles += headlines(first[explanation.name, name], which)
    return Section("overview", "In short", [Tiles([t for t in tiles if t is not None])])


def _performance(result: Result, numbers: Numbers) -> list[Tile | None]:
    """Return how well the tagger tags, against the first two backgrounds."""
    summary: Any = result.summary
    signal = summary.signal_of(result)
    called = class_name(signal)
    backgrounds = _by_importance(summary.curves(result).backgrounds)[:2]
    tiles = []
    for background in backgrounds:
        pair = f"{signal}_vs_{LIGHT.get(background, background)}"
        words = f"AUC, {called} against {class_name(background)}"
        tiles.append(_tile(numbers, f"auc.{pair}", words, f"auc.single.{pair}"))
    for background in backgrounds:
        name, other = LIGHT.get(background, background), class_name(background)
        if len(backgrounds) > 1:
            words = f"Rejection of {other} at 77 % {called} efficiency"
            tiles.append(_tile(numbers, f"rejection.{name}.at_77", words))
            continue
        for mistag in map(per_cent, summary.mistags):
            words = f"Efficiency of {called} at {mistag} % {other}"
            tiles.append(_tile(numbers, f"efficiency.{name}.at_{mistag}", words))
    several = ", all classes" if len(backgrounds) > 1 else ""
    return [*tiles, _tile(numbers, "accuracy", f"Accuracy{several}")]


def _by_importance(backgrounds: Sequence[str]) -> list[str]:
    """Return the backgrounds, light flavour first: it is the most frequent."""
    return sorted(backgrounds, key=lambda name: name != "u")


def _tile(numbers: Numbers, name: str, label: str, single: str = "") -> Tile | None:
    if name not in numbers:
        return None
    note: str | Markup = ""
    if single in numbers:
        note = Markup("best single variable: {}").format(measured(numbers[single]))
    return Tile(html(label), measured(numbers[name]), note)
