"""Where in an image a tagger looks: means over classes, and single jets with their prongs."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm, Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Circle
from numpy.typing import NDArray

from jetlens.core.attribution import MASK, VALUE
from jetlens.core.registry import figures
from jetlens.core.units import Feature
from jetlens.plots.shared.by_class import class_title, classes_shown, empty, position, told
from jetlens.plots.shared.flavours import class_name
from jetlens.plots.shared.panels import heading
from jetlens.plots.shared.style import ORANGE, RED, figure
from jetlens.plots.shared.words import plain
from jetlens.summarise.attention_overlay import LOOKED, MARKS, PT, RIGHT, WRONG
from jetlens.summarise.result import Result

TITLE = "Where in the image"
_DECADES = 3.0
_MOST = 5  # single jets of a class that are tagged right, or wrong
_MARK = (("o", RED, "prongs"), ("X", ORANGE, "partons"))
_LOOKED = "viridis"

Floats = NDArray[np.float64]


@figures.register("attention-overlay")
def draw(result: Result) -> Figure:
    """Rows are classes; columns are the means of pT and explanation, then single jets.

    In single jets the explanation is in colour, the pT in pixels above it in white; circles are the
    discs around prongs. Of each class there are jets that are tagged right, then wrong.
    """
    shown = classes_shown(result)
    if not shown:
        return empty()
    summary: Any = result.summary
    several = [(verdict, _there(result, verdict)) for verdict in (RIGHT, WRONG)]
    columns = 2 + sum(jets for _, jets in several)
    drawn = figure(2.45 * columns + 0.4, 2.75 * len(shown) + 1.1)
    drawn.set_layout_engine("compressed", w_pad=0.04)
    grid = drawn.subplots(len(shown), columns, squeeze=False, sharex=True, sharey=True)
    maps, extent = summary.maps(result), extent_of(result)
    norms = scales(maps[[position(result, g) for g in shown]])
    for line, group in zip(grid, shown, strict=True):
        g = position(result, group)
        means = [
            image(line[k], maps[g, m], extent, norms[m], colours)
            for k, (m, colours) in enumerate(((1, "magma_r"), (0, _LOOKED)))
        ]
        line[0].set_ylabel(f"{class_title(group)}\n{axis_title(result, 'y')}", loc="center")
        begin = 2
        for verdict, jets in several:
            _singles(line[begin : begin + jets], result, verdict, group, extent)
            begin += jets
    for ax, words in zip(grid[0], ("Mean $p_T$", "Mean explanation"), strict=False):
        ax.set_title(words, fontsize=11)
    for k, shown_as in enumerate(means):
        scale(drawn, shown_as, grid[:, k])
    for ax in grid[-1]:
        ax.set_xlabel(axis_title(result, "x"))
    _legend(drawn, result)
    heading(drawn)
    return drawn


def caption(result: Result) -> str:
    """Say how to read the figure, and of how many jets it is."""
    summary: Any = result.summary
    return (
        "Means of pT and of the explanation in each pixel, each jet divided by its sum, and "
        "single jets, chosen by a hash and not by hand: the explanation in colour, from none "
        "(dark) to its largest, with the pT in pixels above it in white. Circles are discs of "
        f"{summary.radius:g} around the jets' prongs, crosses the partons that they come from "
        f"where these are known. {told(result)}"
    )


def extent_of(result: Result) -> tuple[float, float, float, float]:
    """Return left, right, bottom and top of the image."""
    ends: list[float] = []
    for axis in "xy":
        at = result.sums[axis].values
        half = (at[-1] - at[0]) / max(len(at) - 1, 1) / 2
        ends += [float(at[0] - half), float(at[-1] + half)]
    return ends[0], ends[1], ends[2], ends[3]


def axis_title(result: Result, axis: str) -> str:
    """Return the title of an image's axis."""
    return Feature.from_dict(result.sums.attrs["axes"][axis]).axis


def scales(maps: Floats) -> tuple[Normalize, Normalize]:
    """Return the colour scales of maps ``[group, kind, y, x]``: of the explanation, and of pT."""
    looked, pt = (float(np.nanmax(maps[:, m], initial=0)) for m in (0, 1))
    return (
        Normalize(0, looked or 1),
        LogNorm(pt * 10.0**-_DECADES, pt) if pt > 0 else Normalize(0, 1),
    )


def image(ax: Axes, values: Floats, extent: Any, norm: Normalize, colours: str) -> Any:
    """Draw a map ``[y, x]``; what is below a logarithmic scale is white."""
    looks = colormaps[colours]
    if isinstance(norm, LogNorm):
        looks = looks.with_extremes(bad="white", under="white")
        values = np.where(values > 0, values, np.nan)
    drawn = ax.imshow(
        values, origin="lower", extent=extent, norm=norm, cmap=looks, interpolation="nearest"
    )
    ax.tick_params(which="both", length=2.5, top=False, right=False, labelsize=9.5)
    ax.minorticks_off()
    ax.locator_params(nbins=4)
    return drawn


def scale(drawn: Figure, shown_as: Any, panels: NDArray[Any]) -> None:
    """Draw the colour bar of maps below their panels."""
    look: dict[str, Any] = {"location": "bottom", "shrink": 0.85 if panels.ndim == 1 else 0.4}
    bar = drawn.colorbar(shown_as, ax=panels, aspect=18, **look)
    bar.set_label("Share of a jet / pixel", fontsize=10, loc="center")
    bar.ax.tick_params(labelsize=8.5)
    if not isinstance(shown_as.norm, LogNorm):
        bar.set_ticks([shown_as.norm.vmin, shown_as.norm.vmax])
        bar.ax.set_xticklabels(["0", f"{shown_as.norm.vmax:.2g}"])
        bar.minorticks_off()


def _there(result: Result, verdict: str) -> int:
    """Return how many jets of a class that are tagged so are drawn, of the class with the most."""
    label = result.parts[verdict].jets["label"].values
    return min(int(np.unique(label, return_counts=True)[1].max(initial=0)), _MOST)


def _singles(panels: NDArray[Any], result: Result, verdict: str, group: str, extent: Any) -> None:
    """Draw the jets of a class that are tagged right, or wrong; panels that are left stay empty."""
    summary: Any = result.summary
    kept = result.parts[verdict].jets
    classes = [str(c) for c in kept["class"].values]
    label = classes.index(group) if group in classes else -1
    own = np.flatnonzero(kept["label"].values == label)
    for k, ax in enumerate(panels):
        if k >= len(own):
            ax.set_axis_off()
            continue
        jet = kept.isel(jet=int(own[k]))
        looked = jet[LOOKED].values
        image(ax, looked, extent, Normalize(0, float(looked.max()) or 1), _LOOKED)
        _pt(ax, jet[PT].values, extent)
        _marks(ax, jet, summary.radius)
        ax.set_title(_verdict(jet, classes, verdict), fontsize=10)
        ax.set_xlim(extent[:2])
        ax.set_ylim(extent[2:])


def _verdict(jet: xr.Dataset, classes: list[str], verdict: str) -> str:
    output = jet["output"].values.astype(np.float64)
    best = int(output.argmax())
    said = float(np.exp(output[best] - np.logaddexp.reduce(output)))
    return f"{verdict}: {plain(class_name(classes[best]))}, p = {said:.2f}"


def _pt(ax: Axes, pt: Floats, extent: Any) -> None:
    """Draw pT as points in white, larger where there is more."""
    row, column = np.nonzero(pt > 0)
    left, right, bottom, top = extent
    x = left + (column + 0.5) / pt.shape[1] * (right - left)
    y = bottom + (row + 0.5) / pt.shape[0] * (top - bottom)
    size = 60 * pt[row, column] / max(float(pt.max()), 1e-30)
    ax.scatter(x, y, s=np.maximum(size, 0.6), color="white", linewidths=0, alpha=0.85)


def _marks(ax: Axes, jet: xr.Dataset, radius: float) -> None:
    marks = jet[MARKS + VALUE].values[jet[MARKS + MASK].values]
    for x, y, kind in marks:
        mark, colour, _ = _MARK[int(kind)]
        if kind == 0:
            ax.add_patch(Circle((x, y), radius, fill=False, edgecolor=colour, linewidth=1.3))
        ax.plot([x], [y], mark, markersize=3.5 if kind == 0 else 6.5, **_look(colour))


def _look(colour: str) -> dict[str, Any]:
    """Return how a mark looks, such that it is seen on all colours of a map."""
    return {
        "color": colour,
        "linestyle": "none",
        "markeredgecolor": "black",
        "markeredgewidth": 0.5,
    }


def _legend(drawn: Figure, result: Result) -> None:
    kinds = {
        int(kind)
        for part in result.parts.values()
        for kind in part.jets[MARKS + VALUE].values[..., 2][part.jets[MARKS + MASK].values]
    }
    ax = drawn.axes[0]
    handles = [
        ax.plot([], [], mark, color=colour, markeredgecolor="black", linestyle="none", label=name)[
            0
        ]
        for k, (mark, colour, name) in enumerate(_MARK)
        if k in kinds
    ]
    if handles:
        drawn.legend(handles=handles, loc="outside upper right", ncols=2)
