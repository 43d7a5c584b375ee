"""How well the tagger tags: areas, rejections, curves."""

from __future__ import annotations

from typing import Any

from jetlens.report.content import Block, Section, Table
from jetlens.report.facts import Facts
from jetlens.report.numbers import measured
from jetlens.summarise.performance import LIGHT
from jetlens.summarise.result import Result


def performance(facts: Facts) -> Section:
    """Return the tagger's performance on the test part, or on all jets of a given tagger."""
    blocks: list[Block] = []
    for result, drawn in facts.performance:
        if result.name == "performance":
            blocks += [
                _areas(result, "on the test part" if facts.history else "of these jets"),
                _rejections(result),
            ]
        blocks.append(drawn)
    return Section("performance", "Tagger performance", blocks)


def _areas(result: Result, where: str) -> Table:
    summary: Any = result.summary
    numbers = result.numbers()
    rows = []
    for background in summary.backgrounds(result):
        pair = f"{summary.signal}_vs_{LIGHT.get(background, background)}"
        if f"auc.{pair}" not in numbers:
            continue
        row: list[Any] = [f"{summary.signal} against {LIGHT.get(background, background)}"]
        for kind in ("auc", "auc.single", "auc.gain"):
            found = numbers.get(f"{kind}.{pair}")
            row.append("" if found is None else measured(found))
        rows.append(row)
    head = ["", "tagger", "best single variable", "gain"]
    caption = (
        f"Areas under the ROC curve {where}. The single variable is the jet's largest "
        "signed d0 significance; intervals are 68 % bootstrap intervals over events, of the gain "
        "with their correlation."
    )
    return Table(head, rows, caption)


def _rejections(result: Result) -> Table:
    summary: Any = result.summary
    points = summary.working_points(result)
    rows: list[list[Any]] = []
    for efficiency in summary.efficiencies:
        row: list[Any] = [f"{100 * efficiency:.0f} %"]
        for background in summary.backgrounds(result):
            match = [p for p in points if (p.background, p.efficiency) == (background, efficiency)]
            row += [
                measured({"value": p.rejection, "low": p.low, "high": p.high}) for p in match
            ] or [""]
        rows.append(row)
    names = [LIGHT.get(b, b) for b in summary.backgrounds(result)]
    caption = (
        f"Rejection (one over the efficiency) of each background at fixed {summary.signal}-jet "
        "efficiency, with 68 % binomial intervals."
    )
    return Table([f"{summary.signal} efficiency", *names], rows, caption)
