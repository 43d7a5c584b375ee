"""Panels of figures that compare variations: one each, in rows and columns of their axes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from textwrap import fill
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from jetlens.plots.shared.style import figure
from jetlens.summarise.result import Result
from jetlens.summarise.trainings.ensemble import Ensemble, Variation

Panels = list[tuple[Axes, Variation, list[Result]]]
_COLUMNS = 4
_SINGLE = "One training each: errors are 68 % bootstrap intervals over events."


def grid(
    ensemble: Ensemble, width: float, height: float, *, share: bool = False
) -> tuple[Figure, Panels]:
    """Return a figure with a panel for each variation.

    With several axes, the last one's places stand side by side, the others' below each other.

    Parameters
    ----------
    ensemble
        What is compared.
    width, height
        Of one panel, in inches.
    share
        Whether all panels have the same axes.
    """
    groups = ensemble.groups()
    axes = list(ensemble.axes.values())
    columns = across(len(groups))
    if len(axes) > 1 and len(groups) % len(axes[-1]) == 0:
        columns = len(axes[-1])
    rows = -(-len(groups) // columns)
    drawn = figure(max(width * columns, 6), height * rows + 0.4)
    every = drawn.subplots(rows, columns, squeeze=False, sharex=share, sharey=share).ravel()
    for ax in every[len(groups) :]:
        ax.remove()
    panels = [
        (ax, variation, results)
        for ax, (variation, results) in zip(every, groups.items(), strict=False)
    ]
    return drawn, panels


def across(panels: int) -> int:
    """Return how many panels stand side by side, so that rows are filled evenly."""
    rows = -(-panels // _COLUMNS)
    return -(-panels // max(rows, 1))


def in_columns(heights: Sequence[float], columns: int) -> tuple[Figure, NDArray[Any]]:
    """Return a figure with panels ``[row, column]``, of which few columns are side by side.

    Parameters
    ----------
    heights
        Of the rows, in inches.
    columns
        How many there are; those that do not fit beside the first go on below all rows.
    """
    wide = across(columns)
    blocks = -(-columns // wide)
    drawn = figure(max(3.9 * wide, 6.4), blocks * sum(heights) + 0.4)
    ratios = [*heights] * blocks
    every = drawn.subplots(len(ratios), wide, squeeze=False, height_ratios=ratios)
    rows = every.reshape(blocks, len(heights), wide).swapaxes(0, 1).reshape(len(heights), -1)
    for ax in rows[:, columns:].ravel():
        ax.remove()
    return drawn, rows[:, :columns]


def said(variation: Variation) -> str:
    """Say a variation's place in words: ``difficulty 1, image``; numbers need their axis's name."""
    return ", ".join(
        place if place[:1].isalpha() else f"{axis.rpartition('.')[2].replace('_', ' ')} {place}"
        for axis, place in variation
    )


def apart(ensemble: Ensemble, variation: Variation) -> str:
    """Say a variation's place on those axes on which there are several."""
    several = {axis for axis, places in ensemble.axes.items() if len(places) > 1}
    return said(tuple(pair for pair in variation if pair[0] in several))


def by_row(ensemble: Ensemble) -> Iterator[tuple[Variation, Ensemble]]:
    """Go through what differs along the last axis alone, by the places on the others."""
    if not ensemble.axes:
        return iter([((), ensemble)])
    return ensemble.split(list(ensemble.axes)[-1])


def instead(ax: Axes, words: str) -> None:
    """Say in an empty panel why nothing is drawn; no words, nothing."""
    text = fill(words, 30)
    ax.text(0.5, 0.5, text, ha="center", va="center", transform=ax.transAxes, fontsize=11)


def listed(words: Sequence[str]) -> str:
    """Return words one after the other, as in a sentence: ``a, b and c``."""
    *most, last = words
    return f"{', '.join(most)} and {last}" if most else last


def heading(drawn: Figure, **where: float) -> None:
    """Write jetlens's label above all panels; `where` it is, if nobody lays out the figure."""
    drawn.suptitle(r"$\mathbfit{jetlens}$  Simulation", x=0.01, ha="left", fontsize=13, **where)


def trainings(ensemble: Ensemble) -> str:
    """Say what the errors of compared numbers are."""
    if _many(ensemble) == "1":
        return _SINGLE
    return (
        f"Errors say where another training, tested on other jets, would come out: the standard "
        f"deviation over {_many(ensemble)} retrainings and the test sample's 68 % bootstrap error, "
        "in quadrature."
    )


def deviations(ensemble: Ensemble) -> str:
    """Say of how many retrainings errors are the deviation, where they hold nothing else."""
    if _many(ensemble) == "1":
        return _SINGLE
    return f"Errors are the standard deviation over {_many(ensemble)} retrainings."


def _many(ensemble: Ensemble) -> str:
    """Return how many trainings each variation has."""
    many = sorted({len(results) for results in ensemble.groups().values()})
    return str(many[0]) if len(many) == 1 else f"{many[0]} to {many[-1]}"


def jets_of(results: Sequence[Result]) -> int:
    """Return how many jets were used of each retraining, the fewest of them."""
    return min(int(r.sums["jets"].sel(count="used", group="all")) for r in results)
