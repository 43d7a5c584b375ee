"""What variations reject of the background at fixed signal efficiencies."""

from __future__ import annotations

from jetlens.report.content import Block, Cell, Table
from jetlens.report.numbers import measured
from jetlens.report.variants import (
    Comparison,
    axes_of,
    of_arguments,
    place_of,
    short,
    told_at,
    with_arguments,
)
from jetlens.report.words import whole
from jetlens.summarise.trainings.performances import REJECTION


def rejections(facts: Comparison, errors: str) -> list[Block]:
    """Return a table for each summary of performance that tells of rejections.

    Parameters
    ----------
    facts
        The comparison.
    errors
        What intervals are.
    """
    blocks: list[Block] = []
    for arguments, numbers in of_arguments(facts.numbers).items():
        points = told_at(facts.variants, numbers, REJECTION)
        rows: list[list[Cell]] = []
        for variant in facts.variants:
            start = f"{REJECTION}.{place_of(variant.places)}.at_"
            found = [numbers.get(start + point) for point in points]
            cells = ["" if number is None else measured(number) for number in found]
            rows.append([*(whole(variant.places[a]) for a in axes_of(facts)), *cells])
        if points:
            head = [*(short(a) for a in axes_of(facts)), *(f"at {p} %" for p in points)]
            caption = (
                "Background rejection (one over the efficiency) at fixed signal efficiency"
                f"{with_arguments(arguments)}. {errors}"
            )
            blocks.append(Table(head, rows, caption))
    return blocks
