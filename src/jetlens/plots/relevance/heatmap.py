"""Heat maps of single jets: tracks by features."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.colors import TwoSlopeNorm
from matplotlib.figure import Figure
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from jetlens.core.attribution import MASK, SCORE, features
from jetlens.core.errors import look_up
from jetlens.core.registry import figures
from jetlens.plots.shared.flavours import TITLES_OF_ORIGINS, flavour_title
from jetlens.plots.shared.style import VERTEX_COLOURS, figure
from jetlens.plots.shared.words import SCORE_AXIS, counted
from jetlens.summarise.box import summed
from jetlens.summarise.result import Result
from jetlens.summarise.top_origin import CATEGORIES, UNKNOWN

TITLE = "Single jets"
MOST_TRACKS = 14
"""Tracks drawn of one jet: those of the largest attribution."""
_MAP = "RdBu_r"


@figures.register("heatmap")
def draw(result: Result, *, only: str | None = None, jet: int = 0) -> Figure:
    """Red speaks for the class that is explained, blue against it; one block a jet.

    Rows are tracks, ordered by attribution, with the truth origin and, behind the arrow, the
    predicted one; labels of one colour belong to one vertex. The left column sums over features,
    the top row over tracks; the jet's own features only have a sum.

    Parameters
    ----------
    result
        Of the summary ``heatmap``.
    only
        Draw the jets of this class alone; left out, one jet of each class.
    jet
        Which of the kept jets of each class to draw.
    """
    jets = result.parts["examples"].jets
    collection = result.parts["examples"].collection
    classes = [str(c) for c in jets["class"].values]
    if only is not None:
        look_up("class", only, dict.fromkeys(classes))
    rows = []
    for position, name in enumerate(classes):
        there = np.flatnonzero(jets["label"].values == position)
        if len(there) > jet and only in (None, name):
            rows.append(int(there[jet]))
    tall = [_height(jets.isel(jet=r), collection) for r in rows] or [2.0]
    drawn = figure(13, sum(tall))
    drawn.set_layout_engine("none")  # panels stand in inches, so that rows of all jets are alike
    blocks = drawn.subfigures(len(tall), 1, height_ratios=tall, squeeze=False)[:, 0]
    for block, row in zip(blocks, rows, strict=False):
        one = jets.isel(jet=slice(row, row + 1))
        _jet(block, one, collection, result.summary.normalise)  # type: ignore[attr-defined]
    if not rows:
        drawn.text(0.5, 0.5, "no jet was kept", ha="center")
    return drawn


def caption(result: Result) -> str:
    """Say how to read the figure, and of how many jets it was chosen."""
    return (
        "Attributions of single jets, tracks by features: red speaks for the class that is "
        "explained, blue against it. The left column sums over features and the top row over "
        "tracks. Labels give the truth origin and the predicted one; those of one colour share a "
        f"vertex. Chosen by a hash, not by hand, from {counted(result)}"
    )


def _height(jet: xr.Dataset, collection: str) -> float:
    tracks = min(int(jet[collection + MASK].values.sum()), MOST_TRACKS)
    return 2.7 + 0.25 * tracks


def _jet(block: Any, jet: xr.Dataset, collection: str, normalise: str) -> None:
    mask = jet[collection + MASK].values[0]
    score = np.where(mask[:, None], jet[collection + SCORE].values[0], 0)[mask]
    described, totals = summed(jet, np.ones(1))
    sizes = np.concatenate([np.abs(jet[v].values).ravel() for v in _scores(jet)])
    by = {
        "sum": abs(totals.sum()),
        "abs": float(np.nansum(sizes)),
        "max": float(np.nanmax(sizes, initial=0)),
        "none": 1.0,
    }[normalise] or 1.0
    score, top = score / by, totals[0] / by
    order = np.argsort(-score.sum(axis=1), kind="stable")[:MOST_TRACKS]
    score, own = score[order], len(features(jet, collection))
    extra = len(described) - own

    width, height = 13.0, _height(jet, collection)  # of this block, in inches
    row, bottom, left, right = 0.25, 0.3, 3.2, 1.15
    rows = row * len(order)

    def panel(x: float, y: float, wide: float, high: float) -> Axes:
        made: Axes = block.add_axes((x / width, y / height, wide / width, high / height))
        return made

    wide = width - left - right
    body = panel(left, bottom, wide, rows)
    beside = panel(left - 0.6, bottom, 0.5, rows)
    above = panel(left, bottom + rows + 0.26, wide, 0.28)
    reach = float(np.abs(score).max(initial=0)) or 1.0
    filled = np.concatenate([score, np.full((len(order), extra), np.nan)], axis=1)
    image = _cells(body, filled, reach)
    body.set_facecolor("#ececec")
    sums = score.sum(axis=1, keepdims=True)
    _cells(beside, sums, float(np.abs(sums).max(initial=0)) or 1.0, words=True)
    _cells(above, top[None, :], float(np.abs(top).max(initial=0)) or 1.0, words=True)

    names = [f.title for f in described]
    above.xaxis.tick_top()
    above.set_xticks(range(len(names)), names, rotation=55, ha="left", fontsize=9.5)
    above.set_yticks([])
    _aside(above, -0.75, 0, "Sum over tracks", fontsize=9.5)
    body.set_xticks([])
    body.set_yticks([])
    beside.set_xticks([0], ["Sum"], fontsize=9.5)
    _labels(beside, jet, collection, np.flatnonzero(mask)[order])
    for ax in (above, beside, body):
        ax.tick_params(which="both", length=0)
        ax.tick_params(which="both", top=False, right=False)
    bar = block.colorbar(image, cax=panel(left + wide + 0.15, bottom, 0.16, rows))
    bar.set_label(SCORE_AXIS[normalise].replace(" / ", " /\n"), fontsize=9.5, loc="center")
    bar.ax.tick_params(labelsize=9)
    bar.formatter.set_powerlimits((-3, 4))
    bar.update_ticks()
    title = _title(jet, int(mask.sum()), len(order))
    block.text(0.01, 1 - 0.18 / height, title, fontsize=12, va="center")


def _cells(ax: Axes, values: NDArray[Any], reach: float, words: bool = False) -> Any:
    """Draw an array as coloured cells, with the numbers in them if asked for."""
    norm = TwoSlopeNorm(0.0, -reach, reach)
    image = ax.imshow(values, cmap=_MAP, norm=norm, aspect="auto", interpolation="nearest")
    if words:
        for (y, x), value in np.ndenumerate(values):
            dark = abs(value) > 0.6 * reach
            ax.text(
                x,
                y,
                f"{value:.2f}".replace("-0.00", "0.00"),
                ha="center",
                va="center",
                fontsize=7.5,
                color="white" if dark else "black",
            )
    return image


def _labels(ax: Axes, jet: xr.Dataset, collection: str, tracks: NDArray[np.intp]) -> None:
    """Label each row by truth origin and predicted origin, coloured by vertex."""
    ax.set_yticks([])
    columns = [("Truth", "origin", "vertex"), ("Predicted", "pred_origin", "pred_vertex")]
    columns = [c for c in columns if f"{collection}_{c[1]}" in jet]
    vertices = [
        jet[f"{collection}_{v}"].values[0][tracks].astype(np.int64)
        if f"{collection}_{v}" in jet
        else np.full(len(tracks), -1)
        for _, _, v in columns
    ]
    for place, (title, origin, _) in enumerate(columns):
        # in cells; the last column stands next to the cells
        x = -0.65 - 2.45 * (len(columns) - 1 - place)
        _aside(ax, x, -0.95, title, fontsize=9, style="italic")
        kinds = jet[f"{collection}_{origin}"].values[0][tracks]
        colours = _numbered(vertices[place], vertices[0])
        for y, (kind, number) in enumerate(zip(kinds, colours, strict=True)):
            known = 0 <= kind < len(CATEGORIES)
            name = CATEGORIES[int(kind)] if known else UNKNOWN
            colour = VERTEX_COLOURS[number % len(VERTEX_COLOURS)] if number >= 0 else "black"
            _aside(ax, x, y, TITLES_OF_ORIGINS[name], fontsize=9, color=colour)


def _numbered(vertex: NDArray[np.int64], truth: NDArray[np.int64]) -> NDArray[np.int64]:
    """Number vertices ``[track]`` for colouring: each as the true one that shares most tracks."""
    found, mine = np.unique(np.append(vertex, -1), return_inverse=True)
    there, true = np.unique(np.append(truth, -1), return_inverse=True)
    shared = np.zeros((len(found), len(there)))
    np.add.at(shared, (mine[:-1], true[:-1]), 1)
    number = np.full(len(found), -1)
    pairs = linear_sum_assignment(-shared[1:, 1:])  # the first of each is "no vertex"
    number[pairs[0] + 1] = pairs[1]
    extra = np.flatnonzero(number[1:] < 0) + 1
    number[extra] = len(there) - 1 + np.arange(len(extra))
    return np.asarray(number[mine[:-1]])


def _aside(ax: Axes, x: float, y: float, words: str, **look: Any) -> None:
    """Write beside a panel without moving it."""
    text = ax.text(x, y, words, ha="right", va="center", clip_on=False, **look)
    text.set_in_layout(False)


def _scores(jet: xr.Dataset) -> list[str]:
    return [str(v) for v in jet.data_vars if str(v).endswith(SCORE)]


def _title(jet: xr.Dataset, tracks: int, shown: int) -> str:
    classes = [str(c) for c in jet["class"].values]
    label, target = int(jet["label"].values[0]), int(jet["target"].values[0])
    name = flavour_title(classes[label]).replace("jets", "jet") if label >= 0 else "Jet"
    words = f"{name}, row {int(jet['row'].values[0])}: {tracks} tracks"
    if shown < tracks:
        words += f" ({shown} shown)"
    if target >= 0:
        words += f"; output explained: {classes[target]}"
    return r"$\mathbfit{jetlens}$  Simulation    " + words
