"""Relevance against variables for several taggers, side by side."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from jetlens.core.errors import look_up
from jetlens.core.registry import figures
from jetlens.core.units import Feature
from jetlens.plots.relevance.profile import AXIS, frame
from jetlens.plots.shared.flavours import flavour_colour, flavour_title, shown_groups
from jetlens.plots.shared.panels import heading, said
from jetlens.plots.shared.style import figure
from jetlens.plots.shared.words import features
from jetlens.summarise.result import Result
from jetlens.summarise.trainings.ensemble import Ensemble, Variation

TITLE = "Relevance against the variable, compared"
ROWS = 6
"""Rows that are drawn: variables, times the places on all axes but the last."""

Row = tuple[str, list[tuple[Variation, list[Result]]]]


@figures.register("profile-compared")
def draw(ensemble: Ensemble, *, variable: str | None = None) -> Figure:
    """One row a variable, one column a tagger; bands are the deviation over retrainings.

    Behind stands the variable's distribution of each class. Panels of one row have one scale.

    Parameters
    ----------
    ensemble
        Of results of the summary ``profile``.
    variable
        The one that is drawn. Left out, those that most taggers have, of the largest relevance.

    Raises
    ------
    UnknownNameError
        If no tagger has the variable.
    """
    rows = _rows(ensemble, variable)
    columns = max(len(panels) for _, panels in rows)
    drawn = figure(max(0.7 + 3.1 * columns, 6.5), 0.7 + 2.75 * len(rows))
    drawn.get_layout_engine().set(w_pad=0.08)  # type: ignore[union-attr,call-arg]
    every = drawn.subplots(len(rows), columns, squeeze=False, sharey="row")
    for axes, (name, panels) in zip(every, rows, strict=True):
        for ax in axes[len(panels) :]:
            ax.remove()
        for ax, (variation, results) in zip(axes, panels, strict=False):
            _panel(ax, name, results)
            ax.set_title(said(variation) or "all trainings", loc="left", fontsize=11.5)
        axes[0].set_ylabel(AXIS[_summary(panels[0][1]).normalise])
    seen: dict[str, Any] = {}
    for ax in drawn.axes:
        seen |= {str(h.get_label()): h for h in ax.get_legend_handles_labels()[0]}
    drawn.legend(
        list(seen.values()), list(seen), loc="outside upper right", ncols=max(len(seen), 1)
    )
    heading(drawn)
    return drawn


def caption(ensemble: Ensemble) -> str:
    """Say how to read the figure, and what its bands are."""
    several = any(len(results) > 1 for results in ensemble.groups().values())
    lines = (
        "the mean in each bin, averaged over retrainings, of each class; bands: its standard "
        "deviation over retrainings"
        if several
        else "the mean in each bin of each class, of one training each"
    )
    return (
        "Relevance of a variable against its value, for every tagger that takes it. Lines: "
        f"{lines}; steps behind: the variable's distribution, on a scale of its own. Panels of a "
        "row have one scale, in units of what is explained."
    )


def _summary(results: Sequence[Result]) -> Any:
    return results[0].summary


def _names(result: Result) -> list[str]:
    return [str(v) for v in result.sums["variable"].values]


def _rows(ensemble: Ensemble, variable: str | None) -> list[Row]:
    """Return what is drawn: of each row the variable, and the taggers beside each other."""
    groups = ensemble.groups()
    named = Counter(n for results in groups.values() for n in _names(results[0]))
    last = len(next(iter(groups))) - 1
    lines = list(dict.fromkeys(v[:last] for v in groups)) if last > 0 else [()]
    if variable is not None:
        look_up("variable", variable, dict(named))
        wanted = [variable]
    else:
        shares = _shares(list(groups.values()))
        order = sorted(named, key=lambda n: (-named[n], -shares[n]))
        wanted = order[: max(ROWS // len(lines), 1)]
        wanted = [n for n in wanted if named[n] == named[order[0]]]
    rows = []
    for name in wanted:
        for line in lines:
            there = [
                (v, results)
                for v, results in groups.items()
                if v[: len(line)] == line and name in _names(results[0])
            ]
            if there:
                rows.append((name, there))
    return rows


def _shares(groups: Sequence[Sequence[Result]]) -> dict[str, float]:
    """Return how large the relevance of variables is, of the largest one's, summed over taggers."""
    found: dict[str, float] = defaultdict(float)
    for results in groups:
        names, size = _names(results[0]), []
        for name in names:
            tables = [
                _summary(results).table(r, name, results[0]).sel(group="all") for r in results
            ]
            squares = [
                float(np.nansum(t["count"] * (t["mean"] ** 2 + t["spread"] ** 2))) for t in tables
            ]
            size.append(np.sqrt(np.mean(squares)))
        for name, part in zip(names, np.array(size) / (max(size, default=0) or 1.0), strict=True):
            found[name] += float(part)
    return found


def _panel(ax: Axes, name: str, results: Sequence[Result]) -> None:
    tables = [_summary(results).table(r, name, results[0]) for r in results]
    edges = tables[0]["edges"].values
    groups = list(map(str, tables[0]["group"].values))
    behind = ax.twinx()
    behind.set_axis_off()
    top = 0.0
    for group in shown_groups(results[0]):
        mine = [t.sel(group=group) for t in tables]
        colour = flavour_colour(group, groups.index(group))
        count = np.mean([t["count"].values for t in mine], axis=0)
        share = count / max(float(count.sum()), 1e-300) / np.diff(edges)
        top = max(top, float(share.max(initial=0)))
        behind.stairs(share, edges, color=colour, alpha=0.45, linewidth=0.8)
        at, means = (np.stack([t[k].values for t in mine]) for k in ("at", "mean"))
        mean = means.mean(axis=0)  # NaN where any of them has too few jets
        spread = means.std(axis=0, ddof=1) if len(means) > 1 else np.zeros_like(mean)
        x = at.mean(axis=0)
        ax.fill_between(x, mean - spread, mean + spread, color=colour, alpha=0.3, linewidth=0)
        ax.plot(x, mean, ".-", color=colour, linewidth=1.3, label=flavour_title(group))
    frame(ax, behind, top, edges)
    ax.ticklabel_format(axis="x", style="plain", useOffset=False)
    ax.set_xlabel(_feature(results[0], name).axis)


def _feature(result: Result, name: str) -> Feature:
    return features(result)[_names(result).index(name)]
