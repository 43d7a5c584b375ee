"""Distributions of an observable in samples of jets, with ratios below."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from jetlens.plots.shared.flavours import class_name, flavour_colour
from jetlens.plots.shared.moved import before
from jetlens.summarise.estimates import ratio
from jetlens.summarise.jets.moved import SCALE, scale_name
from jetlens.summarise.result import Result
from jetlens.summarise.sums.histogram import Histogram
from jetlens.summarise.sums.transport import bin_width

MOVED = "#1b7f5c"
"""The colour of moved jets."""
_BEFORE = "#555555"
_WHOLE = ("multiplicity", "multiplicity_hard", "soft_drop")
_BINS = 24
_SHARE = (0.004, 0.996), (0.01, 0.98)  # of observables of jets, of inputs
_LEAST = 0.02  # of the largest density, where a ratio is drawn

Floats = NDArray[np.float64]


def edges_of(fine: Histogram, coarse: Histogram, name: str, classes: int) -> Floats:
    """Return bins that are drawn: where true classes are, whole numbers in the middle.

    Of particles, which have long tails, few are left out; no bin is narrower than the coarse
    histogram's, of which errors are made.
    """
    ends = fine.quantiles(_SHARE["." in name])[:classes, ..., 0]
    low, high = float(np.nanmin(ends[:, 0])), float(np.nanmax(ends[:, 1]))
    if name in _WHOLE:
        low, high = np.floor(low), np.floor(high)
        step = max(int(np.ceil((high - low + 1) / _BINS)), 1)
        return np.arange(low - 0.5, high + step + 0.5, step)
    high = high if high > low else low + 1
    bins = int(np.clip((high - low) / bin_width(coarse), 1, _BINS))
    return np.linspace(low, high, bins + 1)


def distributions(
    above: Axes, below: Axes, result: Result, content: Floats, edges: Floats, t: int, at: int
) -> None:
    """Draw the samples of one class stepped toward ``[sample, bin, replica]``, and ratios."""
    samples = list(result.parts["fine"].axes["sample"])
    classes = [str(c) for c in result.sums["toward"].values]
    scale = scale_name(float(result.sums[SCALE].values[at]))
    density = ratio(content, content.sum(axis=1, keepdims=True)) / np.diff(edges)[:, None]
    target = density[t]
    # of next to nothing, a ratio is noise
    reference = np.where(target[:, :1] > _LEAST * target[:, 0].max(initial=0), target, np.nan)
    middles = (edges[1:] + edges[:-1]) / 2
    lines = [(c, f"True {class_name(c)}", flavour_colour(c, k + 1)) for k, c in enumerate(classes)]
    lines += [
        (f"{classes[t]}.before", before(result), _BEFORE),
        (f"{classes[t]}.moved.{scale}", f"Moved by {scale}", MOVED),
    ]
    for sample, words, colour in lines:
        own = density[samples.index(sample)]
        over = ratio(own, reference)
        if sample in classes:
            above.stairs(own[:, 0], edges, color=colour, label=words, linewidth=1.5)
            below.stairs(over[:, 0], edges, color=colour, linewidth=1.3)
            continue
        fmt = {"fmt": "s" if colour == _BEFORE else "o", "markersize": 3, "color": colour}
        look: dict[str, Any] = {**fmt, "elinewidth": 1, "linestyle": "none"}
        error = own[:, 1:].std(axis=1)
        filled = own[:, 0] > 0  # a point at zero says nothing that the others do not
        above.errorbar(middles[filled], own[filled, 0], error[filled], label=words, **look)
        error = ratio(error, reference[:, 0])
        below.errorbar(middles[filled], over[filled, 0], error[filled], **look)
    top = float(np.nanmax(density[[samples.index(s) for s, _, _ in lines], :, 0]))
    above.set_ylim(0, 1.25 * top)
    above.set_yticks([])
    above.tick_params(axis="x", labelbottom=False)
    below.set_ylim(0, 2.4)
    below.set_yticks([0, 1, 2], ["0", "1", "2"], fontsize=9)
    for ax in (above, below):
        ax.minorticks_off()
    below.xaxis.set_major_formatter("{x:g}")  # a power of ten would stand in the axis's name
    below.locator_params(axis="x", nbins=7)
    below.set_xlim(edges[0], edges[-1])
    below.axhline(1, color="black", linewidth=0.6)
    above.set_ylabel("Density", loc="center", fontsize=10.5)
    below.set_ylabel("Ratio", loc="center", fontsize=9)
