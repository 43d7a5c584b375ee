"""ROC curves of several taggers, with bands over their retrainings, and what they come to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from jetlens.core.registry import figures
from jetlens.plots.shared.flavours import class_name
from jetlens.plots.shared.panels import across, heading, in_columns, instead, listed, said
from jetlens.plots.shared.style import CYCLE, legend, no_ticks
from jetlens.summarise.estimates import Numbers
from jetlens.summarise.result import Result
from jetlens.summarise.sums.curves import per_cent
from jetlens.summarise.trainings.ensemble import Ensemble, Variation
from jetlens.summarise.trainings.performances import compared
from jetlens.summarise.trainings.retrainings import place_of

TITLE = "ROC curves, compared"
EFFICIENCIES = np.linspace(0.0, 1.0, 401)
_MARKS = ("o", "s", "D", "^", "v", "P")  # by turns open and full
_WIDTH = 0.62  # of a tagger's points, where taggers are 1 apart
_NONE = 1e-9  # a background of which nothing passes, on a logarithmic axis

Floats = NDArray[np.float64]


@figures.register("performance-compared")
def draw(ensemble: Ensemble) -> Figure:
    """ROC curves above, signal efficiencies below; one colour a place on the last axis.

    Lines are medians over retrainings, bands reach from the lowest to the highest of them. Columns
    are the other axes' places, and may be of other classes; where they are many, they go on below.
    """
    curves = list(ensemble.axes.values())[-1] if ensemble.axes else ("",)
    last = list(ensemble.axes)[-1] if ensemble.axes else ""
    columns = list(ensemble.split(last)) if last else [((), ensemble)]
    summary: Any = ensemble.members[0].result.summary
    told = [_classes(some) for _, some in columns]
    rows = max(len(backgrounds) for _, backgrounds in told)
    lowest = min(_lowest(some, own) for (_, some), (_, own) in zip(columns, told, strict=True))
    heights = [4.3] * rows + ([3.2] if summary.mistags else [])
    drawn, panels = in_columns(heights, len(columns))
    wide = across(len(columns))
    numbers = compared(ensemble)
    for c, (others, some) in enumerate(columns):
        signal, backgrounds = told[c]
        for r, background in enumerate(backgrounds):
            ax = panels[r, c]
            for variation, results in some.groups().items():
                place = dict(variation).get(last, "")
                _band(ax, results, background, CYCLE[curves.index(place) % len(CYCLE)], place)
            ax.set_ylim(lowest, 1)
            _dress(ax, summary.mistags, background, signal, rows > 1)
            ax.set_xlim(*_ends(some.groups().values(), background, lowest))
            instead(ax, _missing(some))
        if others:
            panels[0, c].set_title(said(others), loc="left", fontsize=12)
        for ax in panels[len(backgrounds) : rows, c]:
            ax.set_axis_off()
        for ax in panels[rows:, c]:
            _points(ax, list(some.groups()), numbers, summary.mistags, last, curves)
    for line in panels[rows:]:
        ends = [ax.get_ylim() for ax in line if len(ax.containers)]
        for ax in line:  # one range, so that panels can be compared
            ax.set_ylim(min((e[0] for e in ends), default=0), max((e[1] for e in ends), default=1))
        for ax in line[::wide]:
            ax.set_ylabel(f"{_alike([signal for signal, _ in told], 'signal')} efficiency")
        # above the panel, where no point can be
        look = {"loc": "lower left", "bbox_to_anchor": (0, 0.98), "columnspacing": 1.0}
        legend(line[0], fontsize=9.5, ncols=2, **look)
    panels[0, -1].set_title(summary.condition, loc="right", fontsize=11)
    for r in range(rows):
        names = [class_name(own[r]) for _, own in told if r < len(own)]
        for ax in panels[r, ::wide]:
            ax.set_ylabel(f"{_alike(names, 'background')} efficiency")
    if len(curves) > 1:
        _name_curves(panels[0], curves)
    heading(drawn)
    return drawn


def _name_curves(panels: NDArray[Any], curves: Sequence[str]) -> None:
    """Name all curves in the first panel, where not all of them may be."""
    there: dict[str, Any] = {}
    for ax in panels:
        there |= dict(zip(*reversed(ax.get_legend_handles_labels()), strict=True))
    names = [name for name in curves if name in there]
    if names:
        panels[0].legend([there[name] for name in names], names, loc="upper left")


def caption(ensemble: Ensemble) -> str:
    """Say how to read the figure, and of how many retrainings and jets it is."""
    many = sorted({len(results) for results in ensemble.groups().values()})
    jets = [int(m.result.sums["jets"].sum()) for m in ensemble.members]
    several = f"{many[0]}" if len(many) == 1 else f"{many[0]} to {many[-1]}"
    words = "ROC curves on the test jets, with a logarithmic axis of the background efficiency"
    if many[-1] > 1:
        words += (
            f": lines are medians over {several} retrainings, bands reach from "
            "the lowest to the highest of them"
        )
    summary: Any = ensemble.members[0].result.summary
    if summary.mistags:
        marks = listed([f"{per_cent(m)} %" for m in summary.mistags])
        words += f". Below, the signal efficiency at {marks} background"
        words += (
            ": the mean over retrainings, with their standard deviation and the test sample's 68 % "
            "bootstrap error in quadrature"
            if many[-1] > 1
            else ", with its 68 % bootstrap error"
        )
    few = f"{min(jets):,}" if min(jets) == max(jets) else f"{min(jets):,} to {max(jets):,}"
    only = f", {summary.condition}" if summary.condition else ""
    missing = _missing(ensemble)
    return f"{words}. {few} test jets each{only}{f': {missing}' if missing else ''}."


def _missing(ensemble: Ensemble) -> str:
    """Say what is asked of signal jets and none has, the same for all taggers; else empty."""
    summary: Any = ensemble.members[0].result.summary
    return next(filter(None, (summary.missing(m.result) for m in ensemble.members)), "")


def _curves(results: Sequence[Result], background: str) -> Floats:
    """Return background efficiencies ``[retraining, EFFICIENCIES]``."""
    found = []
    for result in results:
        summary: Any = result.summary
        signal, passed = summary.curves(result).roc(background)
        found.append(np.interp(EFFICIENCIES, signal, passed))
    return np.array(found)


def _band(ax: Axes, results: Sequence[Result], background: str, colour: str, name: str) -> None:
    curves = np.maximum(_curves(results, background), _NONE)
    if np.isnan(curves).all():
        return
    if len(curves) > 1:
        ends = curves.min(axis=0), curves.max(axis=0)
        ax.fill_between(EFFICIENCIES, *ends, color=colour, alpha=0.28, linewidth=0)
    ax.plot(EFFICIENCIES, np.median(curves, axis=0), color=colour, label=name or None)


def _classes(ensemble: Ensemble) -> tuple[str, list[str]]:
    """Return what the signal is called in words, and the backgrounds' names."""
    result = ensemble.members[0].result
    summary: Any = result.summary
    return class_name(summary.signal_of(result)), list(summary.curves(result).backgrounds)


def _alike(names: Sequence[str], otherwise: str) -> str:
    return names[0] if len(set(names)) == 1 else otherwise


def _lowest(ensemble: Ensemble, backgrounds: Sequence[str]) -> float:
    """Return where the axis of the background efficiency begins: where few jets are left."""
    jets = [m.result.sums["jets"] for m in ensemble.members]
    left = [float(j.sel({"class": b})) for j in jets for b in backgrounds]
    return float(np.clip(2.0 / max(*left, 20.0), 1e-5, 1e-2))


def _ends(groups: Any, background: str, lowest: float) -> tuple[float, float]:
    """Return the ends of the axis of the signal efficiency, between which the curves rise."""
    begins = 0.98
    for results in groups:
        curves = _curves(results, background)
        if not np.isnan(curves).all():
            shown = EFFICIENCIES[(curves >= lowest).any(axis=0)]
            begins = min(begins, float(shown.min(initial=begins)))
    begins = max(begins - 0.05 * (1 - begins), 0.0) if begins > 0.1 else 0.0
    return begins, 1 + 0.03 * (1 - begins)


def _dress(ax: Axes, mistags: Sequence[float], background: str, signal: str, several: bool) -> None:
    ax.set_yscale("log")
    ax.set_xlabel(f"{signal} efficiency")
    for mistag in mistags:
        ax.axhline(mistag, color="0.7", linewidth=0.7, zorder=0)
    if several:
        ax.set_title(f"against {class_name(background)}", loc="right", fontsize=11)


def _points(
    ax: Axes,
    variations: list[Variation],
    numbers: Numbers,
    mistags: Sequence[float],
    last: str,
    curves: Sequence[str],
) -> None:
    """Draw each tagger's signal efficiencies, with a mark of its own for each background's."""
    shifts = _WIDTH * (np.arange(len(mistags)) - (len(mistags) - 1) / 2) / max(len(mistags), 1)
    marks = [_MARKS[m % len(_MARKS)] for m in range(len(mistags))]
    for v, variation in enumerate(variations):
        place = dict(variation).get(last, "")
        colour = CYCLE[curves.index(place) % len(CYCLE)]
        for m, mistag in enumerate(mistags):
            words = ("efficiency", place_of(variation), f"at_background_{per_cent(mistag)}")
            number = numbers.get(".".join(w for w in words if w))
            if number is None:
                continue
            value = number["value"]
            error = [[value - number["low"]], [number["high"] - value]]
            look: dict[str, Any] = {"color": colour, "markersize": 6, "capsize": 2.5}
            look["markerfacecolor"] = colour if m % 2 else "white"
            ax.errorbar(v + shifts[m], value, error, fmt=marks[m], **look)
    for m, mistag in enumerate(mistags):
        face = "black" if m % 2 else "white"
        label = f"at {per_cent(mistag)} % background"
        ax.plot([], [], marks[m], color="black", markerfacecolor=face, label=label)
    names = [dict(v).get(last, "") for v in variations]
    ax.set_xticks(range(len(names)), names, rotation=20 if len(names) > 2 else 0)
    ax.set_xlim(-0.6, len(names) - 0.4)
    no_ticks(ax, "x")
    ax.margins(y=0.15)
