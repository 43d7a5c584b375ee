"""Observables of jets before and after they are moved, beside those of each true class."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.gridspec import GridSpec
from numpy.typing import NDArray

from jetlens.core.registry import figures
from jetlens.plots.moved.moved_distances import against_scale, choice, shares
from jetlens.plots.moved.moved_distributions import distributions, edges_of
from jetlens.plots.shared.by_class import empty, measured
from jetlens.plots.shared.flavours import class_name
from jetlens.plots.shared.moved import left_out, toward, unused, which, with_error
from jetlens.plots.shared.panels import heading
from jetlens.plots.shared.style import figure
from jetlens.plots.shared.words import plain
from jetlens.summarise.estimates import LEAST, interval, ratio
from jetlens.summarise.jets.moved import BENT, SCALE, UNPHYSICAL, nothing_moved
from jetlens.summarise.jets.moved_scale import EVERY, MIDDLE, OWN, Looked
from jetlens.summarise.result import Result
from jetlens.summarise.sums.binned import rebinned
from jetlens.summarise.sums.chance import clear, gaussian, mean_relative
from jetlens.summarise.sums.nearest import FARTHER, NEARER, OPEN, SAME, VERDICTS
from jetlens.summarise.sums.transport import own_distances

TITLE = "Do moved jets look like true ones?"
_SAID = {NEARER: "#1b7f5c", FARTHER: "#bd1f01", OPEN: "#555555", SAME: "#999999"}

_CELL, _GAP = (3.2, 1.7), (0.85, 0.65)  # inches, wide and high
_TOP, _LINE = 0.9, 0.2  # inches above the panels, and besides for each line of the legends

Floats = NDArray[np.float64]


@figures.register("moved-observables")
def draw(result: Result, *, scale: float | None = None) -> Figure:
    """Rows are observables; columns are classes stepped toward, and distances against the scale.

    In the last row stands what the recommended scale follows from.

    Parameters
    ----------
    result
        Of the summary ``moved-observables``.
    scale
        The scale at which moved jets are drawn; left out, that which is looked at of their class.
    """
    summary: Any = result.summary
    shown = [t for t, jets in enumerate(result.sums["moved"].values) if jets >= LEAST]
    if not shown:
        return empty()
    every = summary.distances(result)
    own = own_distances(every)
    at = _places(result, own, scale)
    verdicts = summary.verdicts(result, own, at)
    names, features = summary.names(result), summary.features(result)
    lines = -(-max(2 + len(own[0]), 1 + len(shown)) // 2)  # of legends in two columns
    drawn, cells = _grid(len(names) + 1, len(shown) + 1, _TOP + lines * _LINE)
    pad = 72 * lines * _LINE + 5
    for n, (name, feature) in enumerate(zip(names, features, strict=True)):
        fine, coarse = (result.parts[p].pick(observable=name) for p in ("fine", "coarse"))
        edges = edges_of(fine, coarse, name, len(every[n]))
        for column, t in enumerate(shown):
            pair = cells[n, column].subgridspec(2, 1, height_ratios=[2, 1], hspace=0.0)
            above = drawn.add_subplot(pair[0])
            below = drawn.add_subplot(pair[1], sharex=above)
            distributions(above, below, result, rebinned(coarse, edges), edges, t, int(at[t]))
            said = verdicts[n][t]
            above.text(
                0.97, 0.93, said, color=_SAID[said], ha="right", va="top", transform=above.transAxes
            )
            below.set_xlabel(feature.axis)
            if n == 0:
                title = class_name(str(result.sums["toward"].values[t]))
                above.set_title(f"Moved toward {title}", loc="left", pad=pad)
                above.legend(
                    ncols=2, fontsize=9, loc="lower left", bbox_to_anchor=(-0.02, 1.0),
                    borderaxespad=0.1, handlelength=1.5,
                )  # fmt: skip
        ax = drawn.add_subplot(cells[n, -1])
        against_scale(ax, result, every[n], shown, feature, at)
        if n == 0:
            ax.set_title("Distance to the true classes", loc="left", pad=pad)
            ax.legend(
                ncols=2, fontsize=9, loc="lower left", bbox_to_anchor=(-0.02, 1.0),
                borderaxespad=0.1, handlelength=1.5,
            )  # fmt: skip
    every_class = _every(result, own, scale)
    choice(drawn.add_subplot(cells[-1, :-1]), result, own, shown, every_class)
    shares(drawn.add_subplot(cells[-1, -1]), result, every_class)
    heading(drawn, y=1 - 0.1 / drawn.get_figheight())
    return drawn


def _grid(rows: int, columns: int, top: float) -> tuple[Figure, GridSpec]:
    """Return a figure with a grid of cells; so many take long to be laid out automatically."""
    wide, high = columns * (_CELL[0] + _GAP[0]) + 0.3, rows * (_CELL[1] + _GAP[1]) + top
    drawn = figure(wide, high)
    drawn.set_layout_engine("none")
    cells = drawn.add_gridspec(
        rows,
        columns,
        left=_GAP[0] / wide,
        right=1 - 0.3 / wide,
        top=1 - top / high,
        bottom=_GAP[1] / high,
        wspace=_GAP[0] / _CELL[0],
        hspace=_GAP[1] / _CELL[1],
    )
    return drawn, cells


def caption(result: Result) -> str:
    """Say how to read the figure, which scale is recommended, and what jets become."""
    summary: Any = result.summary
    moved, jets = int(result.sums["moved"].sum()), result.sums["jets"].sel(group="all")
    if nothing := nothing_moved(result.sums):
        return f"{nothing} {left_out(result)}".rstrip()
    own = summary.own_distances(result)
    words = (
        f"{moved:,} {which(result)} moved toward {toward(result)}, beside "
        f"{int(jets.sel(count='used')):,} jets by true class; observables are computed anew from "
        "the moved particles. Of the tagger's inputs, each particle is an entry. "
        "Below each distribution, its ratio to that of the class stepped "
        "toward. On the right, Wasserstein distances to the true classes without what chance adds "
        "to them, with 68 % intervals (bootstrap over events) that reach down to zero where chance "
        f"may be all there is; {_precision(result, own)}. {left_out(result)}"
    )
    best = summary.recommended(result, own)
    scale = _none(result, own) if best is None else _recommendation(result, own, best)
    scale += _by_class(result, own)
    looked: Looked = summary.looked_at(result, own)
    scale += _drawn(result, looked)
    verdicts = _verdicts(result, own, looked.places)
    return f"{words}{scale} {verdicts} {unused(result)}".rstrip()


def _none(result: Result, own: Floats) -> str:
    """Say why no scale is recommended."""
    if int(result.sums["moved"].sum()) < LEAST:
        return "No scale is recommended: too few jets are moved."
    if clear(own).any():
        return "No scale is recommended: all of them bend the steps of too many jets."
    return (
        "No scale is recommended: no observable tells these jets from the class that they are "
        "moved toward."
    )


def _drawn(result: Result, looked: Looked) -> str:
    """Say by which scales jets are drawn as moved, and why by these."""
    told: dict[str, list[str]] = {OWN: [], EVERY: [], MIDDLE: []}
    for t, why in enumerate(looked.why):
        if result.sums["moved"].values[t] >= LEAST:
            toward = plain(class_name(str(result.sums["toward"].values[t])))
            scale = float(result.sums[SCALE].values[looked.places[t]])
            told[why].append(f"by {scale:g} toward {toward}")
    words = {
        OWN: "as is recommended toward that class alone",
        EVERY: "where no step is, as is recommended toward any class",
        MIDDLE: "where no step is recommended, the middle one of the scales",
    }
    listed = [f"{' and '.join(told[why])}, {said}" for why, said in words.items() if told[why]]
    return f" Moved jets are drawn {'; '.join(listed)}." if listed else ""


def _recommendation(result: Result, own: Floats, best: tuple[int, Floats]) -> str:
    """Say which scale is recommended and why."""
    summary: Any = result.summary
    place, scales = best
    _, low, high = (float(v) for v in interval(scales))
    every, mean = result.sums[SCALE].values, gaussian(mean_relative(own))
    range_ = f"{scales[0]:g} (68 % of bootstrap replicas: {low:g} to {high:g})"
    allowed = summary.allowed(result)[:, 0]
    if every[place] == 0:
        most = f" that is bent for {100 * summary.most_bent:.0f} % of the jets at most"
        step = "no step" + ("" if allowed.all() else most)
        return f"The recommended scale is {range_}: {step} brings these jets nearer to the class."
    among = ""
    if not allowed.all():
        among = (
            f", of the scales up to {every[allowed][-1]:g} at which constraints bend the steps of "
            f"no more than {100 * summary.most_bent:.0f} % of the jets (the others are shaded),"
        )
    used = int(clear(own).any(axis=1).sum())
    words = (
        f"The recommended scale is {range_}: it is that at which{among} the distance to the class "
        f"stepped toward, over that before the step and averaged over the {used} observables and "
        f"inputs that tell the jets from that class at first, is least, {_at(mean, place)}"
    )
    if place + 1 < len(every):
        words += f" (at {every[place + 1]:g}, {_at(mean, place + 1)})"
    shares = {n: 100 * s for n, s in summary.shares(result, place).items()}
    words += f". There, {_whole(shares['flipped'])} % of decisions flip"
    if BENT in shares:
        words += (
            f", and {_whole(shares[BENT])} % of the steps have to be bent by constraints; raw "
            f"steps in all features, also those that are held still, would be unphysical of "
            f"{_whole(shares[UNPHYSICAL])} %"
        )
    return words + "."


def _by_class(result: Result, own: Floats) -> str:
    """Say which scale is recommended of jets that are moved toward one class alone."""
    summary: Any = result.summary
    found = []
    for t, name in enumerate(str(c) for c in result.sums["toward"].values):
        best = summary.recommended(result, own, t)
        if best is not None:
            _, low, high = (float(v) for v in interval(best[1]))
            found.append(f"{plain(class_name(name))} {best[1][0]:g} ({low:g} to {high:g})")
    if len(found) < 2:
        return ""
    return f" Toward one class alone it is: {', '.join(found)}."


def _at(mean: tuple[Floats, Floats, Floats], place: int) -> str:
    """Write the mean at one scale with its interval."""
    return with_error(*(float(v[place]) for v in mean))


def _whole(estimates: Floats) -> str:
    """Write a number in per cent; without an interval where all replicas are the same."""
    return f"{estimates[0]:.0f}" if np.ptp(estimates) == 0 else measured(estimates)


def _verdicts(result: Result, own: Floats, places: NDArray[np.int64]) -> str:
    """Count what has come nearer, and what not."""
    verdicts = result.summary.verdicts(result, own, places)  # type: ignore[attr-defined]
    found = []
    for t, name in enumerate(str(c) for c in result.sums["toward"].values):
        if result.sums["moved"].values[t] < LEAST:
            continue
        column = [row[t] for row in verdicts]
        listed = ", ".join(_times(v, column.count(v)) for v in VERDICTS if v in column)
        scale = float(result.sums[SCALE].values[places[t]])
        found.append(f"toward {plain(class_name(name))}, by {scale:g}: {listed}")
    return f"Observables and inputs, at 95 % (one verdict in twenty is chance): {'; '.join(found)}."


def _times(verdict: str, times: int) -> str:
    """Say how often there is a verdict: ``3 nearer``, ``2 do not change``."""
    return f"{times} {'do not change' if verdict == SAME and times > 1 else verdict}"


def _places(result: Result, own: Floats, scale: float | None) -> NDArray[np.int64]:
    """Return the places ``[toward]`` of the scales that are drawn."""
    if scale is not None:
        return np.full(result.sums.sizes["toward"], _nearest(result, scale))
    looked: Looked = result.summary.looked_at(result, own)  # type: ignore[attr-defined]
    return looked.places


def _every(result: Result, own: Floats, scale: float | None) -> int | None:
    """Return the place of the scale that is asked for, or recommended toward any class."""
    if scale is not None:
        return _nearest(result, scale)
    best = result.summary.recommended(result, own)  # type: ignore[attr-defined]
    return None if best is None else int(best[0])


def _nearest(result: Result, scale: float) -> int:
    return int(np.abs(result.sums[SCALE].values - scale).argmin())


def _precision(result: Result, own: Floats) -> str:
    """Say how large a share of a clear distance before the step one bin's width is at most."""
    summary: Any = result.summary
    some = clear(own)
    share = ratio(summary.bin_width(result)[:, None], own[:, :, 0, 0])[some]
    if not share.size:
        return "before the step, none of these is more than chance"
    return f"bins change what they are before the step by {100 * share.max():.1g} % at most"
