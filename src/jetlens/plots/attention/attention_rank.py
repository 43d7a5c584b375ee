"""Which share of attention the first, second, ... particle receives, beside what pT would give."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from jetlens.core.registry import figures
from jetlens.plots.shared.by_class import (
    class_title,
    classes_shown,
    measured,
    nothing,
    ordered_by,
    position,
    rank_ticks,
    told,
)
from jetlens.plots.shared.flavours import flavour_colour
from jetlens.plots.shared.panels import heading
from jetlens.plots.shared.style import figure
from jetlens.plots.shared.words import plain, within
from jetlens.summarise.attention_rank import KINDS
from jetlens.summarise.estimates import interval
from jetlens.summarise.result import Result

TITLE = "Attention by rank"
_NULLS = {"uniform": (":", "equal shares"), "pt": ("--", r"shares of $p_T$")}

Floats = NDArray[np.float64]


@figures.register("attention-rank")
def draw(result: Result) -> Figure:
    """On the left the share of each particle, on the right of all up to it; bands are errors."""
    shown = classes_shown(result)
    drawn = figure(10.5, 4.3)
    if not shown:
        nothing(drawn)
        heading(drawn)
        return drawn
    each, upto = drawn.subplots(1, 2)
    summary: Any = result.summary
    share = summary.shares(result)
    for group in shown[::-1]:
        colour = flavour_colour(group, position(result, group))
        own = share[position(result, group)]
        for ax, values in ((each, own), (upto, own.cumsum(axis=1))):
            _curves(ax, values, colour, class_title(group))
    for kind, (line, words) in _NULLS.items():
        if np.isfinite(share[0, KINDS.index(kind), :, 0]).any():
            upto.plot([], [], line, color="0.35", label=words)
    each.set_yscale("log")
    least = share[[position(result, g) for g in shown], 0, :, 0]
    each.set_ylim(bottom=max(float(np.nanmin(np.where(least > 0, least, np.nan))) / 2, 1e-4))
    each.set_ylabel("Share of attention")
    upto.set_ylabel("Share of all up to this particle")
    upto.set_ylim(0, 1.02)
    upto.axvline(summary.leading + 0.5, color="0.75", linewidth=0.8, zorder=0)
    drawn.legend(*upto.get_legend_handles_labels(), loc="outside upper right", ncols=4)
    for ax in (each, upto):
        ax.set_xlabel(f"Particle ({ordered_by(result)})")
        ax.set_xlim(0.5, summary.most + 0.5)
        rank_ticks(ax, summary.most)
    heading(drawn)
    return drawn


def caption(result: Result) -> str:
    """Say how to read the figure, what the leading particles have, and of how many jets it is."""
    summary: Any = result.summary
    lead = summary.lead(result)
    said = []
    for group in classes_shown(result):
        share = measured(lead[position(result, group), 0])
        said.append(f"{share} of {plain(within(class_title(group)))}")
    many = "particle" if summary.leading == 1 else f"{summary.leading} particles"
    words = (
        "Share of attention that the first, second, ... particle "
        f"({plain(ordered_by(result))}) receives, and on the right of all up to it, averaged over "
        "the particles that ask, over heads and jets. Dotted: if all particles of a jet had the "
        "same; dashed: the particles' shares of pT. Bands are 68 % bootstrap intervals over "
        "events. "
    )
    if said:
        words += f"The leading {many} receive {', '.join(said)}. "
    return words + told(result)


def _curves(ax: Axes, values: Floats, colour: str, name: str) -> None:
    """Draw attention ``[kind, rank, replica]`` with its band, and the shares beside it."""
    rank = np.arange(1, values.shape[1] + 1)
    value, low, high = interval(values[0])
    ax.plot(rank, value, "o-", color=colour, markersize=3.5, label=name)
    ax.fill_between(rank, low, high, color=colour, alpha=0.3, linewidth=0)
    for kind, (line, _) in _NULLS.items():
        ax.plot(rank, values[KINDS.index(kind), :, 0], line, color=colour, linewidth=1.2)
