"""Observables of jets before and after they are moved, beside those of each true class."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.gridspec import GridSpec
from numpy.typing import NDArray

from jetlens.core.registry import figures
from jetlens.plots.moved.moved_distances import against_scale, choice, shares
from jetlens.plots.moved.moved_distributions import distributions, edges_of
from jetlens.plots.moved.moved_words import caption as caption
from jetlens.plots.shared.by_class import empty
from jetlens.plots.shared.flavours import class_name
from jetlens.plots.shared.panels import heading
from jetlens.plots.shared.style import figure
from jetlens.summarise.estimates import LEAST
from jetlens.summarise.jets.moved import SCALE
from jetlens.summarise.jets.moved_scale import Looked
from jetlens.summarise.result import Result
from jetlens.summarise.sums.binned import rebinned
from jetlens.summarise.sums.nearest import FARTHER, NEARER, OPEN, SAME
from jetlens.summarise.sums.transport import own_distances

TITLE = "Do moved jets look like true ones?"
_SAID = {NEARER: "#1b7f5c", FARTHER: "#bd1f01", OPEN: "#555555", SAME: "#999999"}

_CELL, _GAP = (3.2, 1.7), (0.85, 0.65)  # inches, wide and high
_TOP, _LINE = 0.9, 0.2  # inches above the panels, and besides for each line of the legends

Floats = NDArray[np.float64]


@figures.register("moved-observables")
def draw(result: Result, *, scale: float | None = None) -> Figure:
    """Rows are observables; columns are classes stepped toward, and distances against the scale.

    In the last row stands what the recommended scale follows from.

    Parameters
    ----------
    result
        Of the summary ``moved-observables``.
    scale
        The scale at which moved jets are drawn; left out, that which is looked at of their class.
    """
    summary: Any = result.summary
    shown = [t for t, jets in enumerate(result.sums["moved"].values) if jets >= LEAST]
    if not shown:
        return empty()
    every = summary.distances(result)
    own = own_distances(every)
    at, control = _places(result, own, scale), summary.control(result)
    verdicts = summary.verdicts(result, own, at)
    against = verdicts if control is None else summary.verdicts(result, own, at, control)
    names, features = summary.names(result), summary.features(result)
    far = len(shown) + (1 if len(own[0]) > 2 else len(shown)) + (control is not None)
    lines = -(-max(2 + len(own[0]), far) // 2)  # of legends in two columns
    drawn, cells = _grid(len(names) + 1, len(shown) + 1, _TOP + lines * _LINE)
    pad = 72 * lines * _LINE + 5
    for n, (name, feature) in enumerate(zip(names, features, strict=True)):
        fine, coarse = (result.parts[p].pick(observable=name) for p in ("fine", "coarse"))
        edges = edges_of(fine, coarse, name, len(every[n]))
        for column, t in enumerate(shown):
            pair = cells[n, column].subgridspec(2, 1, height_ratios=[2, 1], hspace=0.0)
            above = drawn.add_subplot(pair[0])
            below = drawn.add_subplot(pair[1], sharex=above)
            distributions(above, below, result, rebinned(coarse, edges), edges, t, int(at[t]))
            said = verdicts[n][t]
            above.text(
                0.97, 0.93, said, color=_SAID[said], ha="right", va="top", transform=above.transAxes
            )
            if control is not None and against[n][t] != SAME:
                told = f"than control: {against[n][t]}"
                look: dict[str, Any] = {
                    "color": _SAID[against[n][t]],
                    "fontsize": 9,
                    "ha": "right",
                    "va": "top",
                }
                above.text(0.97, 0.8, told, transform=above.transAxes, **look)
            below.set_xlabel(feature.axis)
            if n == 0:
                title = class_name(str(result.sums["toward"].values[t]))
                above.set_title(f"Moved toward {title}", loc="left", pad=pad)
                above.legend(
                    ncols=2, fontsize=9, loc="lower left", bbox_to_anchor=(-0.02, 1.0),
                    borderaxespad=0.1, handlelength=1.5,
                )  # fmt: skip
        ax = drawn.add_subplot(cells[n, -1])
        others = None if control is None else control[n]
        against_scale(ax, result, every[n], shown, feature, at, others)
        if n == 0:
            ax.set_title("Distance to the true classes", loc="left", pad=pad)
            ax.legend(
                ncols=2, fontsize=9, loc="lower left", bbox_to_anchor=(-0.02, 1.0),
                borderaxespad=0.1, handlelength=1.5,
            )  # fmt: skip
    every_class = _every(result, own, scale)
    choice(drawn.add_subplot(cells[-1, :-1]), result, own, shown, every_class, control)
    shares(drawn.add_subplot(cells[-1, -1]), result, every_class)
    heading(drawn, y=1 - 0.1 / drawn.get_figheight())
    return drawn


def _grid(rows: int, columns: int, top: float) -> tuple[Figure, GridSpec]:
    """Return a figure with a grid of cells; so many take long to be laid out automatically."""
    wide, high = columns * (_CELL[0] + _GAP[0]) + 0.3, rows * (_CELL[1] + _GAP[1]) + top
    drawn = figure(wide, high)
    drawn.set_layout_engine("none")
    cells = drawn.add_gridspec(
        rows,
        columns,
        left=_GAP[0] / wide,
        right=1 - 0.3 / wide,
        top=1 - top / high,
        bottom=_GAP[1] / high,
        wspace=_GAP[0] / _CELL[0],
        hspace=_GAP[1] / _CELL[1],
    )
    return drawn, cells


def _places(result: Result, own: Floats, scale: float | None) -> NDArray[np.int64]:
    """Return the places ``[toward]`` of the scales that are drawn."""
    if scale is not None:
        return np.full(result.sums.sizes["toward"], _nearest(result, scale))
    looked: Looked = result.summary.looked_at(result, own)  # type: ignore[attr-defined]
    return looked.places


def _every(result: Result, own: Floats, scale: float | None) -> int | None:
    """Return the place of the scale that is asked for, or recommended toward any class."""
    if scale is not None:
        return _nearest(result, scale)
    best = result.summary.recommended(result, own)  # type: ignore[attr-defined]
    return None if best is None else int(best[0])


def _nearest(result: Result, scale: float) -> int:
    return int(np.abs(result.sums[SCALE].values - scale).argmin())
