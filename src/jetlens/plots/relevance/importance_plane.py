"""Where importance lies around the jets' axes: its density, that of pT, and their ratio."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm, Normalize
from matplotlib.figure import Figure
from numpy.typing import NDArray

from jetlens.core.registry import figures
from jetlens.core.units import Feature
from jetlens.plots.shared.by_class import (
    class_title,
    classes_shown,
    empty,
    log_scale,
    measured,
    position,
    told,
)
from jetlens.plots.shared.panels import heading
from jetlens.plots.shared.style import figure
from jetlens.plots.shared.words import plain, within
from jetlens.summarise.estimates import ratio
from jetlens.summarise.importance_plane import AFTER, BEFORE, FLIP
from jetlens.summarise.result import Result

TITLE = "Importance around the axis"
_DECADES = 3.5
_RISE = 5.0
"""The ratio's colours reach from one over this to this."""
_FRAMES = {AFTER: "", BEFORE: ",\nbefore the flip"}

Floats = NDArray[np.float64]


@figures.register("importance-plane")
def draw(result: Result) -> Figure:
    """Rows are classes and frames; columns are importance, pT, and the ratio of the two."""
    summary: Any = result.summary
    shown = classes_shown(result)
    if not shown:
        return empty()
    density = summary.densities(result)
    frames = [str(f) for f in result.sums["frame"].values]
    rows = [(group, f) for group in shown for f in range(len(frames))]
    momentum = bool(np.isfinite(density[:, 1]).any())
    columns = 3 if momentum else 1
    drawn = figure(3.1 * columns + 0.6, 2.5 * len(rows) + 1.0)
    drawn.set_layout_engine("compressed")
    grid = drawn.subplots(len(rows), columns, squeeze=False, sharex=True, sharey=True)
    norm = log_scale(density[[position(result, g) for g in shown]], _DECADES)
    images: list[Any] = []
    axes = {a: Feature.from_dict(d) for a, d in result.sums.attrs["axes"].items()}
    for line, (group, f) in zip(grid, rows, strict=True):
        own, pt = density[position(result, group), :, f]
        images = [_cells(line[0], own, norm, "viridis_r", summary)]
        row = class_title(group) + _FRAMES[frames[f]]
        line[0].set_ylabel(f"{row}\n{axes['y'].axis}", loc="center", fontsize=12)
        if momentum:
            images.append(_cells(line[1], pt, norm, "viridis_r", summary))
            images.append(_ratio(line[2], own, pt, summary))
    words = ("Importance", r"$p_T$", r"Importance / $p_T$")
    for ax, title in zip(grid[0], words, strict=False):
        ax.set_title(title)
    bar = drawn.colorbar(images[0], ax=grid[:, :2], location="bottom", shrink=0.7, aspect=35)
    bar.set_label("Share of a jet per unit area", loc="center")
    if momentum:
        bar = drawn.colorbar(images[2], ax=grid[:, 2], location="bottom", shrink=0.9, aspect=18)
        bar.set_label("Ratio", loc="center")
        bar.set_ticks([1 / _RISE, 0.5, 1, 2, _RISE], labels=["1/5", "1/2", "1", "2", "5"])
        bar.minorticks_off()
    for ax in grid[-1]:
        ax.set_xlabel(axes["x"].axis)
    heading(drawn)
    return drawn


def caption(result: Result) -> str:
    """Say how to read the figure, what is near the subjets, and of how many jets it is."""
    summary: Any = result.summary
    words = (
        "Density of the particles' importance on the plane around their jet's axis, each jet "
        "divided by its sum; beside it that of pT, and the ratio of the two where a cell has "
        "enough. "
    )
    if BEFORE in result.sums["frame"].values:
        words += f"Before the flip, the mirroring of each jet ({FLIP}) is undone. "
    near = summary.near(result)
    said = []
    for group in classes_shown(result) if near is not None else ():
        own, pt = near[position(result, group), :2]
        words_of = f"{measured(own)} of the importance of {plain(within(class_title(group)))}"
        if np.isfinite(pt[0]):
            words_of += f" and {measured(pt)} of its pT (ratio {measured(ratio(own, pt))})"
        said.append(words_of)
    if said:
        words += f"Within {summary.radius:g} of a subjet lie {'; '.join(said)}. "
    return words + told(result)


def _cells(ax: Axes, values: Floats, norm: Normalize, colours: str, summary: Any) -> Any:
    looks = colormaps[colours].with_extremes(bad="white", under="white")
    ends = (-summary.reach, summary.reach) * 2
    values = np.where(values > 0, values, np.nan)
    image = ax.imshow(
        values, norm=norm, cmap=looks, origin="lower", extent=ends, interpolation="nearest"
    )
    ax.tick_params(which="both", length=2.5, top=False, right=False)
    ticks = [-summary.reach / 2, 0, summary.reach / 2]
    ax.set_xticks(ticks)
    ax.set_yticks(ticks)
    ax.minorticks_off()
    return image


def _ratio(ax: Axes, own: Floats, pt: Floats, summary: Any) -> Any:
    """Draw importance over pT, where a cell has a noticeable share of either."""
    floor = np.nanmax(pt, initial=0) * 10.0**-_DECADES
    values = np.where(np.maximum(own, pt) > floor, ratio(own, pt), np.nan)
    values = np.clip(values, 1 / _RISE, _RISE)
    return _cells(ax, values, LogNorm(1 / _RISE, _RISE), "RdBu_r", summary)
