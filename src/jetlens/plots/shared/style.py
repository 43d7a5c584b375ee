"""How figures look: mplhep's style, jetlens's label, and a cycle of colours."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any, Literal

import matplotlib as mpl
import mplhep
import numpy as np
from matplotlib import style as styles
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

# Petroff's ten colours (arXiv:2107.02270), told apart with colour-vision deficiencies too
BLUE, ORANGE, RED, GREY, PURPLE = "#3f90da", "#ffa90e", "#bd1f01", "#94a4a2", "#832db6"
BROWN, DARK_ORANGE, SAND, SLATE, CYAN = "#a96b59", "#e76300", "#b9ac70", "#717581", "#92dadd"
CYCLE = (BLUE, ORANGE, RED, PURPLE, BROWN, DARK_ORANGE, SAND, CYAN, GREY)

TAGGERS = (RED, "#1d2f6f", GREY, DARK_ORANGE, CYAN)
"""Colours of taggers beside nulls."""

VERTEX_COLOURS = (BLUE, DARK_ORANGE, PURPLE, "#1b7f5c", BROWN, RED, SLATE)
"""Dark enough for text on white."""

_RC: dict[str, Any] = {
    "font.size": 12,
    # fonts by their own names: a figure then looks the same when it is saved outside this style.
    # The second is for signs that the first lacks
    "font.family": ["TeX Gyre Heros", "DejaVu Sans"],
    "mathtext.fontset": "stixsans",
    "ytick.major.size": 6,
    "ytick.minor.size": 3,
    "axes.labelsize": 13,
    "axes.titlesize": 12,
    "xtick.labelsize": 11,
    "ytick.labelsize": 11,
    "legend.fontsize": 10.5,
    "legend.frameon": False,
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
    "svg.hashsalt": "jetlens",
    "svg.fonttype": "path",
    "pdf.fonttype": 42,
    "lines.linewidth": 1.6,
}


@contextlib.contextmanager
def style() -> Iterator[None]:
    """Draw in jetlens's style inside the block; settings outside stay as they are."""
    with mpl.rc_context(), styles.context([mplhep.style.ATLAS, _RC]):
        yield


def figure(width: float, height: float) -> Figure:
    """Return an empty figure (inches) that no window or global state knows of."""
    return Figure(figsize=(width, height), layout="constrained")


def label(ax: Axes, right: str = "") -> None:
    """Write jetlens's label above a panel, and a note on the right."""
    ax.set_title(r"$\mathbfit{jetlens}$  Simulation", loc="left", fontsize=13)
    if right:
        ax.set_title(right, loc="right", fontsize=11)


def legend(ax: Axes, **look: Any) -> None:
    """Draw a legend where there is something to name."""
    if ax.get_legend_handles_labels()[0]:
        # told, as matplotlib warns of its own default where it takes a second to find the place
        ax.legend(**{"loc": "best", **look})


def no_ticks(ax: Axes, axis: Literal["x", "y"]) -> None:
    """Leave an axis of names without tick marks."""
    sides = ("left", "right") if axis == "y" else ("top", "bottom")
    ax.tick_params(axis=axis, which="both", length=0, **dict.fromkeys(sides, False))


def boxes(
    ax: Axes,
    places: Sequence[float] | np.ndarray[Any, Any],
    quantiles: np.ndarray[Any, Any],
    width: float,
    colour: str,
    *,
    horizontal: bool = False,
) -> None:
    """Draw boxes of quantiles ``[place, 5]``: whisker, box, median, box, whisker."""
    for place, five in zip(places, quantiles, strict=True):
        if not np.isfinite(five).all():
            continue
        low, bottom, middle, top, high = five
        begin = place - width / 2
        corner, size = (begin, bottom), (width, top - bottom)
        whiskers = ([place, place], [low, bottom]), ([place, place], [top, high])
        median = ([begin, begin + width], [middle, middle])
        if horizontal:
            corner, size = corner[::-1], size[::-1]
            whiskers = tuple((y, x) for x, y in whiskers)  # type: ignore[assignment]
            median = median[::-1]
        for line in whiskers:
            ax.plot(*line, color=colour, linewidth=1.1)
        ax.add_patch(
            Rectangle(corner, *size, facecolor=colour, edgecolor=colour, alpha=0.45, linewidth=0.8)
        )
        ax.plot(*median, color="black", linewidth=1.4, solid_capstyle="butt")
