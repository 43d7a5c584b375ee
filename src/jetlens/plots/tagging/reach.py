"""Expected limits and significances of a resonance against its mass, beside cuts alone."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from jetlens.core.registry import figures
from jetlens.plots.shared.style import CYCLE, figure, label, legend
from jetlens.summarise.estimates import Numbers
from jetlens.summarise.reach import Reach
from jetlens.summarise.result import Result
from jetlens.summarise.search.limits import limited
from jetlens.summarise.search.tagging import has_tags

TITLE = "Reach of a search"
MASS = r"$m_H$ [GeV]"
LIMIT = r"Expected 95 % CL limit on $\sigma\times B(hh\to 4b)$ [fb]"
CUTS = "#717581"  # of the analysis without a tagger
SPREAD = 0.004  # of the axis, between points of one mass


@figures.register("reach")
def draw(result: Result) -> Figure:
    """Left, expected upper limits; right, expected significances of a signal that is there.

    An open triangle is a limit that more simulated background could lower.
    """
    summary: Any = result.summary
    numbers = result.numbers()
    drawn = figure(11.4, 4.9)
    left, right = drawn.subplots(1, 2)
    for ax, quantity in ((left, "limit"), (right, "significance")):
        points(ax, numbers, f"reach.{quantity}.", summary, CYCLE[2], "tagger")
        points(ax, numbers, f"reach.cut_based.{quantity}.", summary, CUTS, "cuts alone", marker="s")
        dress(ax, summary)
    edge = [m for m in limited(result) if f"reach.limit.{m:g}" in numbers]
    if edge:
        values = [numbers[f"reach.limit.{m:g}"]["value"] for m in edge]
        left.plot(
            edge, values, "v", markersize=12, markerfacecolor="none", color=CYCLE[2],
            label="simulation too small for a tighter cut", linestyle="none",
        )  # fmt: skip
    published(left, summary)
    left.set_ylabel(LIMIT)
    right.set_ylabel(f"Expected significance of {summary.cross_section:g} fb")
    for ax in (left, right):
        room(ax)
        legend(ax)
    label(left, right=conditions(summary))
    return drawn


def caption(result: Result) -> str:
    """Say how to read the figure."""
    events = result.sums["events"].values
    count = int(events[:, 0].sum() + events[0, 1:].sum())  # backgrounds count at each mass
    return (
        f"{count:,} simulated events. Left: the expected 95 % CL upper limit (CLs, asymptotic, "
        "median) on cross-section times branching ratio; right: the expected significance of a "
        "signal of "
        f"{result.arguments['cross_section']:g} fb. {told(result)}"
    )


def told(result: Result) -> str:
    """Say how events are selected, and what the errors are."""
    summary: Any = result.summary
    low, high = summary.window
    events = f"{summary.events:g}"
    words = (
        f"Counting experiments at {summary.luminosity:,.0f} /fb with a background known to "
        f"{100 * summary.systematic:g} %, in a window of {low:g} to {high:g} times the mass. The "
        "tagger's cut is chosen in one half of the events and counted in the other, and leaves an "
        f"effective number of at least {events} simulated background events in each. Cuts "
        f"alone: X_hh < {summary.distance:g} of both groomed masses about "
        f"{' and '.join(f'{c:g}' for c in summary.centres)} GeV, |Δη| < {summary.deta:g}, the "
        "same window. Errors: 68 % bootstrap over simulated events and their tags"
    )
    if has_tags(result):
        words += (
            ". Background events count with mean tags by the jets' masses: limits are optimistic "
            "where the tagger prefers jets that are tagged more often than others of their mass, "
            "and errors do not hold that"
        )
    if summary.published:
        words += (
            f". {summary.published_source}: its expected limits at "
            f"{summary.published_luminosity:g} /fb, scaled between 1/√L (a background that "
            "fluctuates) and 1/L (none at all)"
        )
    return f"{words}."


def conditions(summary: Any) -> str:
    """Return luminosity and uncertainty, for the top of a panel."""
    return rf"{summary.luminosity:,.0f} fb$^{{-1}}$, {100 * summary.systematic:g} % uncertainty"


def points(
    ax: Axes,
    numbers: Numbers,
    prefix: str,
    summary: Reach,
    colour: str,
    name: str,
    *,
    marker: str = "o",
    shift: int = 0,
) -> None:
    """Draw the numbers of all masses with their intervals, one curve; `shift` keeps them apart."""
    there = [m for m in summary.masses if f"{prefix}{m:g}" in numbers]
    found = [numbers[f"{prefix}{m:g}"] for m in there]
    if not found:
        return
    value, low, high = (np.array([n[k] for n in found]) for k in ("value", "low", "high"))
    at = np.array(there) + SPREAD * shift * (max(summary.masses) - min(summary.masses))
    error = np.array([value - low, high - value])
    look: dict[str, Any] = {"color": colour, "markersize": 5, "capsize": 2.5, "linewidth": 1.4}
    ax.errorbar(at, value, error, fmt=f"{marker}-", label=name, **look)


def published(ax: Axes, summary: Reach) -> None:
    """Draw another experiment's limits, scaled to the luminosity."""
    if not summary.published:
        return
    mass, limit = np.array(sorted(summary.published)).T
    times = summary.luminosity / summary.published_luminosity
    words = rf"{summary.published_source}, scaled by $1/\sqrt{{L}}$ to $1/L$"
    ax.fill_between(mass, limit / times, limit / np.sqrt(times), color="0.8", label=words)


def dress(ax: Axes, summary: Reach) -> None:
    """Set the axes of a quantity against the mass."""
    ax.set_yscale("log")
    ax.set_xlabel(MASS)
    masses = summary.masses
    pad = 0.06 * (max(masses) - min(masses)) or 50.0
    ax.set_xlim(min(masses) - pad, max(masses) + pad)


def room(ax: Axes) -> None:
    """Leave room above the curves for a legend."""
    bottom, top = ax.dataLim.intervaly
    if 0 < bottom <= top < np.inf:
        ax.set_ylim(bottom / 1.6, 2.5 * top * (top / bottom) ** 0.5)
