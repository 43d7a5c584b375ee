"""Matrices of correlations, by class: Pearson's and Spearman's."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from numpy.typing import NDArray

from jetlens.core.registry import figures
from jetlens.plots.shared.by_class import empty, measured, position, told
from jetlens.plots.shared.gradients import explained, group_title, jets_of, split_groups
from jetlens.plots.shared.moved import toward, which
from jetlens.plots.shared.panels import heading
from jetlens.plots.shared.style import figure
from jetlens.plots.shared.words import features, plain
from jetlens.summarise.correlations import AGAINST, CHANGE, PEARSON, SPEARMAN, Matrices, shown
from jetlens.summarise.jets.moved import SCALE
from jetlens.summarise.jets.sides import AFTER, GRADIENTS, INPUTS
from jetlens.summarise.result import Result

TITLE = "Correlations"
SIGNIFICANT = 2.0
"""Standard errors that a coefficient is away from zero, where it is written."""
_WRITTEN = 16  # features at most, so that numbers find room
_ERRORS = 8  # features at most, so that errors find room, too
_CELL = 0.31, 0.62  # inches, without and with errors
_EXACT = 5e-4  # an error that would be written as nothing is not
_LEAST = 0.02  # where the colours end at least
_EMPTY = "#d9d9d9"
_ROWS = {
    INPUTS: "Features",
    GRADIENTS: "Gradients",
    AFTER: "Features, after",
    CHANGE: "Features, after less before",
}
_SAID = {
    INPUTS: "features",
    GRADIENTS: "gradients",
    AFTER: "after",
    CHANGE: "change",
    AGAINST: "the one against the other",
}

Floats = NDArray[np.float64]


@figures.register("correlations")
def draw(result: Result) -> Figure:
    """Columns are classes; rows are what is correlated.

    A number is written where it is clear of zero. Features that do not vary are grey.
    """
    classes, wrong = split_groups(result)
    groups = [*classes, *wrong]
    names = [f.title for f in features(result)]
    if not groups or not names:
        return empty()
    every = _rows(result)
    cell = _CELL[len(names) <= _ERRORS]
    side = float(np.clip(cell * len(names), 2.4, 5.0))
    drawn = figure(side * len(groups) + 2.3, (side + 0.3) * len(every) + 1.6)
    drawn.set_layout_engine("compressed")
    grid = drawn.subplots(len(every), len(groups), squeeze=False, sharex=True, sharey=True)
    rows = [position(result, g) for g in groups]
    for line, (words, (kind, matrix)) in zip(grid, every.items(), strict=True):
        crossed = kind == AGAINST
        most = _largest(matrix[rows, ..., 0], crossed)
        norm = Normalize(-most, most)
        for ax, g in zip(line, rows, strict=True):
            image = _matrix(ax, matrix[g], norm, crossed)
        bar = drawn.colorbar(image, ax=line, fraction=0.05, aspect=22, pad=0.02)
        bar.set_label("Change" if kind == CHANGE else "Coefficient", loc="center")
        bar.ax.minorticks_off()
        ends = [k / 2 * most for k in range(-2, 3)]
        bar.set_ticks(ends, labels=[f"{end:.2g}" for end in ends])
        line[0].set_ylabel(words, loc="center")
    for ax, group in zip(grid[0], groups, strict=True):
        ax.set_title(group_title(group))
    grid[0, 0].set_yticks(range(len(names)), names)
    for ax in grid[-1]:
        ax.set_xticks(range(len(names)), names, rotation=90)
    for ax in grid.ravel():
        ax.tick_params(which="both", length=0)
        ax.minorticks_off()
    drawn.supxlabel(
        "Where both are in one: Pearson above the diagonal, Spearman below", fontsize=11
    )
    heading(drawn)
    return drawn


def caption(result: Result) -> str:
    """Say how to read the figure, what is correlated most, and of how many jets it is."""
    summary: Any = result.summary
    found = summary.matrices(result, PEARSON)
    titles = [plain(f.title) for f in features(result)]
    ranked = result.parts["ranked"].jets.sizes["jet"]
    words = (
        "Correlations over particles, each counting the same; Spearman's are of the particles of "
        f"{ranked:,} jets. Matrices that are mirrored have Pearson's above the diagonal and "
        "Spearman's below it. A number stands where it is more "
        f"than {SIGNIFICANT:g} standard errors (bootstrap over events) away from zero; features "
        "that do not vary are grey. "
    )
    if len(titles) > _ERRORS:
        words += f"Errors are {_errors(found)} at most. "
    if AFTER in found:
        at = result.sums.attrs[SCALE]
        where = "to where their decision flips" if at is None else f"by the scale {at:g}"
        words += f"The {which(result)} are moved toward {toward(result)}, {where}. "
        words += "The last rows: each feature before (down) against each after (across). "
    else:
        words += f"Gradients are those of {explained(result)}. "
        words += "The last rows: each feature (down) against each gradient (across). "
    classes, wrong = split_groups(result)
    said = []
    for group in (*classes, *wrong):
        g = position(result, group)
        for kind in shown(found):
            if kind == AGAINST:
                continue
            for a, b in summary.leading(found[kind][g, ..., 0])[:1]:
                value = measured(found[kind][g, a, b])
                pair = f"{titles[a]} and {titles[b]}"
                said.append(f"{jets_of(group)}, {_SAID[kind]}: {pair} {value}")
    if said:
        words += f"The largest of Pearson's: {'; '.join(said)}. "
    return words + told(result)


def _errors(found: Matrices) -> str:
    """Tell the largest standard errors of Pearson's coefficients, kind by kind."""
    told = []
    for kind in shown(found):
        error = np.nan_to_num(found[kind][..., 1:]).std(axis=-1)
        told.append(f"{error.max(initial=0):.2g} ({_SAID[kind]})")
    return ", ".join(told)


def _rows(result: Result) -> dict[str, tuple[str, Floats]]:
    """Return the rows of matrices by what is written beside them, with their kinds.

    Spearman's coefficients stand in the lower half of matrices that are mirrored.
    """
    summary: Any = result.summary
    both: list[Matrices] = [summary.matrices(result, method) for method in (PEARSON, SPEARMAN)]
    upper, lower = both
    below = np.tri(len(result.sums["feature"]), k=-1, dtype=bool)[..., None]
    found = {
        _ROWS[kind]: (kind, np.where(below, lower[kind], upper[kind]))
        for kind in shown(upper)
        if kind != AGAINST
    }
    words = "Before against after" if AFTER in upper else "Feature against gradient"
    for name, matrices in (("Pearson", upper), ("Spearman", lower)):
        found[f"{words},\n{name}"] = (AGAINST, matrices[AGAINST])
    return found


def _matrix(ax: Axes, found: Floats, norm: Normalize, crossed: bool) -> Any:
    """Draw coefficients ``[feature, feature, replica]``; crossed ones have a diagonal."""
    value = found[..., 0].copy()
    error = np.nan_to_num(found[..., 1:]).std(axis=-1)
    clear = np.abs(np.nan_to_num(value)) > SIGNIFICANT * error
    if not crossed:
        varies = np.isfinite(np.diag(value))
        np.fill_diagonal(clear, False)
        np.fill_diagonal(value, np.where(varies, 0.0, np.nan))
    looks = colormaps["RdBu_r"].with_extremes(bad=_EMPTY)
    image = ax.imshow(value, norm=norm, cmap=looks, interpolation="nearest")
    if len(value) <= _WRITTEN:
        end = float(norm.vmax or 1.0)
        for row, column in np.argwhere(clear):
            own = float(value[row, column])
            colour = "white" if abs(own) > 0.65 * end else "black"
            words = _short(own)
            if len(value) <= _ERRORS and error[row, column] >= _EXACT:
                words += f"\n±{_short(float(error[row, column]))}"
            look: dict[str, Any] = {"ha": "center", "va": "center", "fontsize": 8}
            ax.text(column, row, words, color=colour, **look)
    return image


def _largest(value: Floats, crossed: bool) -> float:
    """Return the largest coefficient ``[group, feature, feature]`` by size, off the diagonal."""
    counted = np.full(value.shape[1:], True) if crossed else ~np.eye(value.shape[-1], dtype=bool)
    return max(float(np.nanmax(np.abs(value[:, counted]), initial=0)), _LEAST)


def _short(value: float) -> str:
    """Write a coefficient without the zero before the point: ``−.12``, ``.003``, ``.0004``."""
    digits = 2 + int(abs(value) < 0.005) + int(abs(value) < 0.0005)
    written = f"{abs(value):.{digits}f}".removeprefix("0")
    return ("\N{MINUS SIGN}" if value < 0 else "") + written
