"""Distances of moved jets to true classes, and what speaks for a scale, against the scale."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from jetlens.core.units import Feature
from jetlens.plots.moved.moved_distributions import MOVED
from jetlens.plots.shared.by_class import class_title, spread
from jetlens.plots.shared.flavours import class_name, flavour_colour
from jetlens.plots.shared.moved import scale_axis
from jetlens.summarise.estimates import share_interval
from jetlens.summarise.jets.moved import BENT, SCALE, UNPHYSICAL
from jetlens.summarise.result import Result
from jetlens.summarise.sums.chance import gaussian, mean_relative, remaining, squares

_FAR = 2.5  # times as far as before: what lies beyond is no choice

_FAINT: dict[str, Any] = {"alpha": 0.4, "linewidth": 1.2, "marker": ".", "markersize": 5}
"""Of what a control does."""

Floats = NDArray[np.float64]


def against_scale(
    ax: Axes,
    result: Result,
    distance: Floats,
    shown: list[int],
    feature: Feature,
    at: NDArray[np.int64],
    control: Floats | None = None,
) -> None:
    """Draw distances ``[toward, before and scale, class, replica]`` against the scale.

    Beside them, faintly, those of the `control` ``[toward, before and scale, replica]``. What
    chance adds is taken off. The scales at the places `at` ``[toward]`` are marked.
    """
    scales = [float(s) for s in result.sums[SCALE].values]
    classes = [str(c) for c in result.sums["toward"].values]
    for t in shown:
        for c, name in enumerate(classes):
            value, low, high = remaining(squares(distance[t, 1:, c]))
            own = c == t
            look: dict[str, Any] = {
                "color": flavour_colour(classes[t], t + 1),
                "linestyle": "-" if own else ":",
                "marker": "o" if own else "",
                "markersize": 3.5,
                "linewidth": 1.4,
            }
            words = f"{class_title(classes[t])} to {class_name(name)}"
            if not own and len(classes) > 2:  # so many are not told apart
                words = "To the other classes" if t == shown[0] and c == (t == 0) else ""
            ax.errorbar(scales, value, spread(value, low, high), label=words, **look)
        colour = flavour_colour(classes[t], t + 1)
        if control is not None:
            words = "Controls" if t == shown[0] else ""
            ax.plot(
                scales, remaining(squares(control[t, 1:]))[0], color=colour, label=words, **_FAINT
            )
        ax.axvline(scales[at[t]], color=colour, linewidth=0.8, alpha=0.5, zorder=0)
    unit = f" [{feature.shown}]" if feature.shown else ""
    ax.set_ylabel(f"Distance{unit}", loc="center", fontsize=10.5)
    ax.set_ylim(0, None)
    ax.yaxis.set_major_formatter("{x:g}")  # a power of ten would stand on the panel above
    ax.minorticks_off()
    scale_axis(ax, scales, result)


def choice(
    ax: Axes,
    result: Result,
    own: Floats,
    shown: list[int],
    at: int | None,
    control: Floats | None = None,
) -> None:
    """Draw the mean relative distance, of all and by class, whose least is recommended.

    Beside it, faintly, that of the `control`.
    """
    scales = [float(s) for s in result.sums[SCALE].values]
    summary: Any = result.summary
    groups = summary.groups(result)
    classes = [str(c) for c in result.sums["toward"].values]
    lines = [("All", MOVED, slice(None))]
    lines += [
        (f"Toward {class_name(classes[t])}", flavour_colour(classes[t], t + 1), slice(t, t + 1))
        for t in shown
    ]
    for words, colour, some in lines:
        if control is not None:
            ax.plot(scales, mean_relative(control[:, some], groups)[:, 0], color=colour, **_FAINT)
        value, low, high = gaussian(mean_relative(own[:, some], groups))
        look: dict[str, Any] = {"color": colour, "fmt": "o-", "markersize": 4, "label": words}
        ax.errorbar(scales, value, spread(value, low, high), **look)
    ax.legend(ncols=len(lines), fontsize=9, loc="upper left")
    ax.axhline(1, color="black", linewidth=0.6)
    bent = ~summary.allowed(result)[:, 0]
    if bent.any():
        first = int(bent.argmax())
        begin = scales[first] if not first else sum(scales[first - 1 : first + 1]) / 2
        ax.axvspan(begin, scales[-1], color="0.93", zorder=0, linewidth=0)
    if at is not None:
        ax.axvline(scales[at], color="0.6", linewidth=0.8, zorder=0)
    ax.set_ylabel("Mean distance\nover that before", loc="center", fontsize=10.5)
    ax.set_ylim(0, min(1.25 * ax.get_ylim()[1], _FAR))
    ax.minorticks_off()
    scale_axis(ax, scales, result)


def shares(ax: Axes, result: Result, at: int | None) -> None:
    """Draw the shares of moved jets that flip, and that raw steps make unphysical."""
    scales = [float(s) for s in result.sums[SCALE].values]
    summary: Any = result.summary
    found, jets = [summary.shares(result, k) for k in range(len(scales))], summary.effective(result)
    for name, colour, fmt, words in (
        ("flipped", MOVED, "o", "Flipped"),
        (UNPHYSICAL, "0.6", "s", "Unphysical"),
        (BENT, "black", "^", "Bent"),
    ):
        if name in found[0]:
            value, low, high = share_interval(np.stack([f[name] for f in found]), jets)
            look: dict[str, Any] = {"color": colour, "fmt": f"{fmt}-", "markersize": 3.5}
            ax.errorbar(scales, value, spread(value, low, high), label=words, **look)
    if at is not None:
        ax.axvline(scales[at], color="0.6", linewidth=0.8, zorder=0)
    ax.set_ylabel("Share of moved jets", loc="center", fontsize=10.5)
    ax.set_ylim(0, 1.35)
    ax.set_yticks([0, 0.5, 1])
    ax.legend(ncols=3, fontsize=9, loc="upper left")
    ax.minorticks_off()
    scale_axis(ax, scales, result)
