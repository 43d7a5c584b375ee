"""Mean maps of self-attention: classes below each other, heads side by side."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from numpy.typing import NDArray

from jetlens.core.registry import figures
from jetlens.plots.shared.by_class import (
    cells,
    class_title,
    classes_shown,
    empty,
    log_scale,
    ordered_by,
    position,
    told,
)
from jetlens.plots.shared.panels import heading
from jetlens.plots.shared.style import figure
from jetlens.plots.shared.words import plain, within
from jetlens.summarise.attention_map import SIGNIFICANT
from jetlens.summarise.result import Result

TITLE = "Mean self-attention"
_DECADES = 2.5
"""Attention is shown down to this many decades below the largest."""
_UNCLEAR = "#e3e3e3"

Floats = NDArray[np.float64]


@figures.register("attention-map")
def draw(result: Result, *, heads: int = 8) -> Figure:
    """Rows are classes, columns heads; darker cells are pairs of more attention.

    With two classes, a row below shows their difference, where it is significant.

    Parameters
    ----------
    result
        Of the summary ``attention-map``.
    heads
        How many heads to draw, the first ones.
    """
    summary: Any = result.summary
    shown = classes_shown(result)
    names = [str(h) for h in result.sums["head"].values][:heads]
    apart = len(shown) == 2
    rows = len(shown) + apart
    if not shown:
        return empty()
    side = float(np.clip(11.0 / len(names), 1.6, 3.4))
    drawn = figure(max(side * len(names) + 1.3, 5.2), 0.97 * side * rows + 0.9)
    drawn.set_layout_engine("compressed")
    grid = drawn.subplots(rows, len(names), squeeze=False, sharex=True, sharey=True)
    mean = summary.means(result)
    norm = log_scale(mean[[position(result, g) for g in shown]], _DECADES)
    for line, group in zip(grid, shown, strict=False):
        for ax, each in zip(line, mean[position(result, group)], strict=False):
            image = _cells(ax, each, norm, "viridis_r")
        line[0].set_ylabel(class_title(group), loc="center")
    bar = drawn.colorbar(image, ax=grid[: len(shown)], fraction=0.05, aspect=30, pad=0.015)
    bar.set_label("Mean attention", loc="center")
    if apart:
        _difference(drawn, grid[-1], *summary.difference(result, *shown))
        words = f"{class_title(shown[0])} minus\n{within(class_title(shown[1]))}"
        grid[-1, 0].set_ylabel(words, loc="center")
    for ax, name in zip(grid[0], names, strict=True):
        ax.set_title(f"Head {name}" if name.isdigit() else f"{name.capitalize()} of heads")
    drawn.supxlabel(f"Attended particle ({ordered_by(result)})", fontsize=13)
    drawn.supylabel(f"Attending particle ({ordered_by(result)})", fontsize=13)
    heading(drawn)
    return drawn


def caption(result: Result) -> str:
    """Say how to read the figure, and of how many jets it is."""
    layer = result.sums.attrs["layer"]
    words = (
        "Mean self-attention of each head"
        + (f" in the layer {layer}" if layer != "mean" else ", averaged over layers")
        + f": row i, column j is the share of its attention that the i-th particle "
        f"({plain(ordered_by(result))}) gives to the j-th, over jets that have an i-th, with one "
        "logarithmic colour scale. "
    )
    if len(classes_shown(result)) == 2:
        words += (
            f"Below, the difference of the classes; grey where it is within {SIGNIFICANT:g} "
            "standard errors of zero. "
        )
    return words + told(result)


def _cells(ax: Axes, values: Floats, norm: Normalize, colours: str) -> Any:
    looks = colormaps[colours].with_extremes(bad="white")
    if not isinstance(norm, Normalize) or norm.vmin != -(norm.vmax or 0):
        values = np.where(np.isnan(values), np.nan, np.maximum(values, norm.vmin or 0))
    image = ax.imshow(values, norm=norm, cmap=looks, interpolation="nearest")
    cells(ax, "x", values.shape[1])
    cells(ax, "y", values.shape[0])
    return image


def _difference(drawn: Figure, line: Any, apart: Floats, error: Floats) -> None:
    """Draw the difference of two classes, grey where it is not clear."""
    clear = np.abs(apart) > SIGNIFICANT * error
    reach = float(np.max(np.abs(apart), where=clear, initial=0.0)) or 1.0
    norm = Normalize(-reach, reach)
    for ax, values, seen in zip(line, apart, clear, strict=False):
        image = _cells(ax, np.where(seen, values, np.nan), norm, "RdBu_r")
        ax.set_facecolor(_UNCLEAR)
        image.set_cmap(colormaps["RdBu_r"].with_extremes(bad=_UNCLEAR))
    bar = drawn.colorbar(image, ax=line, fraction=0.05, aspect=14, pad=0.015)
    bar.set_label("Difference", loc="center")
