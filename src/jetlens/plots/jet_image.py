"""Images of relevance beside the images of jets: means of classes, and single jets."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap, LogNorm, Normalize, SymLogNorm
from matplotlib.figure import Figure
from numpy.typing import NDArray

from jetlens.core.attribution import SCORE, VALUE
from jetlens.core.registry import figures
from jetlens.core.units import Feature
from jetlens.plots.panels import heading
from jetlens.plots.style import counted, features, figure, flavour_title, shown_groups, within
from jetlens.summarise.base import LEAST
from jetlens.summarise.jet_image import SIGNIFICANT
from jetlens.summarise.result import Result

TITLE = "Relevance of pixels"
AXIS = {
    "none": "Relevance",
    "sum": "Relevance / its sum",
    "abs": "Relevance / its absolute sum",
    "max": "Relevance / the largest",
}
_DECADES = 4
_LINEAR = 30.0  # the scale of relevance is linear below this part of its end
"""Intensities are shown down to this many decades below the largest."""
_SHOWN = 0.999  # of the intensity lies in the part that is shown, along each axis and end
_UNCLEAR, _NOTHING = "#e3e3e3", "white"

Floats = NDArray[np.float64]
Extent = tuple[float, float, float, float]
"""Left, right, bottom, top."""


@figures.register("jet-image")
def draw(result: Result, *, jets: int | None = None) -> Figure:
    """Red pixels speak for the output that is explained, blue ones against it.

    Each class has its mean image and mean relevance, and beside them single jets. Pixels whose mean
    relevance is compatible with zero are grey.

    Parameters
    ----------
    result
        Of the summary ``jet-image``.
    jets
        How many single jets to draw of each class; left out, two at most.
    """
    rows = _rows(result)
    kept: xr.Dataset = result.parts["examples"].jets
    singles = min(result.summary.jets, 2) if jets is None else jets  # type: ignore[attr-defined]
    extent = extent_of(result)
    inner = crop(result)
    shape = abs((inner[3] - inner[2]) / (inner[1] - inner[0]))
    drawn = figure(2.75 * (2 + 2 * singles), 0.7 + max(len(rows), 1) * (0.55 + 1.4 * shape))
    # axes of a fixed shape, further from the next panel than from their own colour bars
    drawn.set_layout_engine("compressed", w_pad=0.1)
    grid = drawn.subplots(max(len(rows), 1), 2 + 2 * singles, squeeze=False)
    value, score, clear = result.summary.mean(result)  # type: ignore[attr-defined]
    groups = [str(g) for g in result.sums["group"].values]
    classes = [str(c) for c in kept["class"].values]
    words = AXIS[result.summary.normalise]  # type: ignore[attr-defined]
    shown = [groups.index(g) for g, _ in rows]
    norms = log_norm(value[shown]), even_norm(score[shown])
    described = features(result)
    for line, (group, channel) in zip(grid, rows, strict=False):
        g, unit = groups.index(group), described[channel]
        used = int(result.sums["jets"].sel(count="used", group=group))
        intensity(line[0], value[g, channel], extent, norms[0], unit)
        relevance(
            line[1], score[g, channel], clear[g, channel], extent, norms[1], f"Mean {within(words)}"
        )
        name = flavour_title(group) + (f", {unit.title}" if len(described) > 1 else "")
        line[0].set_title(f"Mean of {used:,} {within(name)}", fontsize=11)
        line[1].set_title("Mean relevance", fontsize=11)
        there = np.flatnonzero(kept["label"].values == (classes.index(group) if g else -1))
        for k in range(singles):
            pair = line[2 + 2 * k : 4 + 2 * k]
            if k < len(there):
                _single(pair, result, kept.isel(jet=int(there[k])), channel, extent)
            else:
                for ax in pair:
                    ax.remove()
    for ax in grid[-1]:
        ax.set_xlabel(axis_title(result, "x"))
    for ax in grid[:, 0]:
        ax.set_ylabel(axis_title(result, "y"))
    for ax in grid.ravel():
        ax.set_xlim(inner[:2])
        ax.set_ylim(inner[2:])
    if not rows:
        for ax in grid[0]:
            ax.remove()
        drawn.text(0.5, 0.5, "no jet was used", ha="center")
    heading(drawn)
    return drawn


def caption(result: Result) -> str:
    """Say how to read the figure, and of how many jets it is."""
    toward = result.sums.attrs["target"]
    what = f" ({toward})" if toward else ""
    singles = "; single jets are chosen by a hash, not by hand" if result.summary.jets else ""  # type: ignore[attr-defined]
    return (
        f"Images (logarithmic) and relevance of their pixels: red speaks for the output{what} that "
        "is explained, blue against it, in white pixels there is nothing. Grey pixels have a mean "
        f"relevance within {SIGNIFICANT:g} standard errors (bootstrap over events) of zero, where "
        f"there are at least {LEAST} jets{singles}. {counted(result)}"
    )


def extent_of(result: Result) -> Extent:
    """Return where the image begins and ends."""
    ends: list[float] = []
    for axis in "xy":
        at = result.sums[axis].values
        half = (at[-1] - at[0]) / max(len(at) - 1, 1) / 2 or 0.5
        ends += [float(at[0] - half), float(at[-1] + half)]
    return ends[0], ends[1], ends[2], ends[3]


def crop(result: Result) -> Extent:
    """Return the part of the image that holds nearly all of its intensity, a square's worth."""
    total = np.abs(result.sums["value"].values).sum(axis=(0, 1))
    ends: list[float] = []
    for axis, along in (("x", total.sum(axis=0)), ("y", total.sum(axis=1))):
        at = result.sums[axis].values
        upto = np.cumsum(along)
        if not upto[-1] > 0:
            return extent_of(result)
        low, high = np.searchsorted(upto, upto[-1] * np.array([1 - _SHOWN, _SHOWN]))
        step = (at[-1] - at[0]) / max(len(at) - 1, 1) or 1.0
        ends += [float(at[low] - 1.5 * step), float(at[min(high, len(at) - 1)] + 1.5 * step)]
    whole = extent_of(result)
    ends = [
        max(ends[0], whole[0]),
        min(ends[1], whole[1]),
        max(ends[2], whole[2]),
        min(ends[3], whole[3]),
    ]
    return ends[0], ends[1], ends[2], ends[3]


def axis_title(result: Result, axis: str) -> str:
    """Return the title of an image's axis."""
    described = result.sums.attrs["axes"]
    if axis in described:
        return Feature.from_dict(described[axis]).axis
    return f"{axis} [pixels]"


def log_norm(values: Floats) -> Normalize:
    """Return a logarithmic colour scale for intensities, whatever they are."""
    most = float(np.nanmax(values, initial=0)) if values.size else 0.0
    least = float(np.min(values, where=values > 0, initial=np.inf)) if values.size else np.inf
    if not most > 0:
        return Normalize(0, 1)
    # at least a decade, so that the bar has numbers; a constant is one colour
    return LogNorm(min(max(least, most * 10.0**-_DECADES), most / 10), most)


def even_norm(values: Floats) -> Normalize:
    """Return a colour scale for relevance: symmetric about zero, logarithmic away from it."""
    reach = float(np.nanmax(np.abs(values), initial=0)) if values.size else 0.0
    reach = reach if np.isfinite(reach) and reach > 0 else 1.0
    return SymLogNorm(reach / _LINEAR, vmin=-reach, vmax=reach, base=10)


def intensity(ax: Axes, values: Floats, extent: Any, norm: Normalize, unit: Feature) -> None:
    """Draw an image ``[y, x]`` with its colour bar; pixels of nothing are white."""
    colours = colormaps["viridis_r"].with_extremes(bad=_NOTHING, under=_NOTHING)
    values = np.where(values > 0, values * unit.shown_factor, np.nan)
    if isinstance(norm, LogNorm):
        norm = LogNorm(norm.vmin * unit.shown_factor, norm.vmax * unit.shown_factor)  # type: ignore[operator]
    _show(ax, values, extent, norm, colours, unit.axis)


def relevance(
    ax: Axes, values: Floats, clear: NDArray[np.bool_], extent: Any, norm: Normalize, words: str
) -> None:
    """Draw relevance ``[y, x]`` with its colour bar; what is not clear is grey."""
    colours = colormaps["RdBu_r"].with_extremes(bad=_NOTHING)
    _show(ax, np.where(clear & (values != 0), values, np.nan), extent, norm, colours, words)
    grey = np.where(clear | (values == 0), np.nan, 1.0)
    look = {"origin": "lower", "extent": extent, "interpolation": "nearest"}
    ax.imshow(grey, cmap=ListedColormap([_UNCLEAR]), **look)


def _show(ax: Axes, values: Floats, extent: Any, norm: Normalize, colours: Any, words: str) -> None:
    shown = ax.imshow(
        values, origin="lower", extent=extent, norm=norm, cmap=colours, interpolation="nearest"
    )
    ax.tick_params(which="both", length=2.5, labelsize=9.5, top=False, right=False)
    ax.minorticks_off()
    ax.locator_params(nbins=5)
    drawn = ax.get_figure()
    assert drawn is not None
    look: dict[str, Any] = {}
    if isinstance(norm, SymLogNorm):
        end = float(norm.vmax or 1.0)
        look = {"format": "%.2g", "ticks": [-end, -end / 10, 0, end / 10, end]}
    bar = drawn.colorbar(shown, ax=ax, fraction=0.05, pad=0.03, **look)
    bar.set_label(words, fontsize=9.5, loc="center", labelpad=1)
    bar.ax.tick_params(labelsize=8.5)
    bar.ax.minorticks_off()


def _single(pair: Any, result: Result, jet: xr.Dataset, channel: int, extent: Any) -> None:
    """Draw one jet: its image and its relevance."""
    summary: Any = result.summary
    home = result.parts["examples"].collection
    value, score = jet[home + VALUE].values, jet[home + SCORE].values
    if len(value) != result.sums.sizes["channel"]:
        value, score = value.sum(axis=0, keepdims=True), score.sum(axis=0, keepdims=True)
    unit = features(result)[channel]
    everywhere = np.ones(score[channel].shape, bool)
    intensity(pair[0], value[channel], extent, log_norm(value[channel]), unit)
    words = AXIS[summary.normalise]
    relevance(pair[1], score[channel], everywhere, extent, even_norm(score[channel]), words)
    classes = [str(c) for c in jet["class"].values]
    output = jet["output"].values.astype(np.float64)
    said = np.exp(output - np.logaddexp.reduce(output))
    best = int(output.argmax())
    pair[0].set_title(f"Single jet, row {int(jet['row'])}", fontsize=11)
    pair[1].set_title(
        f"Tagged {within(flavour_title(classes[best]))[:-1]}, p = {said[best]:.2f}", fontsize=11
    )


def _rows(result: Result) -> list[tuple[str, int]]:
    """Return the groups that are drawn, with each channel."""
    return [(g, c) for g in shown_groups(result) for c in range(result.sums.sizes["channel"])]
