"""Expected limits and significances of several taggers against the mass, and limits' ratios."""

from __future__ import annotations

from collections import Counter
from typing import Any

from matplotlib.figure import Figure

from jetlens.core.registry import figures
from jetlens.plots.shared.panels import heading, listed, said, trainings
from jetlens.plots.shared.style import CYCLE, figure, legend
from jetlens.plots.tagging.reach import (
    CUTS,
    LIMIT,
    MASS,
    conditions,
    dress,
    points,
    published,
    room,
    told,
)
from jetlens.summarise.search.limits import FEWEST, WITH_LIMIT, limited
from jetlens.summarise.trainings.ensemble import Ensemble
from jetlens.summarise.trainings.retrainings import place_of

TITLE = "Reach of a search, compared"
NONE = "too few simulated background events for a limit"


@figures.register("reach-compared")
def draw(ensemble: Ensemble) -> Figure:
    """Limits, significances, and ratios to the limits of the last axis's first place."""
    summary: Any = ensemble.members[0].result.summary
    numbers = ensemble.numbers()
    last = list(ensemble.axes)[-1] if ensemble.axes else ""
    columns = list(ensemble.split(last)) if last else [((), ensemble)]
    places = ensemble.axes[last] if last else ("",)
    rows = 3 if len(places) > 1 else 2
    drawn = figure(max(5.6 * len(columns), 7.2), 7.4 if rows == 2 else 9.6)
    ratios = [3.2, 2.2, 1.9][:rows]
    panels = drawn.subplots(rows, len(columns), squeeze=False, sharex=True, height_ratios=ratios)
    for c, (others, some) in enumerate(columns):
        upper, middle, lower = (*panels[:, c], None)[:3]
        groups = list(some.groups())
        for variation in groups:
            place = dict(variation).get(last, "")
            k = places.index(place)
            whole = place_of(variation)
            colour, name = CYCLE[k % len(CYCLE)], place or "tagger"
            shift = 2 * k - len(places) + 1
            for ax, quantity in ((upper, "limit."), (middle, "significance.")):
                start = ".".join(w for w in ("reach", whole, quantity) if w)
                points(ax, numbers, start, summary, colour, name, shift=shift)
            if lower is not None and place != places[0]:
                ratio = {
                    n.removesuffix(f".vs.{places[0]}"): v
                    for n, v in numbers.items()
                    if n.endswith(f".vs.{places[0]}")
                }
                start = f"reach.ratio.{whole}."
                points(lower, ratio, start, summary, colour, name, shift=shift)
        for ax, quantity in ((upper, "limit."), (middle, "significance.")):
            of_cuts = ("reach", place_of(groups[0]), f"cut_based.{quantity}")
            start = ".".join(w for w in of_cuts if w)
            points(ax, numbers, start, summary, CUTS, "cuts alone", marker="s")
            dress(ax, summary)
            ax.set_xlabel("")
        published(upper, summary)
        room(upper)
        if not upper.has_data():
            upper.text(0.5, 0.5, NONE, ha="center", va="center", transform=upper.transAxes)
        if others:
            upper.set_title(said(others), loc="left", fontsize=12)
        upper.set_title(conditions(summary), loc="right", fontsize=11)
        if lower is not None:
            lower.axhline(1, color=CYCLE[0], linewidth=1.2)
        panels[-1, c].set_xlabel(MASS)
    panels[0, 0].set_ylabel(LIMIT)
    panels[1, 0].set_ylabel(f"Expected significance\nof {summary.cross_section:g} fb")
    legend(panels[0, 0], ncols=2)
    if rows == 3:
        panels[2, 0].set_ylabel(f"Limit over that\nof {places[0]}")
    heading(drawn)
    return drawn


def caption(ensemble: Ensemble) -> str:
    """Say how to read the figure."""
    summary: Any = ensemble.members[0].result.summary
    words = told(ensemble.members[0].result)
    several = len(next(iter(ensemble.groups().values()))) > 1
    below = ""
    if ensemble.axes and len(list(ensemble.axes.values())[-1]) > 1:
        below = (
            " At the bottom: the ratio of limits of the same repeat, its geometric mean and the "
            "error of that; below 1 is better."
        )
    missing = (
        "" if summary.published else f" {summary.published_source}: its limits are not at hand."
    )
    spread = (
        " Here the errors hold the standard deviation over the retrainings, in quadrature."
        if several
        else ""
    )
    return (
        "Expected 95 % CL upper limits (CLs, asymptotic, median) of each tagger, and below them "
        f"the expected significance of a signal of {summary.cross_section:g} fb. "
        f"{words}{spread}{below}{_edges(ensemble)}{_counted(ensemble)}"
        f"{missing} "
        f"{trainings(ensemble) if not several else ''}"
    ).strip()


def _edges(ensemble: Ensemble) -> str:
    """Say at which masses limits are those of the simulation, which taggers cannot move."""
    found = Counter(m for member in ensemble.members for m in limited(member.result))
    if not found:
        return ""
    said = ", ".join(f"at {m:g} GeV of {n}" for m, n in sorted(found.items()))
    return (
        f" Of {len(ensemble.members)} taggers, the simulated background is too small for a tighter "
        f"cut {said}: such limits could be lower, and tell less of how taggers differ."
    )


def _counted(ensemble: Ensemble) -> str:
    """Say how many trainings have a limit, where some have none."""
    summary: Any = ensemble.members[0].result.summary
    numbers = ensemble.numbers()
    words = []
    for mass in summary.masses:
        each = []
        for variation, results in ensemble.groups().items():
            place = place_of(variation)
            name = ".".join(w for w in ("reach", place, f"{WITH_LIMIT}.{mass:g}") if w)
            if name in numbers:
                many = f"{numbers[name]['value']:g} of {len(results)} trainings"
                each.append(f"{many} of {place}" if place else many)
        if each:
            words.append(f"at {mass:g} GeV {listed(each)}")
    if not words:
        return ""
    return (
        " Not every test sample holds background enough for a limit: they have one "
        f"{'; '.join(words)}. Means are over these, if they are {FEWEST} at least, and ratios over "
        "pairs that both have one."
    )
