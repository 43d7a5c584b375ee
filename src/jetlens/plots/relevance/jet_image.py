"""Images of relevance beside the images of jets: means of classes, and single jets."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr
from matplotlib.figure import Figure
from numpy.typing import NDArray

from jetlens.core.attribution import SCORE, VALUE
from jetlens.core.registry import figures
from jetlens.plots.shared.flavours import flavour_title, shown_groups
from jetlens.plots.shared.panels import heading
from jetlens.plots.shared.pixels import (
    axis_title,
    crop,
    even_norm,
    extent_of,
    intensity,
    log_norm,
    relevance,
)
from jetlens.plots.shared.style import figure
from jetlens.plots.shared.words import counted, features, within
from jetlens.summarise.estimates import LEAST
from jetlens.summarise.jet_image import SIGNIFICANT
from jetlens.summarise.result import Result

TITLE = "Relevance of pixels"
AXIS = {
    "none": "Relevance",
    "sum": "Relevance / its sum",
    "abs": "Relevance / its absolute sum",
    "max": "Relevance / the largest",
}

Floats = NDArray[np.float64]


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
