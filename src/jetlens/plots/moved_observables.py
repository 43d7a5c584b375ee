"""Observables of jets before and after they are moved, beside those of each true class."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from jetlens.core.registry import figures
from jetlens.core.units import Feature
from jetlens.plots.by_class import class_title, measured, nothing, spread
from jetlens.plots.moved import scale_axis, toward, which
from jetlens.plots.panels import heading
from jetlens.plots.style import class_name, figure, flavour_colour, plain
from jetlens.summarise.base import LEAST, interval, ratio
from jetlens.summarise.jets.moved import SCALE, UNPHYSICAL, scale_name
from jetlens.summarise.moved_observables import FARTHER, NEARER, OPEN
from jetlens.summarise.result import Result
from jetlens.summarise.sums.histogram import Histogram
from jetlens.summarise.sums.transport import clear, mean_relative

TITLE = "Do moved jets look like true ones?"
_WHOLE = ("multiplicity", "multiplicity_hard", "soft_drop")
_BINS = 24
_SHARE = (0.004, 0.996)
_BEFORE, _MOVED = "#555555", "#1b7f5c"
_SAID = {NEARER: "#1b7f5c", FARTHER: "#bd1f01", OPEN: "#555555"}

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
        The scale at which moved jets are drawn; left out, the recommended one.
    """
    summary: Any = result.summary
    shown = [t for t, jets in enumerate(result.sums["moved"].values) if jets >= LEAST]
    if not shown:
        drawn = nothing(figure(6, 3))
        heading(drawn)
        return drawn
    every = summary.distances(result)
    own = summary.own_distances(result)
    at = _place(result, own, scale)
    verdicts = summary.verdicts(result, own, at)
    names, features = summary.names(result), summary.features(result)
    drawn = figure(4.1 * (len(shown) + 1), 2.5 * (len(names) + 1) + 0.9)
    cells = drawn.add_gridspec(len(names) + 1, len(shown) + 1)
    for n, (name, feature) in enumerate(zip(names, features, strict=True)):
        both = [result.parts[p].pick(observable=name) for p in ("fine", "coarse")]
        edges = _edges(both[0], name)
        for column, t in enumerate(shown):
            pair = cells[n, column].subgridspec(2, 1, height_ratios=[2, 1], hspace=0.0)
            above = drawn.add_subplot(pair[0])
            below = drawn.add_subplot(pair[1], sharex=above)
            _distributions(above, below, result, both[1].rebinned(edges), edges, t, at)
            said = verdicts[n][t]
            above.text(
                0.97, 0.93, said, color=_SAID[said], ha="right", va="top", transform=above.transAxes
            )
            below.set_xlabel(feature.axis)
            if n == 0:
                title = class_name(str(result.sums["toward"].values[t]))
                above.set_title(f"Moved toward {title}", loc="left", pad=34)
                above.legend(
                    ncols=2, fontsize=9, loc="lower left", bbox_to_anchor=(-0.02, 1.0),
                    borderaxespad=0.1, handlelength=1.5,
                )  # fmt: skip
        ax = drawn.add_subplot(cells[n, -1])
        _against_scale(ax, result, every[n], shown, feature, at)
        if n == 0:
            ax.set_title("Distance to the true classes", loc="left", pad=34)
            ax.legend(
                ncols=2, fontsize=9, loc="lower left", bbox_to_anchor=(-0.02, 1.0),
                borderaxespad=0.1, handlelength=1.5,
            )  # fmt: skip
    _choice(drawn.add_subplot(cells[-1, :-1]), result, own, at)
    _shares(drawn.add_subplot(cells[-1, -1]), result, at)
    heading(drawn)
    return drawn


def caption(result: Result) -> str:
    """Say how to read the figure, which scale is recommended, and what jets become."""
    summary: Any = result.summary
    own = summary.own_distances(result)
    moved, jets = int(result.sums["moved"].sum()), result.sums["jets"].sel(group="all")
    words = (
        f"{moved:,} {which(result)} moved toward {toward(result)}, beside "
        f"{int(jets.sel(count='used')):,} jets by true class; observables are computed anew from "
        "the moved particles. Below each distribution, its ratio to that of the class stepped "
        "toward. On the right, Wasserstein distances to both true classes, with 68 % bootstrap "
        f"intervals over events; {_precision(result, own)}. "
    )
    best = summary.recommended(result, own)
    if best is None:
        return words + (
            "No scale is recommended: no observable tells these jets from the class that they are "
            "moved toward."
        )
    return f"{words}{_recommendation(result, own, best)} {_verdicts(result, own, best[0])}"


def _recommendation(result: Result, own: Floats, best: tuple[int, Floats]) -> str:
    """Say which scale is recommended and why, in one sentence."""
    summary: Any = result.summary
    place, scales = best
    _, low, high = (float(v) for v in interval(scales))
    mean = mean_relative(own)[place]
    shares = {n: 100 * s for n, s in summary.shares(result, place).items()}
    used = int(clear(own).any(axis=1).sum())
    told = f"{measured(shares['flipped'])} % of decisions flip"
    if "unphysical" in shares:
        told += f" and {measured(shares['unphysical'])} % of raw steps would be unphysical"
    return (
        f"The recommended scale is {scales[0]:g} (68 % of bootstrap replicas: {low:g} to "
        f"{high:g}), at which the distance to the class stepped toward, over that before the step "
        f"and averaged over the {used} observables that tell the jets from that class at first, is "
        f"least: {measured(mean)}; there, {told}."
    )


def _verdicts(result: Result, own: Floats, place: int) -> str:
    """Say which observables have come nearer, and which not."""
    summary: Any = result.summary
    titles = [plain(f.title) for f in summary.features(result)]
    verdicts = summary.verdicts(result, own, place)
    found = []
    for t, name in enumerate(str(c) for c in result.sums["toward"].values):
        if result.sums["moved"].values[t] < LEAST:
            continue
        by = {
            said: [title for title, row in zip(titles, verdicts, strict=True) if row[t] == said]
            for said in (NEARER, FARTHER, OPEN)
        }
        listed = "; ".join(f"{said}: {', '.join(of)}" for said, of in by.items() if of)
        found.append(f"Toward true {plain(class_name(name))} jets, {listed}.")
    return "At 95 % (one verdict in twenty is chance): " + " ".join(found)


def _place(result: Result, own: Floats, scale: float | None) -> int:
    """Return the place of the scale that is drawn."""
    scales = result.sums[SCALE].values
    if scale is not None:
        return int(np.abs(scales - scale).argmin())
    best = result.summary.recommended(result, own)  # type: ignore[attr-defined]
    return len(scales) // 2 if best is None else int(best[0])


def _precision(result: Result, own: Floats) -> str:
    """Say how large a share of a clear distance before the step one bin's width is at most."""
    summary: Any = result.summary
    some = clear(own)
    share = ratio(summary.bin_width(result)[:, None], own[:, :, 0, 0])[some]
    if not share.size:
        return "before the step, none of these is more than chance"
    return f"bins change what they are before the step by {100 * share.max():.1g} % at most"


def _edges(fine: Histogram, name: str) -> Floats:
    """Return bins that are drawn: of true classes and moved jets, whole numbers in the middle."""
    ends = fine.quantiles(_SHARE)[..., 0]
    low, high = float(np.nanmin(ends[:, 0])), float(np.nanmax(ends[:, 1]))
    if name in _WHOLE:
        low, high = np.floor(low), np.floor(high)
        step = max(int(np.ceil((high - low + 1) / _BINS)), 1)
        return np.arange(low - 0.5, high + step + 0.5, step)
    return np.linspace(low, high if high > low else low + 1, _BINS + 1)


def _distributions(
    above: Axes, below: Axes, result: Result, content: Floats, edges: Floats, t: int, at: int
) -> None:
    """Draw the samples of one class stepped toward ``[sample, bin, replica]``, and ratios."""
    samples = list(result.parts["fine"].axes["sample"])
    classes = [str(c) for c in result.sums["toward"].values]
    scale = scale_name(float(result.sums[SCALE].values[at]))
    density = ratio(content, content.sum(axis=1, keepdims=True)) / np.diff(edges)[:, None]
    target = density[t]
    middles = (edges[1:] + edges[:-1]) / 2
    lines = [(c, f"True {class_name(c)}", flavour_colour(c, k + 1)) for k, c in enumerate(classes)]
    lines += [
        (f"{classes[t]}.before", "Before", _BEFORE),
        (f"{classes[t]}.moved.{scale}", f"Moved by {scale}", _MOVED),
    ]
    for sample, words, colour in lines:
        own = density[samples.index(sample)]
        over = ratio(own, target)
        if sample in classes:
            above.stairs(own[:, 0], edges, color=colour, label=words, linewidth=1.5)
            below.stairs(over[:, 0], edges, color=colour, linewidth=1.3)
            continue
        fmt = {"fmt": "o" if words != "Before" else "s", "markersize": 3, "color": colour}
        look: dict[str, Any] = {**fmt, "elinewidth": 1, "linestyle": "none"}
        error = own[:, 1:].std(axis=1)
        filled = own[:, 0] > 0  # a point at zero says nothing that the others do not
        above.errorbar(middles[filled], own[filled, 0], error[filled], label=words, **look)
        error = ratio(error, target[:, 0])
        below.errorbar(middles[filled], over[filled, 0], error[filled], **look)
    top = float(np.nanmax(density[[samples.index(s) for s, _, _ in lines], :, 0]))
    above.set_ylim(0, 1.25 * top)
    above.set_yticks([])
    above.tick_params(axis="x", labelbottom=False)
    below.set_ylim(0, 2.4)
    below.set_yticks([0, 1, 2], ["0", "1", "2"], fontsize=9)
    below.minorticks_off()
    below.set_xlim(edges[0], edges[-1])
    below.axhline(1, color="black", linewidth=0.6)
    above.set_ylabel("Density", loc="center", fontsize=10.5)
    below.set_ylabel("Ratio", loc="center", fontsize=9)


def _against_scale(
    ax: Axes, result: Result, distance: Floats, shown: list[int], feature: Feature, at: int
) -> None:
    """Draw distances ``[toward, before and scale, class, replica]`` against the scale."""
    scales = [float(s) for s in result.sums[SCALE].values]
    classes = [str(c) for c in result.sums["toward"].values]
    for t in shown:
        for c, name in enumerate(classes):
            value, low, high = interval(distance[t, 1:, c])
            own = c == t
            look: dict[str, Any] = {
                "color": flavour_colour(classes[t], t + 1),
                "linestyle": "-" if own else ":",
                "marker": "o" if own else "",
                "markersize": 3.5,
                "linewidth": 1.4,
            }
            words = f"{class_title(classes[t])} to {class_name(name)}"
            ax.errorbar(scales, value, spread(value, low, high), label=words, **look)
    ax.axvline(scales[at], color="0.6", linewidth=0.8, zorder=0)
    unit = f" [{feature.shown}]" if feature.shown else ""
    ax.set_ylabel(f"Distance{unit}", loc="center", fontsize=10.5)
    ax.set_ylim(0, None)
    ax.yaxis.set_major_formatter("{x:g}")  # a power of ten would stand on the panel above
    scale_axis(ax, scales, result)


def _choice(ax: Axes, result: Result, own: Floats, at: int) -> None:
    """Draw the mean relative distance, whose least the recommended scale is."""
    scales = [float(s) for s in result.sums[SCALE].values]
    value, low, high = interval(mean_relative(own))
    look: dict[str, Any] = {"color": _MOVED, "fmt": "o-", "markersize": 4}
    ax.errorbar(scales, value, spread(value, low, high), **look)
    ax.axhline(1, color="black", linewidth=0.6)
    ax.axvline(scales[at], color="0.6", linewidth=0.8, zorder=0)
    ax.set_ylabel("Mean distance\nover that before", loc="center", fontsize=10.5)
    ax.set_ylim(0, None)
    scale_axis(ax, scales, result)


def _shares(ax: Axes, result: Result, at: int) -> None:
    """Draw the shares of moved jets that flip, and that raw steps make unphysical."""
    scales = [float(s) for s in result.sums[SCALE].values]
    summary: Any = result.summary
    found = [summary.shares(result, k) for k in range(len(scales))]
    for name, colour, fmt in (("flipped", _MOVED, "o"), (UNPHYSICAL, "black", "s")):
        if name in found[0]:
            value, low, high = interval(np.stack([f[name] for f in found]))
            look: dict[str, Any] = {"color": colour, "fmt": f"{fmt}-", "markersize": 3.5}
            ax.errorbar(scales, value, spread(value, low, high), label=name.capitalize(), **look)
    ax.axvline(scales[at], color="0.6", linewidth=0.8, zorder=0)
    ax.set_ylabel("Share of moved jets", loc="center", fontsize=10.5)
    ax.set_ylim(0, 1.35)
    ax.set_yticks([0, 0.5, 1])
    ax.legend(ncols=2, fontsize=9, loc="upper left")
    scale_axis(ax, scales, result)
