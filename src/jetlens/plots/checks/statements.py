"""The physics statements: how far each number is from its limit, in standard deviations."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.figure import Figure

from jetlens.core.registry import figures
from jetlens.plots.shared.style import figure, label, no_ticks
from jetlens.plots.shared.words import counted, tex
from jetlens.summarise.jets.statement_table import STATEMENTS
from jetlens.summarise.result import Result
from jetlens.summarise.statements import FAILS, HOLDS, UNDECIDED, Row

TITLE = "Physics statements"
_COLOURS = {HOLDS: "#3f90da", FAILS: "#bd1f01", UNDECIDED: "#94a4a2"}
_MARKERS = {HOLDS: "o", FAILS: "X", UNDECIDED: "s"}
_TITLES = {
    "sum": "Divided by the sum",
    "abs": "Divided by the absolute sum",
    "none": "Not divided",
}
_REACH = 12.0


@figures.register("statements")
def draw(result: Result) -> Figure:
    """Right of zero, a statement holds: the distance is in standard deviations of its number.

    The number itself stands beside it, with its 68 % interval's half width. One panel a
    normalisation.
    """
    summary: Any = result.summary
    rows: list[Row] = summary.rows(result)
    drawn = figure(16, 1.6 + 0.38 * len(STATEMENTS))
    axes = drawn.subplots(1, len(_TITLES), sharey=True)
    for ax, (normalise, title) in zip(axes, _TITLES.items(), strict=True):
        for y, row in enumerate(r for r in rows if r.normalise == normalise):
            half = (row.high - row.low) / 2
            if not np.isfinite([row.value, half]).all() or half == 0:
                ax.text(
                    _REACH * 1.12,
                    y,
                    f"too few: {row.jets}",
                    va="center",
                    fontsize=8.5,
                    color="grey",
                )
                continue
            side = 1 if row.statement.above else -1
            far = side * (row.value - row.statement.limit) / half
            ax.plot(
                np.clip(far, -_REACH, _REACH),
                y,
                _MARKERS[row.verdict],
                color=_COLOURS[row.verdict],
                markersize=7,
            )
            words = f"{row.value:+.2g} ± {half:.1g}"
            ax.text(_REACH * 1.12, y, words, va="center", fontsize=8.5, clip_on=False)
        ax.axvline(0, color="black", linewidth=0.9)
        ax.axvspan(-2, 2, color="#eeeeee", zorder=0)
        ax.set_xlim(-_REACH * 1.08, _REACH * 1.9)
        ax.set_xticks([-10, -5, 0, 5, 10])
        ax.set_title(title, loc="right", fontsize=11)
        no_ticks(ax, "y")
    axes[1].set_xlabel("Distance from the limit on the expected side [standard deviations]")
    axes[0].set_yticks(range(len(STATEMENTS)), [tex(s.text) for s in STATEMENTS], fontsize=10.5)
    axes[0].set_ylim(len(STATEMENTS) - 0.4, -0.6)
    label(axes[0])
    for verdict, colour in _COLOURS.items():
        axes[2].plot([], [], _MARKERS[verdict], color=colour, label=verdict)
    drawn.legend(*axes[2].get_legend_handles_labels(), loc="outside lower right", ncols=3)
    return drawn


def caption(result: Result) -> str:
    """Say how to read the figure, how many statements hold, and of how many jets it is."""
    summary: Any = result.summary
    rows = [r for r in summary.rows(result) if r.normalise == "sum"]
    held = sum(r.verdict == HOLDS for r in rows)
    failed = sum(r.verdict == FAILS for r in rows)
    return (
        "Physics statements: right of the shaded band a statement holds, left of it it does not; "
        "the numbers are bootstrapped over events. With attributions divided by their sum, "
        f"{held} of {len(rows)} hold, {failed} do not, {len(rows) - held - failed} are undecided. "
        f"{counted(result)}"
    )
