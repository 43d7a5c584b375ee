"""What each variation gains over the first, or another: a table for each axis."""

from __future__ import annotations

from collections.abc import Mapping

from markupsafe import Markup

from jetlens.report.content import Block, Cell, Table
from jetlens.report.numbers import in_percent, measured
from jetlens.report.variants import (
    Comparison,
    axes_of,
    bases_of,
    of_arguments,
    place_of,
    short,
    told_at,
)
from jetlens.report.words import whole
from jetlens.summarise.trainings.performances import BACKGROUND, EFFICIENCY


def gains(facts: Comparison) -> list[Block]:
    """Return a table of gains for each axis, and place to compare with, of which there are some."""
    blocks: list[Block] = []
    points = told_at(facts.variants, of_arguments(facts.numbers)[""], EFFICIENCY)
    names = ["accuracy", "auc", *(f"{EFFICIENCY}.at_{point}" for point in points)]
    for axis, first in ((a, place) for a, places in bases_of(facts).items() for place in places):
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
            for name in names:
                absolute = there.get(f"{start}{name}.vs.{first}")
                relative = there.get(f"{start}{name}.relative.vs.{first}")
                cells.append(_gain(absolute, relative if name.startswith(EFFICIENCY) else None))
            rows.append([*(whole(variant.places[a]) for a in axes_of(facts)), *cells])
        if rows:
            caption = (
                f"Gains over {first}, all else the same: mean differences between pairs of "
                "trainings, each of one seed and test sample. Of the efficiencies, the second "
                "number is the gain in per cent of what it is compared with. Intervals are errors "
                "of the mean difference: its standard error over the pairs, times Student's "
                "factor, and the test sample's 68 % bootstrap error, in quadrature."
            )
            head = [*(short(a) for a in axes_of(facts)), "accuracy", "area under the curve"]
            head += [f"efficiency at {p.removeprefix(BACKGROUND)} % background" for p in points]
            blocks.append(Table(head, rows, caption))
    return blocks


def _gain(absolute: Mapping[str, float] | None, relative: Mapping[str, float] | None) -> Cell:
    if absolute is None:
        return ""
    text = Markup("{}").format(measured(absolute))
    if relative is not None:
        text += Markup(", {}").format(measured(in_percent(relative), "%"))
    return text
