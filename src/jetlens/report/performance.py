"""How well the tagger tags: areas, rejections, curves."""

from __future__ import annotations

from typing import Any

import numpy as np

from jetlens.core.units import Feature
from jetlens.data.readers.ftag_variables import FEATURES
from jetlens.plots.shared.flavours import class_name
from jetlens.plots.shared.words import plain, said_of
from jetlens.report.content import Block, Cell, Section, Table
from jetlens.report.facts import Facts
from jetlens.report.numbers import measured
from jetlens.report.numbers import plain as plain_number
from jetlens.report.reach import NAME as REACH
from jetlens.report.words import html
from jetlens.summarise.jets.rows import rows_of
from jetlens.summarise.performance import LIGHT
from jetlens.summarise.result import Result
from jetlens.summarise.sums.curves import Curves, WorkingPoint, per_cent


def performance(facts: Facts) -> Section:
    """Return the tagger's performance on the test part, or on all jets of a given tagger."""
    blocks: list[Block] = []
    for result, drawn in facts.performance:
        if result.name == REACH:
            continue  # has a section of its own
        if result.name == "performance":
            blocks += [
                _areas(result, "on the test part" if facts.history else "of these jets"),
                _rejections(result),
            ]
        blocks.append(drawn)
    blocks += [p for p in facts.together if p.file.startswith("tagger-") and REACH not in p.file]
    return Section("performance", "Tagger performance", blocks)


def _areas(result: Result, where: str) -> Table:
    summary: Any = result.summary
    signal, numbers = summary.signal_of(result), result.numbers()
    called = class_name(signal)
    single = any(name.startswith("auc.single.") for name in numbers)
    kinds = ("auc", "auc.single", "auc.gain") if single else ("auc",)
    mistags = [per_cent(mistag) for mistag in summary.mistags]
    rows = []
    for background in summary.curves(result).backgrounds:
        name = LIGHT.get(background, background)
        wanted = [f"{kind}.{signal}_vs_{name}" for kind in kinds]
        wanted += [f"efficiency.{name}.at_{mistag}" for mistag in mistags]
        if wanted[0] in numbers:
            cells = [measured(numbers[n]) if n in numbers else "" for n in wanted]
            rows.append([html(f"{called} against {class_name(background)}"), *cells])
    head = ["", "area under the curve", *(["single variable", "gain"] if single else [])]
    head += [f"efficiency at {mistag} % background" for mistag in mistags]
    caption = f"Areas under the ROC curve and {called} efficiencies {where}. "
    if single:
        variable = plain(FEATURES.get(summary.variable, Feature(summary.variable)).title)
        whose = "jet's" if summary.collection == "jets" else "jet's largest"
        caption += f"The single variable is the {whose} {variable}. "
    caption += "Intervals are 68 % bootstrap intervals over events"
    caption += ", of the gain with their correlation." if single else "."
    caption += _condition(result)
    return Table(head, rows, html(said_of(rows_of(result), caption)))


def _rejections(result: Result) -> Table:
    summary: Any = result.summary
    curves: Curves = summary.curves(result)
    points = curves.working_points(summary.efficiencies)
    rows: list[list[Any]] = []
    for efficiency in summary.efficiencies:
        row: list[Any] = [f"{per_cent(efficiency)} %"]
        for background in curves.backgrounds:
            match = [p for p in points if (p.background, p.efficiency) == (background, efficiency)]
            row += [_rejection(p) for p in match] or [""]
        rows.append(row)
    names = [html(class_name(b)) for b in curves.backgrounds]
    signal = class_name(curves.signal)
    caption = (
        f"Rejection (one over the efficiency) of each background at fixed {signal} efficiency, "
        "with 68 % binomial intervals, or lower limits where no jet of the background passes."
    ) + _condition(result)
    head = [html(f"{signal} efficiency"), *names]
    return Table(head, rows, html(said_of(rows_of(result), caption)))


def _condition(result: Result) -> str:
    """Say which jets count, and where no signal jet does, what there is instead."""
    summary: Any = result.summary
    said = f" Jets: {summary.condition}." if summary.condition else ""
    missing = summary.missing(result)
    return f"{said} {missing[:1].upper()}{missing[1:]}." if missing else said


def _rejection(point: WorkingPoint) -> Cell:
    """Return a rejection with its interval, or its lower limit."""
    if np.isfinite(point.rejection):
        return measured({"value": point.rejection, "low": point.low, "high": point.high})
    return f"> {plain_number(point.low, 2)}"
