"""The sections of a run's report, from the facts."""

from __future__ import annotations

from markupsafe import Markup

from jetlens.report.content import Section, Tile, Tiles
from jetlens.report.explanation import explained, explained_output, rows_of
from jetlens.report.facts import Facts, Numbers
from jetlens.report.numbers import measured, percent
from jetlens.report.performance import performance
from jetlens.report.provenance import provenance, repeats
from jetlens.report.setup import what_was_run
from jetlens.summarise.result import Result
from jetlens.summarise.statements import HOLDS, UNDECIDED


def sections(facts: Facts) -> list[Section]:
    """Return all sections."""
    found = [overview(facts), what_was_run(facts), performance(facts)]
    for explanation in facts.explanations:
        found += explained(explanation, several=len(facts.explanations) > 1)
    if len(facts.repeats) > 1:
        found.append(repeats(facts))
    return [*found, provenance(facts)]


def abstract(facts: Facts) -> list[str]:
    """Say in two sentences what was done."""
    data, tagger = facts.recipe["data"], facts.tagger
    source = f"process {data['process']!r}" if "process" in data else f"dataset {data['use']!r}"
    size = facts.recipe.get("tagger", {}).get("size")
    kind = f"{tagger['use']} tagger" + (f" (size {size!r})" if facts.history and size else "")
    said_of = f"A {kind} with {tagger['parameters']:,} parameters"
    if facts.history:
        jets = sum(facts.history["jets"]["kept"].values())
        weighted = "weighted " if facts.history["jets"]["resample"] == "weight" else ""
        said_of += f", trained on {jets:,} {weighted}jets of {source},"
    told = [f"{said_of} is tested on {sum(facts.test.values()):,} jets that it has not seen."]
    if not facts.history:
        told = [f"{said_of} is applied to {sum(facts.test.values()):,} jets of {source}."]
    for e in facts.explanations:
        which = "correctly tagged jets" if e.settings["select"] == "correct" else "jets"
        told.append(
            f"What it says ({explained_output(e.settings)}) is explained for {e.jets:,} {which} "
            f"with {e.settings['use'].replace('-', ' ')}."
        )
    return told


def overview(facts: Facts) -> Section:
    """Return the headline numbers."""
    numbers = facts.numbers
    tiles = [
        _tile(numbers, "auc.b_vs_light", "AUC, b against light", "auc.single.b_vs_light"),
        _tile(numbers, "auc.b_vs_c", "AUC, b against c", "auc.single.b_vs_c"),
        _tile(numbers, "rejection.light.at_77", "Light rejection at 77 % b-efficiency"),
        _tile(numbers, "rejection.c.at_77", "c rejection at 77 % b-efficiency"),
        _tile(numbers, "accuracy", "Accuracy, all classes"),
    ]
    for explanation in facts.explanations:
        first: dict[str, Result] = {}
        for result, _ in explanation.results:
            first.setdefault(result.name, result)
        for result in first.values():
            tiles += _headlines(result)
    return Section("overview", "In short", [Tiles([t for t in tiles if t is not None])])


def _tile(numbers: Numbers, name: str, label: str, single: str = "") -> Tile | None:
    if name not in numbers:
        return None
    note: str | Markup = ""
    if single in numbers:
        note = Markup("best single variable: {}").format(measured(numbers[single]))
    return Tile(label, measured(numbers[name]), note)


def _headlines(result: Result) -> list[Tile | None]:
    numbers = result.numbers()
    if result.name == "statements":
        rows = rows_of(result, "sum")
        held = sum(r.verdict == HOLDS for r in rows)
        undecided = sum(r.verdict == UNDECIDED for r in rows)
        note = f"{undecided} undecided, {len(rows) - held - undecided} do not hold"
        return [Tile("Physics statements that hold", f"{held} of {len(rows)}", note)]
    if result.name == "completeness":
        tiles = [
            _tile(numbers, "completeness.relative.all.p99", "Completeness error, 99th percentile")
        ]
        if "converged.all" in numbers:
            share = Markup("{}").format(percent(numbers["converged.all"]["value"]))
            tiles.append(Tile("Jets whose integral converged", share))
        return tiles
    return []
