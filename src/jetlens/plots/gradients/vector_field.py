"""The gradient as arrows on the plane of two features: means of classes, and single jets."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap, Normalize
from matplotlib.figure import Figure
from numpy.typing import NDArray

from jetlens.core.attribution import MASK
from jetlens.core.registry import figures
from jetlens.core.units import Feature
from jetlens.plots.shared.by_class import empty, log_scale, measured, position, told
from jetlens.plots.shared.gradients import (
    PER,
    explained,
    group_colour,
    group_title,
    jets_of,
    split_groups,
)
from jetlens.plots.shared.panels import heading
from jetlens.plots.shared.style import figure
from jetlens.plots.shared.words import plain
from jetlens.summarise.estimates import LEAST
from jetlens.summarise.result import Result

TITLE = "Vector field of the gradient"
CONFIDENCE = 0.95
"""Arrows whose error ellipse of so much holds zero are faint."""
_DECADES = 3.0
_LONGEST = 1.7  # cells, that an arrow longer than nearly all others measures
_NEARLY = 0.98
_SINGLE = 0.22  # of the panel, that the longest arrow of a single jet measures
_FAINT = "#b9b9b9"
_PANEL = 3.15  # inches
_LONG = 2.5  # times as long as wide, a plane is drawn in its own shape

Floats = NDArray[np.float64]


@figures.register("vector-field")
def draw(result: Result) -> Figure:
    """Rows are classes; the mean gradient comes first, then single jets.

    Behind the mean stands where the particles are. Arrows of single jets are as long as gradient
    times share, and points as large as the particle's share.
    """
    classes, wrong = split_groups(result)
    shown = [*classes, *wrong]
    if not shown:
        return empty()
    summary: Any = result.summary
    axes = {a: Feature.from_dict(d) for a, d in result.sums.attrs["axes"].items()}
    mean, chance, density = summary.field(result)
    rows = [position(result, g) for g in shown]
    norm = log_scale(density[rows], _DECADES)
    reference = _reference(mean[:, rows], chance[rows])
    wide, high = _panel(summary) if result.sums.attrs["about_origin"] else (_PANEL, _PANEL)
    drawn = figure((wide + 0.25) * (1 + summary.jets) + 0.5, high * len(shown) + 1.1)
    drawn.set_layout_engine("compressed")
    grid = drawn.subplots(len(shown), 1 + summary.jets, squeeze=False, sharex=True, sharey=True)
    for line, group, g in zip(grid, shown, rows, strict=True):
        below = group == shown[-1]  # is room for the arrows' scale
        image, arrows = _field(line[0], summary, mean[:, g], chance[g], density[g], norm, reference)
        if below:
            length = float(f"{reference:.1g}")
            low = -0.63 / high  # inches, between the axis and its name
            line[0].quiverkey(arrows, 0.1, low, length, f"{length:g}", labelpos="E")
        line[0].set_ylabel(f"{group_title(group)}\n{axes['y'].axis}", loc="center", fontsize=12)
        line[0].set_title(_outward(result, g), fontsize=11)
        there = _of_group(result, group)
        for k, ax in enumerate(line[1:]):
            if k < len(there):
                _single(ax, there[k], summary.collection, group_colour(result, group))
            else:
                ax.set_axis_off()
    for ax in grid[-1]:
        ax.set_xlabel(axes["x"].axis)
    for ax in grid.ravel():
        ax.set_xlim(*summary.x_range)
        ax.set_ylim(*summary.y_range)
        if result.sums.attrs["about_origin"] and _is_even(summary):
            ax.set_aspect("equal")
        ax.tick_params(which="both", length=2.5, top=False, right=False)
        ax.locator_params(nbins=5)
        ax.ticklabel_format(style="plain")
        ax.minorticks_off()
    weight = result.sums.attrs["weight"]
    bar = drawn.colorbar(image, ax=grid[:, 0], location="bottom", aspect=22, pad=0.02)
    bar.set_label(f"Share of a jet's {weight or 'particles'} per unit area", loc="center")
    heading(drawn)
    return drawn


def caption(result: Result) -> str:
    """Say how to read the figure, whether jets should be wider, and of how many jets it is."""
    summary: Any = result.summary
    weight, unit = result.sums.attrs["weight"], result.sums.attrs["unit"]
    by = f"weighted by their share of their jet's {plain(weight)}" if weight else "each alike"
    words = (
        f"Gradient of {explained(result)}, {PER[unit]}, averaged over the particles in each cell, "
        f"{by}; colours are the particles' density. Arrows whose error ellipse "
        f"({100 * CONFIDENCE:.0f} %, over jets) holds zero are faint; of arrows that are nothing "
        f"but noise one in {1 / (1 - CONFIDENCE):.0f} is not. Cells of fewer than {LEAST} jets "
        "have none. "
    )
    if summary.jets:
        words += (
            "Beside it single jets, chosen by a hash and not by hand: points are as large as the "
            "particle's share, arrows as long as that times the gradient. "
        )
    classes, wrong = split_groups(result)
    if result.sums.attrs["about_origin"]:
        flow = summary.flow(result)
        said = [
            f"{measured(flow[position(result, g), 0])} for {jets_of(g)}" for g in (*classes, *wrong)
        ]
        if said:
            words += (
                f"Its mean component away from the origin is {', '.join(said)}: above zero, the "
                "output rises as the jet becomes wider. "
            )
    return words + told(result)


def _is_even(summary: Any) -> bool:
    """Say whether there is room for a plane on which both axes have one scale."""
    return 1 / _LONG <= _shape(summary) <= _LONG


def _panel(summary: Any) -> tuple[float, float]:
    """Return how wide and high a panel is that has the shape of the plane, in inches."""
    if not _is_even(summary):
        return _PANEL, _PANEL
    shape = _shape(summary)
    return _PANEL, (_PANEL - 0.4) * shape + 0.4  # under a title


def _shape(summary: Any) -> float:
    """Return the height of the plane over its width."""
    (left, right), (bottom, top) = summary.x_range, summary.y_range
    return float((top - bottom) / (right - left))


def _field(
    ax: Axes,
    summary: Any,
    mean: Floats,
    chance: Floats,
    density: Floats,
    norm: Normalize,
    reference: float,
) -> tuple[Any, Any]:
    """Draw the density of one group, and its mean gradient ``[axis, y, x]`` as arrows."""
    x, y = summary.edges()
    pale = ListedColormap(colormaps["Blues"](np.linspace(0.04, 0.6, 256)))
    image = ax.pcolormesh(x, y, np.where(density > 0, density, np.nan), norm=norm, cmap=pale)
    middles = np.meshgrid((x[1:] + x[:-1]) / 2, (y[1:] + y[:-1]) / 2)
    sure = chance < 1 - CONFIDENCE
    # a length is a part of the panel, so that it says the same on axes of any units
    look: dict[str, Any] = {"angles": "uv", "scale_units": "width", "width": 0.006}
    look["scale"] = reference * summary.bins / _LONGEST
    for chosen, colour in ((np.isfinite(mean[0]) & ~sure, _FAINT), (sure, "black")):
        where, vector = (m[chosen] for m in middles), (m[chosen] for m in mean)
        arrows = ax.quiver(*where, *vector, color=colour, **look)
    return image, arrows


def _single(ax: Axes, jet: xr.Dataset, home: str, colour: str) -> None:
    """Draw the particles of one jet with their gradients."""
    real = jet[home + MASK].values
    names = ("x", "y", "along_x", "along_y", "share")
    x, y, u, v, share = (jet[f"{home}_{n}"].values[real].astype(np.float64) for n in names)
    length = float(np.hypot(u * share, v * share).max(initial=0))
    ax.scatter(x, y, s=5 + 500 * share, color=colour, alpha=0.35, linewidth=0)
    if length > 0:
        look: dict[str, Any] = {"angles": "uv", "scale_units": "width", "width": 0.007}
        ax.quiver(x, y, u * share, v * share, scale=length / _SINGLE, **look)
    said = str(jet["class"].values[int(jet["output"].values.argmax())])
    ax.set_title(f"Row {int(jet['row'])}, tagged {said}", fontsize=11)


def _of_group(result: Result, group: str) -> list[xr.Dataset]:
    """Return the single jets of a group."""
    kept = result.parts["examples"].jets
    found = result.summary.groups_of(kept)  # type: ignore[attr-defined]
    member = found.member[:, found.groups.index(group)]
    return [kept.isel(jet=int(k)) for k in np.flatnonzero(member)]


def _reference(mean: Floats, chance: Floats) -> float:
    """Return the length that nearly all clear arrows ``[axis, ...]`` are below."""
    length = np.hypot(*mean)
    known = length[chance < 1 - CONFIDENCE]
    known = known if known.size else length[np.isfinite(length)]
    found = float(np.quantile(known, _NEARLY)) if known.size else 0.0
    return found or 1.0


def _outward(result: Result, g: int) -> str:
    """Say how much of a group's gradient points away from the origin."""
    if not result.sums.attrs["about_origin"]:
        return ""
    radial = result.summary.flow(result)[g, 0]  # type: ignore[attr-defined]
    return f"outwards {measured(radial)}"
