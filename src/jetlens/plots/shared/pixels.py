"""Pixels of images and of their relevance: which part is shown, and in which colours."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap, LogNorm, Normalize, SymLogNorm
from numpy.typing import NDArray

from jetlens.core.units import Feature
from jetlens.summarise.result import Result

_DECADES = 4
"""Intensities are shown down to this many decades below the largest."""
_LINEAR = 30.0  # the scale of relevance is linear below this part of its end
_SHOWN = 0.999  # of the intensity lies in the part that is shown, along each axis and end
_UNCLEAR, _NOTHING = "#e3e3e3", "white"

Floats = NDArray[np.float64]
Extent = tuple[float, float, float, float]
"""Left, right, bottom, top."""


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
