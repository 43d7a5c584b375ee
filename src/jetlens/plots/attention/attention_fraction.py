"""How much of an explanation is in a jet's prongs, beside what would be there by itself."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator
from numpy.typing import NDArray
from scipy.special import expit

from jetlens.core.registry import figures
from jetlens.core.units import Feature
from jetlens.plots.shared.by_class import (
    class_title,
    classes_shown,
    empty,
    measured,
    position,
    told,
)
from jetlens.plots.shared.panels import heading
from jetlens.plots.shared.style import figure
from jetlens.plots.shared.words import plain, within
from jetlens.summarise.attention_fraction import RIGHT, WRONG
from jetlens.summarise.estimates import LEAST, interval, ratio
from jetlens.summarise.jets.regions import (
    ANOTHER,
    AREA,
    IN_PATCHES,
    OWN,
    PT,
    RANDOM,
    TURNED,
)
from jetlens.summarise.result import Result

TITLE = "Looking at prongs"
COLOURS = {
    OWN: "#bd1f01",
    AREA: "#717581",
    PT: "#3f90da",
    IN_PATCHES: "#ffa90e",
    RANDOM: "#a96b59",
    TURNED: "#832db6",
    ANOTHER: "#1b7f5c",
}
NAMES = {
    OWN: "explanation",
    AREA: "area",
    PT: r"$p_T$",
    IN_PATCHES: r"$p_T$ in patches",
    RANDOM: "random discs",
    TURNED: "own discs, turned",
    ANOTHER: "another jet's discs",
}
Floats = NDArray[np.float64]


@figures.register("attention-fraction")
def draw(result: Result) -> Figure:
    """Rows are classes; columns are distributions, enrichment, right and wrong jets, probability.

    Bands and errors are 68 % bootstrap intervals over events.
    """
    shown = classes_shown(result)
    if not shown:
        return empty()
    drawn = figure(15.5, 3.1 * len(shown) + 1.3)
    grid = drawn.subplots(len(shown), 4, squeeze=False, sharex="col")
    for line, group in zip(grid, shown, strict=True):
        g = position(result, group)
        _distribution(line[0], result, g)
        _enrichment(line[1], result, g)
        _verdicts(line[2], result, g)
        _probability(line[3], result, g)
        line[0].set_ylabel(f"{class_title(group)}\nJets / bin", loc="center")
    radius = f"Radius of the discs {unit_of(result)}".rstrip()
    summary: Any = result.summary
    words = (
        f"Share in discs of {summary.radius:g}",
        radius,
        radius,
        "Probability of the true class",
    )
    for ax, word in zip(grid[-1], words, strict=True):
        ax.set_xlabel(word)
    handles = grid[0, 1].get_legend_handles_labels()[0]
    own = grid[0, 0].get_legend_handles_labels()[0][:1]
    drawn.legend(handles=[*own, *handles], loc="outside upper right", ncols=7, fontsize=11)
    heading(drawn)
    return drawn


def caption(result: Result) -> str:
    """Say how to read the figure, what the enrichment is, and of how many jets it is."""
    summary: Any = result.summary
    kinds = [str(k) for k in result.sums["kind"].values]
    share = summary.shares(result)[:, :, summary.main]
    said = []
    for group in classes_shown(result):
        own = share[position(result, group)]
        over = [
            f"{measured(ratio(own[0], own[kinds.index(k)]))} times {_said(k)}"
            for k in (AREA, PT, IN_PATCHES, ANOTHER)
            if k in kinds
        ]
        words = f"{plain(within(class_title(group)))} {measured(own[0])}"
        said.append(f"{words} ({', '.join(over)})")
    what = "prongs (exclusive subjets)" if summary.regions == "prongs" else "partons (the truth)"
    return (
        f"The share of each jet's explanation in discs around its {what}, beside what would be "
        "there by itself: the discs' share of the image, the share of pT in them (in pixels, and "
        "in the patches that the explanation is made of), and the share of the same explanation "
        "in discs at random places, in the jet's own discs turned about its axis by a random "
        "angle, and in those of another jet of its class, all brought to the area of its own; "
        "discs elsewhere may overlap the jet's own: these nulls are higher, and enrichments over "
        "them lower, than of places without prongs. "
        "Enrichment is the mean share over each of these; at 1 the explanation is where anything "
        "would be. Full and open points are jets that are tagged right and wrong, against the "
        "radius and against the probability that the tagger gives the true class (in bins of its "
        "log-odds, whose edges are told below them); of fewer than "
        f"{LEAST} jets there is no point. Intervals are 68 % bootstrap intervals over events. "
        f"Within {summary.radius:g}, the mean share is {'; '.join(said)}. "
        f"{without_partons(result)}{told(result)}"
    )


def without_partons(result: Result) -> str:
    """Say that there are no regions but subjets, where jets do not know their partons."""
    if "partons" in result.sums.attrs["regions"]:
        return ""
    return (
        "These jets do not know the partons that they come from (JetClass's own files have none), "
        "so that there are no regions but subjets. "
    )


def unit_of(result: Result) -> str:
    """Return the unit of an image's axes in brackets, empty if there is none to be told."""
    unit = Feature.from_dict(result.sums.attrs["axes"]["x"]).unit
    return f"[{unit}]" if unit else ""


def _said(kind: str) -> str:
    return {AREA: "the area", PT: "that of pT", IN_PATCHES: "that of pT in patches"}.get(
        kind, "that in another jet's discs"
    )


def _distribution(ax: Axes, result: Result, g: int) -> None:
    edges = np.linspace(0, 1, result.sums.sizes["bin"] + 1)
    for k, kind in enumerate(map(str, result.sums["kind"].values)):
        content = result.sums["distribution"].values[g, k]
        look: Any = {"color": COLOURS[kind], "label": NAMES[kind]}
        if kind == OWN:
            ax.stairs(content, edges, fill=True, alpha=0.25, color=COLOURS[kind])
        ax.stairs(content, edges, linewidth=2.0 if kind == OWN else 1.2, **look)
    ax.set_xlim(0, 1)
    ax.set_yscale("symlog", linthresh=1)
    ax.set_ylim(bottom=0)


def _enrichment(ax: Axes, result: Result, g: int) -> None:
    summary: Any = result.summary
    radii = result.sums["radius"].values
    over = summary.enrichment(result)[g]
    for k, kind in enumerate(map(str, result.sums["null"].values)):
        value, low, high = interval(over[k])
        ax.plot(
            radii, value, "o-", markersize=3.5, color=COLOURS[kind], label=f"over {NAMES[kind]}"
        )
        ax.fill_between(radii, low, high, color=COLOURS[kind], alpha=0.2, linewidth=0)
    ax.axhline(1, color="0.5", linewidth=0.8, zorder=0)
    ax.set_yscale("log")
    ax.set_ylabel("Enrichment")
    _plain_ticks(ax)


def _verdicts(ax: Axes, result: Result, g: int) -> None:
    """Draw the enrichment over pT and over turned discs, of jets tagged right and wrong."""
    summary: Any = result.summary
    radii, kinds = result.sums["radius"].values, [str(k) for k in result.sums["null"].values]
    wanted = [k for k in (IN_PATCHES if IN_PATCHES in kinds else PT, TURNED) if k in kinds]
    for tagged, shift, face in ((RIGHT, -0.006, True), (WRONG, 0.006, False)):
        if int(result.sums["tagged_jets"].sel(tagged=tagged).values[g]) < LEAST:
            continue
        over = summary.enrichment(result, tagged)[g]
        for kind in wanted:
            value, low, high = interval(over[kinds.index(kind)])
            look: Any = {"color": COLOURS[kind], "capsize": 2, "markersize": 5, "linewidth": 1}
            look |= {"markerfacecolor": COLOURS[kind] if face else "white"}
            error = np.stack([value - low, high - value])
            ax.errorbar(radii + shift, value, error, fmt="o" if face else "s", **look)
    ax.axhline(1, color="0.5", linewidth=0.8, zorder=0)
    ax.set_xlim(0, 1.08 * float(radii[-1]))
    ax.set_ylabel("Enrichment, right and wrong")
    for tagged, mark, filling in ((RIGHT, "o", "0.3"), (WRONG, "s", "white")):
        number = int(result.sums["tagged_jets"].sel(tagged=tagged).values[g])
        empty: Any = {"color": "0.3", "markerfacecolor": filling, "linestyle": "none"}
        ax.plot([], [], mark, label=f"{number:,} {tagged}", **empty)
    ax.legend(loc="best", fontsize=9.5, handletextpad=0.2)


def _probability(ax: Axes, result: Result, g: int) -> None:
    """Draw the enrichment over area, pT and turned discs, of jets tagged right and wrong."""
    summary: Any = result.summary
    kinds = [str(k) for k in result.sums["kind"].values]
    at = result.sums["score"].values  # bins of equal width, though not of the probability
    edges = np.asarray(summary.score_edges, dtype=np.float64)
    wanted = [k for k in (AREA, IN_PATCHES if IN_PATCHES in kinds else PT, TURNED) if k in kinds]
    for tagged, mark, face in ((RIGHT, "o", True), (WRONG, "s", False)):
        enough = result.sums["score_jets"].sel(tagged=tagged).values[:, g] >= LEAST
        share = summary.against_score(result, tagged)[:, g]
        for k, kind in enumerate(wanted):
            over = ratio(share[:, 0], share[:, kinds.index(kind)])[enough]
            value, low, high = interval(over)
            look: Any = {"color": COLOURS[kind], "capsize": 2, "markersize": 5, "linewidth": 1}
            look |= {"markerfacecolor": COLOURS[kind] if face else "white"}
            where = at[enough] + 0.12 * (k - (len(wanted) - 1) / 2)
            error = np.stack([value - low, high - value])
            ax.errorbar(where, value, error, fmt=mark, **look)
    ax.axhline(1, color="0.5", linewidth=0.8, zorder=0)
    ax.set_xlim(-0.5, len(at) - 0.5)
    ax.set_xticks(at[1:] - 0.5, [f"{p:.2g}" for p in expit(edges)])
    ax.xaxis.set_minor_locator(NullLocator())
    ax.set_yscale("log")
    ax.set_ylabel("Enrichment, right and wrong")
    _plain_ticks(ax)


def _plain_ticks(ax: Axes) -> None:
    """Let a logarithmic axis reach as far as what is drawn, with plain numbers at its ticks."""
    low, high = ax.dataLim.intervaly
    if not 0 < low <= high < np.inf:
        return
    low, high = low / 1.25, high * 1.25
    decades = range(int(np.floor(np.log10(low))), int(np.ceil(np.log10(high))) + 1)
    every = [step * 10.0**n for n in decades for step in (1, 2, 5)]
    ticks = [tick for tick in every if low <= tick <= high]
    ax.set_yticks(ticks, [f"{tick:g}" for tick in ticks])
    ax.yaxis.set_minor_formatter("")
    ax.set_ylim(low, high)
