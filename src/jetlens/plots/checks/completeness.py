"""Distributions of the completeness error."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from jetlens.core.registry import figures
from jetlens.plots.shared.flavours import flavour_colour, flavour_title
from jetlens.plots.shared.style import figure, label, legend
from jetlens.plots.shared.words import counted
from jetlens.summarise.completeness import KINDS
from jetlens.summarise.jets.selection import NOT_POSITIVE
from jetlens.summarise.result import Result
from jetlens.summarise.sums.binned import rebinned

TITLE = "Completeness"
_AXES = {
    "relative": r"|sum of scores $-$ $\Delta$output| / |$\Delta$output|",
    "absolute": r"|sum of scores $-$ $\Delta$output|",
}


@figures.register("completeness")
def draw(result: Result) -> Figure:
    """The further left, the better the scores of a jet add up to the output that they explain.

    One line a true flavour; errors below the axis are drawn in the first bin.
    """
    drawn = figure(11, 4.4)
    axes = drawn.subplots(1, 2, sharey=True)
    fine = result.parts["fine"]
    for ax, kind in zip(axes, reversed(KINDS), strict=True):
        one = fine.pick(kind=kind)
        low, high = one.edges()
        positive = low > 0
        ends = (low[positive].min(), high.max()) if positive.any() else (1e-6, 1.0)
        first = int(np.clip(np.floor(np.log10(ends[0])), -16, 0))
        last = int(np.clip(np.ceil(np.log10(ends[1])), first + 1, 3))
        edges = np.logspace(first, last, 8 * (last - first) + 1)
        inner = edges.copy()
        inner[0], inner[-1] = 0.0, np.inf
        content = rebinned(one, inner)[..., 0]
        for g, group in enumerate(one.axes["group"]):
            if content[g].sum() > 0 and group not in ("all", NOT_POSITIVE):
                colour = flavour_colour(group, g)
                share = content[g] / content[g].sum()
                ax.stairs(share, edges, color=colour, label=flavour_title(group), linewidth=1.6)
        ax.set_xscale("log")
        ax.set_xlabel(_AXES[kind])
    axes[0].set_ylabel("Share of jets per bin")
    axes[0].set_ylim(0, None)
    axes[0].margins(y=0.25)
    label(axes[0])
    legend(axes[0])
    if "not_converged" in result.sums:
        failed = int(result.sums["not_converged"].sel(group="all"))
        jets = int(result.sums["jets"].sel(count="seen", group="all"))
        axes[1].set_title(f"{failed:,} of {jets:,} jets not converged", loc="right", fontsize=11)
    return drawn


def caption(result: Result) -> str:
    """Say how to read the figure, and of how many jets it is."""
    words = (
        "Completeness: how far the sum of a jet's scores is from the difference of outputs that it "
        "explains, relative to that difference (left) and as it is (right)."
    )
    number = result.numbers().get("completeness.relative.all.p99")
    if number:
        words += f" 99 % of the jets are within {number['value']:.2g} relative."
    return f"{words} {counted(result)}"
