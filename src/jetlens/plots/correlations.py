"""Matrices of correlations: Pearson's above the diagonal, Spearman's below it."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from numpy.typing import NDArray

from jetlens.core.registry import figures
from jetlens.plots.by_class import measured, nothing, position, told
from jetlens.plots.gradients import explained, group_title, jets_of, split_groups
from jetlens.plots.panels import heading
from jetlens.plots.style import features, figure, plain
from jetlens.summarise.correlations import (
    CHANGE,
    GRADIENTS,
    INPUTS,
    PEARSON,
    SPEARMAN,
    Matrices,
    shown,
)
from jetlens.summarise.result import Result

TITLE = "Correlations"
SIGNIFICANT = 2.0
"""Standard errors that a coefficient is away from zero, where it is written."""
_WRITTEN = 16  # features at most, so that numbers find room
_CELL = 0.31  # inches
_LEAST = 0.02  # where the colours end at least
_EMPTY = "#d9d9d9"
_ROWS = {INPUTS: "Features", GRADIENTS: "Gradients", CHANGE: "Features, after less before"}

Floats = NDArray[np.float64]


@figures.register("correlations")
def draw(result: Result) -> Figure:
    """Columns are classes; rows are features, gradients, and what moving the jets changed.

    A number is written where it is clear of zero. Features that do not vary are grey.
    """
    classes, wrong = split_groups(result)
    groups = [*classes, *wrong]
    names = [f.title for f in features(result)]
    if not groups or not names:
        drawn = nothing(figure(6, 3))
        heading(drawn)
        return drawn
    every = _both(result)
    kinds = list(every)
    side = float(np.clip(_CELL * len(names), 2.4, 5.0))
    drawn = figure(side * len(groups) + 2.3, (side + 0.3) * len(kinds) + 1.6)
    drawn.set_layout_engine("compressed")
    grid = drawn.subplots(len(kinds), len(groups), squeeze=False, sharex=True, sharey=True)
    rows = [position(result, g) for g in groups]
    for line, kind in zip(grid, kinds, strict=True):
        most = _largest(every[kind][rows, ..., 0])
        norm = Normalize(-most, most)
        for ax, g in zip(line, rows, strict=True):
            image = _matrix(ax, every[kind][g], norm)
        words = "Change" if kind == CHANGE else "Coefficient"
        bar = drawn.colorbar(image, ax=line, fraction=0.05, aspect=22, pad=0.02)
        bar.set_label(words, loc="center")
        bar.ax.minorticks_off()
        ends = [k / 2 * most for k in range(-2, 3)]
        bar.set_ticks(ends, labels=[f"{end:.2g}" for end in ends])
        line[0].set_ylabel(_ROWS[kind], loc="center")
    for ax, group in zip(grid[0], groups, strict=True):
        ax.set_title(group_title(group))
    grid[0, 0].set_yticks(range(len(names)), names)
    for ax in grid[-1]:
        ax.set_xticks(range(len(names)), names, rotation=90)
    for ax in grid.ravel():
        ax.tick_params(which="both", length=0)
        ax.minorticks_off()
    drawn.supxlabel("Pearson above the diagonal, Spearman below", fontsize=11)
    heading(drawn)
    return drawn


def caption(result: Result) -> str:
    """Say how to read the figure, what is correlated most, and of how many jets it is."""
    summary: Any = result.summary
    found = summary.matrices(result, PEARSON)
    titles = [plain(f.title) for f in features(result)]
    ranked = result.parts["ranked"].jets.sizes["jet"]
    words = (
        "Correlations over particles, each counting the same: Pearson's above the diagonal, "
        f"Spearman's, of the particles of {ranked:,} jets, below. A number stands where it is more "
        f"than {SIGNIFICANT:g} standard errors (bootstrap over events) away from zero; features "
        f"that do not vary are grey. Gradients are those of {explained(result)}. "
    )
    if CHANGE in found:
        words += f"Jets are moved at the scale {_number(result.sums.attrs['scale'])}. "
    classes, wrong = split_groups(result)
    said = []
    for group in (*classes, *wrong):
        g = position(result, group)
        for kind in shown(found):
            for a, b in summary.leading(found[kind][g, ..., 0])[:1]:
                what = {INPUTS: "features", GRADIENTS: "gradients", CHANGE: "change"}[kind]
                value = measured(found[kind][g, a, b])
                said.append(f"{jets_of(group)}, {what}: {titles[a]} and {titles[b]} {value}")
    if said:
        words += f"The largest of Pearson's: {'; '.join(said)}. "
    return words + told(result)


def _both(result: Result) -> Matrices:
    """Return the matrices that are shown, Spearman's coefficients in their lower halves."""
    summary: Any = result.summary
    upper, lower = (summary.matrices(result, method) for method in (PEARSON, SPEARMAN))
    features = len(result.sums["feature"])
    below = np.tri(features, k=-1, dtype=bool)[..., None]
    return {kind: np.where(below, lower[kind], upper[kind]) for kind in shown(upper)}


def _matrix(ax: Axes, found: Floats, norm: Normalize) -> Any:
    """Draw coefficients ``[feature, feature, replica]``."""
    value = found[..., 0].copy()
    error = np.nan_to_num(found[..., 1:]).std(axis=-1)
    varies = np.isfinite(np.diag(value))
    clear = np.abs(np.nan_to_num(value)) > SIGNIFICANT * error
    np.fill_diagonal(clear, False)
    np.fill_diagonal(value, np.where(varies, 0.0, np.nan))
    looks = colormaps["RdBu_r"].with_extremes(bad=_EMPTY)
    image = ax.imshow(value, norm=norm, cmap=looks, interpolation="nearest")
    if len(value) <= _WRITTEN:
        end = float(norm.vmax or 1.0)
        for row, column in np.argwhere(clear):
            own = float(value[row, column])
            colour = "white" if abs(own) > 0.65 * end else "black"
            look: dict[str, Any] = {"ha": "center", "va": "center", "fontsize": 8}
            ax.text(column, row, _short(own), color=colour, **look)
    return image


def _largest(value: Floats) -> float:
    """Return the largest coefficient ``[group, feature, feature]`` by size, off the diagonal."""
    apart = ~np.eye(value.shape[-1], dtype=bool)
    return max(float(np.nanmax(np.abs(value[:, apart]), initial=0)), _LEAST)


def _short(value: float) -> str:
    """Write a coefficient without the zero before the point: ``−.12``, ``.003``."""
    written = f"{abs(value):.{2 if abs(value) >= 0.005 else 3}f}".removeprefix("0")
    return ("\N{MINUS SIGN}" if value < 0 else "") + written


def _number(value: float | None) -> str:
    return "of the flip" if value is None else f"{value:g}"
