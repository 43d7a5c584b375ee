"""Which feature the tagger wants to change: ranked bars, and maps of feature by rank."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap, LogNorm, Normalize
from matplotlib.figure import Figure
from numpy.typing import NDArray

from jetlens.core.registry import figures
from jetlens.plots.shared.by_class import empty, log_scale, measured, ordered_by, position, told
from jetlens.plots.shared.gradients import PER, explained, group_title, jets_of, split_groups
from jetlens.plots.shared.panels import heading
from jetlens.plots.shared.pixels import even_norm
from jetlens.plots.shared.ranked import against_rank, bars
from jetlens.plots.shared.style import figure, no_ticks
from jetlens.plots.shared.words import features, plain
from jetlens.summarise.estimates import interval
from jetlens.summarise.result import Result
from jetlens.summarise.wanted_change import KINDS, SIGNED, SIZE

TITLE = "Wanted change by feature"
MOST = 20
"""Features drawn: those of the largest gradients."""
SIGNIFICANT = 2.0
"""Standard errors that a signed mean is away from zero, where it is shown."""
_DECADES = 2.5
_FEW = 5  # features, those of the largest gradients, that are drawn with their errors by rank
_UNCLEAR = "#e3e3e3"
_WORDS = {SIZE: "Mean size of the gradient", SIGNED: "Mean gradient"}

Floats = NDArray[np.float64]


@figures.register("wanted-change")
def draw(result: Result, *, most: int = MOST) -> Figure:
    """Above, how much the output changes with each feature; below that, which way.

    On the left the means over all particles: bars for all jets, signs for those of each class,
    hollow ones for misclassified jets. On the right the means by rank of the particle, at the
    bottom those of the largest gradients with their errors.

    Parameters
    ----------
    result
        Of the summary ``wanted-change``.
    most
        How many features to draw, those of the largest gradients.
    """
    classes, wrong = split_groups(result)
    summary: Any = result.summary
    names = [str(f) for f in result.sums["feature"].values]
    order = [names.index(n) for n in summary.ranking(result, "all")][:most]
    if not classes or not order:
        return empty()
    there = result.sums["particles"].values[0, :, 0] > 0
    ranks = [name for name, some in zip(result.sums["rank"].values, there, strict=True) if some]
    tall = max(0.25 * len(order) + 0.9, 2.7)
    wide = min(1.2 + 0.26 * len(ranks), 9.0 / len(classes))
    drawn = figure(3.9 + wide * len(classes), 2 * tall + 3.9)
    grid = drawn.subplots(
        3,
        1 + len(classes),
        squeeze=False,
        sharey="row",
        width_ratios=[2.6, *[wide] * len(classes)],
        height_ratios=[tall, tall, 2.7],
    )
    mean, by_rank = (v[..., order, :] for v in (summary.means(result), summary.by_rank(result)))
    by_rank = by_rank[:, :, there]
    described = features(result)
    rows = [position(result, g) for g in classes]
    norms = {
        SIZE: log_scale(by_rank[0, rows, ..., 0], _DECADES),
        SIGNED: even_norm(by_rank[1, rows, ..., 0]),
    }
    for line, kind, each, ranked in zip(grid[:2], KINDS, mean, by_rank, strict=True):
        signs = {g: interval(each[position(result, g)]) for g in (*classes, *wrong)}
        bars(line[0], result, interval(each[0]), signs)
        line[0].set_yticks(range(len(order)), [described[i].title for i in order])
        line[0].set_xlabel(f"{_WORDS[kind]}\n{PER[result.sums.attrs['unit']]}")
        for ax, group in zip(line[1:], classes, strict=True):
            image = _map(ax, ranked[position(result, group)], norms[kind], kind)
            ax.set_xticks(range(len(ranks)), ranks, rotation=60)
            ax.set_xlabel(f"Particle ({ordered_by(result)})")
            ax.set_title(group_title(group), loc="left")
            no_ticks(ax, "y")
        bar = drawn.colorbar(image, ax=line[1:], fraction=0.05, aspect=25, pad=0.02)
        bar.set_label(_WORDS[kind], loc="center")
        if kind == SIGNED:
            end = float(norms[kind].vmax or 1.0)
            bar.set_ticks([-end, -end / 10, 0, end / 10, end], labels=_ends(end))
        elif isinstance(norms[kind], LogNorm):
            low, high = norms[kind].vmin or 0.0, norms[kind].vmax or 0.0
            ticks = [m * 10.0**k for k in range(-12, 13) for m in (1, 2, 5)]
            ticks = [t for t in ticks if low <= t <= high]
            bar.set_ticks(ticks, labels=[f"{t:g}" for t in ticks])
        bar.ax.minorticks_off()
    _lines(grid[2], result, by_rank[0], [described[i].title for i in order], ranks)
    handles, words = grid[0, 0].get_legend_handles_labels()
    drawn.legend(handles, words, loc="outside lower left", ncols=3)
    heading(drawn)
    return drawn


def caption(result: Result) -> str:
    """Say how to read the figure, what is changed most, and of how many jets it is."""
    summary: Any = result.summary
    first, mean = summary.first(result), summary.means(result)
    names = [str(f) for f in result.sums["feature"].values]
    titles = [plain(f.title) for f in features(result)]
    said = []
    for group in [g for groups in split_groups(result) for g in groups]:
        g, best = position(result, group), names.index(summary.ranking(result, group)[0])
        said.append(
            f"{titles[best]} for {jets_of(group)} "
            f"({measured(mean[0, g, best])}, first in {100 * first[g, best]:.0f} % of replicas)"
        )
    words = (
        f"Gradients of {explained(result)}, {PER[result.sums.attrs['unit']]}, averaged over "
        "particles: above by size, below with their signs (a positive one says that the output "
        "rises with the feature). Bars are all jets, signs those of each class, hollow ones its "
        "misclassified jets, with 68 % bootstrap intervals over events; on the right by rank of "
        f"the particle, grey where the mean is within {SIGNIFICANT:g} standard errors of zero; at "
        f"the bottom the sizes of the {_FEW} largest by rank, with their errors. "
    )
    if said:
        words += f"The tagger wants to change most {'; '.join(said)}. "
    return words + told(result)


def _lines(
    grid: NDArray[Any], result: Result, size: Floats, titles: list[str], ranks: list[str]
) -> None:
    """Draw sizes ``[group, rank, feature, replica]`` of the first few features with errors."""
    classes, _ = split_groups(result)
    for ax, group in zip(grid[1:], classes, strict=True):
        of = size[position(result, group)][:, :_FEW]
        against_rank(ax, of, titles[:_FEW], ranks)
        ax.set_xlabel(f"Particle ({ordered_by(result)})")
        ax.set_title(group_title(group), loc="left")
    grid[1].set_ylim(0, None)
    grid[1].tick_params(labelleft=True)
    grid[1].set_ylabel(_WORDS[SIZE], loc="center")
    grid[0].set_axis_off()
    grid[0].legend(
        *grid[1].get_legend_handles_labels(), loc="center left", title="Largest gradients",
        borderaxespad=0,
    )  # fmt: skip


def _map(ax: Axes, mean: Floats, norm: Normalize, kind: str) -> Any:
    """Draw means ``[rank, feature, replica]``, grey where a signed one is not clear."""
    value = mean[..., 0].T
    error = np.nan_to_num(mean[..., 1:]).std(axis=-1).T
    signed = kind == SIGNED
    looks = colormaps["RdBu_r" if signed else "viridis_r"].with_extremes(bad="white")
    clear = np.abs(value) > SIGNIFICANT * error if signed else value > 0
    shown = np.where(clear, value, np.nan)
    image = ax.imshow(shown, norm=norm, cmap=looks, aspect="auto", interpolation="nearest")
    if signed:
        grey = np.where(np.isfinite(value) & ~clear, 1.0, np.nan)
        ax.imshow(grey, cmap=ListedColormap([_UNCLEAR]), aspect="auto", interpolation="nearest")
    no_ticks(ax, "x")
    ax.minorticks_off()
    return image


def _ends(end: float) -> list[str]:
    return [f"{v:.2g}" for v in (-end, -end / 10, 0, end / 10, end)]
