"""What figures of summaries by class share: which classes are drawn, what they are called."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm, Normalize
from matplotlib.figure import Figure
from numpy.typing import NDArray

from jetlens.plots.shared.flavours import class_name, shown_groups
from jetlens.plots.shared.panels import heading
from jetlens.plots.shared.style import figure
from jetlens.plots.shared.words import counted
from jetlens.summarise.estimates import interval
from jetlens.summarise.result import Result

PT = r"$p_T$"
NOTHING = "no jet was used"

_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")

Floats = NDArray[np.float64]


def classes_shown(result: Result) -> list[str]:
    """Return the groups that are drawn, the last class (as signal) first; none without jets."""
    used = result.sums["jets"].sel(count="used", group="all")
    return shown_groups(result)[::-1] if int(used) > 0 else []


def class_title(name: str) -> str:
    """Return what a class is called at the beginning of a line: ``Signal``, ``All jets``."""
    if name == "all":
        return "All"
    words = class_name(name)
    return words[:1].upper() + words[1:]


def position(result: Result, group: str) -> int:
    """Return where a group stands."""
    return [str(g) for g in result.sums["group"].values].index(group)


def ordered_by(result: Result) -> str:
    """Say what the particles of a result are ordered by."""
    words = result.sums.attrs["order"]
    return f"ordered by {words}" if words else "as listed"


def told(result: Result) -> str:
    """Say how jets are grouped, and how many there are."""
    kind = "true" if result.summary.by == "label" else "predicted"  # type: ignore[attr-defined]
    without = result.sums["jets"].sel(group="all")
    left = int(without.sel(count="selected")) - int(without.sel(count="used"))
    words = f"By {kind} class, of {counted(result).partition(';')[0].rstrip('.')}."
    if left:
        have, are = ("has", "is") if left == 1 else ("have", "are")
        words += f" {left:,} of them {have} nothing to be summed up and {are} left out."
    return words


def nothing(drawn: Figure) -> Figure:
    """Say in an empty figure that there is nothing to draw."""
    ax = drawn.subplots()
    ax.set_axis_off()
    ax.text(0.5, 0.5, NOTHING, ha="center", va="center", transform=ax.transAxes)
    return drawn


def empty() -> Figure:
    """Return a figure that says so, for results of which nothing can be drawn."""
    drawn = nothing(figure(6, 3))
    heading(drawn)
    return drawn


def log_scale(values: Floats, decades: float) -> Normalize:
    """Return one logarithmic colour scale for all values, down to so many decades below the top."""
    top = float(np.nanmax(values, initial=0.0)) if np.isfinite(values).any() else 0.0
    if not top > 0:
        return Normalize(0, 1)
    least = float(np.nanmin(np.where(values > 0, values, np.nan)))
    return LogNorm(min(max(least, top * 10.0**-decades), top / 10), top)


def measured(estimates: Floats) -> str:
    """Write a number with half of its interval, to two digits of this.

    Parameters
    ----------
    estimates
        ``[replica]``, the nominal one first.
    """
    value, low, high = (float(x) for x in interval(estimates))
    half = (high - low) / 2
    if 0 < half < 1e-4:
        power = int(np.floor(np.log10(max(abs(value), half))))
        value, half, end = (
            value / 10.0**power,
            half / 10.0**power,
            f" × 10{str(power).translate(_RAISED)}",
        )
        digits = int(np.clip(1 - np.floor(np.log10(half)), 0, 3))
        return f"({value:.{digits}f} ± {half:.{digits}f}){end}"
    digits = int(np.clip(1 - np.floor(np.log10(half)), 0, 5)) if half > 0 else 3
    return f"{value:.{digits}f} ± {half:.{digits}f}"


def spread(value: Floats, low: Floats, high: Floats) -> Floats:
    """Return an interval as lengths of error bars ``[2, ...]``."""
    return np.stack([value - low, high - value])


def rank_ticks(ax: Axes, many: int) -> None:
    """Number the ranks of particles along x, the first being 1."""
    ax.set_xticks(_numbered(many))
    ax.tick_params(axis="x", which="minor", bottom=False, top=False)


def cells(ax: Axes, axis: str, many: int) -> None:
    """Number cells by rank along an axis, the first being 1."""
    shown = _numbered(many)
    look: Any = {"x": ax.set_xticks, "y": ax.set_yticks}[axis]
    look([r - 1 for r in shown], [str(r) for r in shown])
    ax.tick_params(which="both", length=0)
    ax.minorticks_off()


def _numbered(many: int) -> list[int]:
    step = 1 if many <= 6 else 5 if many <= 25 else 10
    return [1, *range(step, many + 1, step)] if step > 1 else list(range(1, many + 1))
