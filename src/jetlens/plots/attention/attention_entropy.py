"""How concentrated attention is: entropies and largest weights of its rows, and their means."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from jetlens.core.registry import figures
from jetlens.plots.shared.by_class import class_title, classes_shown, empty, position, spread, told
from jetlens.plots.shared.flavours import flavour_colour
from jetlens.plots.shared.panels import heading
from jetlens.plots.shared.style import figure
from jetlens.plots.shared.words import plain, within
from jetlens.summarise.estimates import interval
from jetlens.summarise.jets.classes import means
from jetlens.summarise.result import Result

TITLE = "Entropy of attention"
_AXIS = ("Entropy / log(number of keys)", "Largest weight")
_LEAST = 2e-3
"""Densities are shown down to this."""
_MARKS = ("o", "s")

Floats = NDArray[np.float64]


@figures.register("attention-entropy")
def draw(result: Result, *, layers: int = 4) -> Figure:
    """Columns are layers: distributions of rows above, their means by head below.

    Thick lines are for all heads, thin ones for each. A vertical line is uniform attention.

    Parameters
    ----------
    result
        Of the summary ``attention-entropy``.
    layers
        How many layers to draw, the last ones.
    """
    summary: Any = result.summary
    shown = classes_shown(result)
    there = [int(n) for n in result.sums["layer"].values][-layers:]
    if not shown or not there:
        return empty()
    drawn = figure(max(3.1 * len(there) + 0.6, 6.4), 8.4)
    grid = drawn.subplots(3, len(there), squeeze=False, sharey="row")
    density, average = summary.distribution(result), summary.averages(result)
    uniform = means(result, "uniform")[..., 0]
    first = int(result.sums["layer"].values[0])
    for column, layer in zip(grid.T, there, strict=True):
        for group in shown[::-1]:
            g = position(result, group)
            colour = flavour_colour(group, g)
            for m, ax in enumerate(column[:2]):
                _distribution(ax, density[g, m, layer - first], colour, class_title(group))
                ax.axvline((1.0, uniform[g])[m], color=colour if m else "0.5", linestyle=":")
                _means(column[2], average[g, m, layer - first], colour, m)
        for ax, words in zip(column, _AXIS, strict=False):
            ax.set_xlim(0, 1.02)
            ax.set_yscale("log")
            ax.set_xlabel(words)
        heads = [str(h) for h in result.sums["head"].values]
        column[2].set_xticks(range(len(heads)), heads)
        column[2].set_xlim(-0.6, len(heads) - 0.4)
        column[2].tick_params(axis="x", which="minor", bottom=False, top=False)
        column[2].set_ylim(0, 1.02)
        column[2].set_xlabel("Head")
        column[0].set_title(f"Layer {layer}")
    for ax, words in zip(grid[:, 0], (*2 * ["Density of rows"], "Mean"), strict=True):
        ax.set_ylabel(words)
    for ax in grid[:2].flat:
        ax.set_ylim(bottom=_LEAST)
    for m, words in enumerate(("entropy", "largest weight")):
        face = "0.3" if m == 0 else "white"
        look: Any = {"color": "0.3", "markerfacecolor": face, "linestyle": "none"}
        grid[2, 0].plot([], [], _MARKS[m], label=words, **look)
    handles = [h for ax in grid[::2, 0] for h in ax.get_legend_handles_labels()[0]]
    drawn.legend(handles=handles, loc="outside upper right", ncols=len(handles))
    heading(drawn)
    return drawn


def caption(result: Result) -> str:
    """Say how to read the figure, and of how many jets it is."""
    summary: Any = result.summary
    overall, uniform = summary.overall(result)[..., 0], means(result, "uniform")[..., 0]
    said = []
    for group in classes_shown(result):
        g = position(result, group)
        entropy, largest = overall[g]
        said.append(
            f"{entropy:.3f} and {largest:.3f} for {plain(within(class_title(group)))} "
            f"(uniform: 1 and {uniform[g]:.3f})"
        )
    words = (
        f"Rows of the attention of {summary.query} to {summary.key}: entropy, divided by the "
        "logarithm of the number of real keys (1 is uniform attention, 0 a single key), and the "
        "largest weight (1 is a single key). Thick lines are for all heads, thin ones for each; "
        "dotted lines mark uniform attention. Below, means by head with 68 % bootstrap intervals "
        "over events. "
    )
    if said:
        words += f"Means over layers and heads are {'; '.join(said)}. "
    return words + told(result)


def _distribution(ax: Axes, density: Floats, colour: str, name: str) -> None:
    """Draw densities ``[head, bin]``, each and together."""
    edges = np.linspace(0, 1, density.shape[1] + 1)
    density = density[~np.isnan(density).any(axis=1)]  # a layer may have fewer heads than others
    if not len(density):
        return
    if len(density) > 1:
        for each in density:
            ax.stairs(each, edges, color=colour, linewidth=0.7, alpha=0.45)
    ax.stairs(density.mean(axis=0), edges, color=colour, linewidth=2.0, label=name)


def _means(ax: Axes, average: Floats, colour: str, measure: int) -> None:
    """Draw means ``[head, replica]`` with their intervals."""
    value, low, high = interval(average)
    face = colour if measure == 0 else "white"
    look: Any = {"color": colour, "markerfacecolor": face, "markersize": 5}
    error = spread(value, low, high)
    ax.errorbar(np.arange(len(value)), value, error, fmt=_MARKS[measure], **look)
