"""Jets in the plane of two variables: their score, their relevance, and the learnt boundary."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from jetlens.core.registry import figures
from jetlens.plots.shared.flavours import flavour_title
from jetlens.plots.shared.panels import heading
from jetlens.plots.shared.style import figure
from jetlens.plots.shared.words import counted, features, plain, within
from jetlens.summarise.estimates import LEAST
from jetlens.summarise.result import Result
from jetlens.summarise.sums.surface import MIDDLE, WIDEST, Surface

TITLE = "Score and relevance in the plane of two variables"
COLOURS = colormaps["RdBu_r"]
_PALEST = 0.22  # how much colour the least relevant jets keep

Floats = NDArray[np.float64]


@figures.register("scatter")
def draw(result: Result) -> Figure:
    """Points are jets: red is a high score, blue a low one, and darker ones have more relevance.

    The line is where the mean score crosses one half, its band the 68 % interval. The right panel
    shows the mean score that the line is drawn through.
    """
    summary: Any = result.summary
    surface = summary.surface(result)
    drawn = figure(14, 5.4)
    left, key, right = drawn.subplots(1, 3, width_ratios=(1, 0.17, 1.06))
    reach = points(left, result.parts["examples"].jets)
    boundary(left, surface)
    _key(key, reach)
    x, y = surface.window.edges
    shown = right.pcolormesh(x, y, surface.score[..., 0], cmap=COLOURS, vmin=0, vmax=1)
    boundary(right, surface)
    if not crosses(surface):
        words = "No boundary where there are jets"
        right.text(0.5, 0.5, words, transform=right.transAxes, ha="center", color="#555555")
    of = flavour_title(result.sums.attrs["of"])
    bar = drawn.colorbar(shown, ax=right, pad=0.02)
    bar.set_label(f"Mean predicted probability of {within(of)}")
    kept = result.parts["examples"].jets.sizes["jet"]
    left.set_title(f"{kept:,} jets", loc="right", fontsize=11)
    right.set_title("Mean over all jets, smoothed", loc="right", fontsize=11)
    for ax in (left, right):
        limits(ax, surface)
        axes_of(ax, result)
    heading(drawn)
    return drawn


def caption(result: Result) -> str:
    """Say how to read the figure, and how the boundary was found."""
    summary: Any = result.summary
    of = within(plain(flavour_title(result.sums.attrs["of"])))
    x, y = summary.surface(result).window.edges
    sizes = [float(e[1] - e[0]) * summary.smooth for e in (x, y)]
    kernel = " and ".join(
        f"{' '.join((f'{size:.2g}', feature.shown)).strip()} in {plain(feature.title)}"
        for size, feature in zip(sizes, features(result), strict=True)
    )
    return (
        f"Left: a sample of jets by a hash; the redder, the higher the predicted probability of "
        f"{of}; the darker, the larger the absolute relevance of "
        f"{plain(result.sums.attrs['relevance'])}. The line is where the mean score of all jets "
        "(right) crosses one half, its band a 68 % bootstrap interval over events, without what "
        "smoothing does. Means are "
        f"smoothed by local linear regression with a Gaussian of {kernel}, up to {WIDEST:g} times "
        f"wider until it holds {LEAST} jets; where even that does not, nothing is said. "
        f"{counted(result)}"
    )


def points(ax: Axes, jets: xr.Dataset) -> float:
    """Draw jets by score and relevance; return the relevance that is darkest."""
    size = jets["relevance"].values
    reach = float(np.quantile(size, 0.95)) if len(size) else 0.0
    order = np.argsort(size, kind="stable")
    depth = np.clip(size / reach, 0, 1) if reach > 0 else np.ones_like(size)
    ax.scatter(
        jets["x"].values[order],
        jets["y"].values[order],
        c=shade(jets["score"].values, depth)[order],
        s=float(np.clip(9000 / max(len(size), 1), 4, 22)),
        linewidths=0,
        rasterized=True,
    )
    return reach


def shade(score: Floats, depth: Floats) -> Floats:
    """Return colours ``[..., 3]``: the hue says the score, the depth the relevance, both 0 to 1."""
    # two hues that meet in the middle, kept from white there: white is no relevance
    hue = colormaps["RdYlBu_r"](score)[..., :3] * 0.82
    strength = (_PALEST + (1 - _PALEST) * depth)[..., None]
    return np.asarray(1 - strength * (1 - hue))


def boundary(ax: Axes, surface: Surface) -> None:
    """Draw the line where the mean score is one half, and its band."""
    x, y = (0.5 * (e[1:] + e[:-1]) for e in surface.window.edges)
    if min(len(x), len(y)) < 2:
        return
    score, pull = surface.score[..., 0], surface.pull
    if np.isfinite(pull).any() and np.nanmin(pull) < 1 and np.nanmax(pull) > -1:
        ax.contourf(x, y, pull, levels=(-1, 1), colors=["black"], alpha=0.22)
    if crosses(surface):
        ax.contour(x, y, score, levels=[MIDDLE], colors=["white"], linewidths=3.4, alpha=0.8)
        ax.contour(x, y, score, levels=[MIDDLE], colors=["black"], linewidths=1.6)


def crosses(surface: Surface) -> bool:
    """Say whether the mean score crosses one half between two cells that have one."""
    side = np.sign(np.nan_to_num(surface.score[..., 0] - MIDDLE))
    return bool((side[1:] * side[:-1] < 0).any() or (side[:, 1:] * side[:, :-1] < 0).any())


def limits(ax: Axes, surface: Surface) -> None:
    """Show the window's part of the plane."""
    x, y = surface.window.edges
    ax.set_xlim(x[0], x[-1])
    ax.set_ylim(y[0], y[-1])


def axes_of(ax: Axes, result: Result) -> None:
    """Name the axes."""
    x, y = features(result)
    ax.set_xlabel(x.axis)
    ax.set_ylabel(y.axis)


def _key(ax: Axes, reach: float) -> None:
    """Draw the key of colours: the score to the right, relevance upwards."""
    score, depth = np.meshgrid(np.linspace(0, 1, 48), np.linspace(0, 1, 64))
    top = reach or 1.0
    ax.imshow(shade(score, depth), origin="lower", extent=(0, 1, 0, top), aspect="auto")
    ax.set_box_aspect(2.4)
    ax.set_xlabel("Score", loc="center")
    ax.set_ylabel("Absolute relevance", loc="center")
    ax.set_xticks([0, 1], ["0", "1"])
    ax.set_yticks([0, top], ["0", f"{top:.2g}"])
    ax.minorticks_off()
    ax.tick_params(length=2.5, top=False, right=False)
