"""The planes of several taggers side by side, with the boundaries of all their retrainings."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from jetlens.core.registry import figures
from jetlens.plots.relevance.scatter import COLOURS, axes_of, crosses, limits
from jetlens.plots.shared.flavours import flavour_title
from jetlens.plots.shared.panels import grid, heading, said
from jetlens.plots.shared.words import features, plain, within
from jetlens.summarise.sums.surface import MIDDLE, Surface
from jetlens.summarise.trainings.ensemble import Ensemble

TITLE = "Learnt boundaries, compared"


@figures.register("scatter-compared")
def draw(ensemble: Ensemble) -> Figure:
    """Each thin line is the boundary of one training; where they part, trainings vary.

    Colours are the mean predicted score, averaged over retrainings. One panel a variation.
    """
    drawn, panels = grid(ensemble, 2.9, 3.1)
    shown: Any = None
    for ax, variation, results in panels:
        summary: Any = results[0].summary
        surfaces: list[Surface] = summary.surfaces(results)
        x, y = surfaces[0].window.edges
        every = np.stack([s.score[..., 0] for s in surfaces])
        known = np.isfinite(every).all(axis=0)
        mean = np.where(known, every.mean(axis=0), np.nan)
        shown = ax.pcolormesh(x, y, mean, cmap=COLOURS, vmin=0, vmax=1, alpha=0.75)
        for surface in surfaces:
            _line(ax, surface)
        limits(ax, surfaces[0])
        axes_of(ax, results[0])
        apart = summary.disagreement(results)
        words = f"{100 * apart.mean():.2g} % between two boundaries" if len(apart) else ""
        ax.set_title(f"{said(variation)}\n{words}".strip(), loc="left", fontsize=10.5)
    bar = drawn.colorbar(shown, ax=[ax for ax, _, _ in panels], pad=0.015, fraction=0.03)
    bar.set_label(f"Mean predicted probability of {within(flavour_title(_of(ensemble)))}")
    heading(drawn)
    return drawn


def caption(ensemble: Ensemble) -> str:
    """Say how to read the figure."""
    result = ensemble.members[0].result
    x, y = (plain(f.title) for f in features(result))
    many = max(len(results) for results in ensemble.groups().values())
    return (
        f"Mean predicted score over the plane of {x} and {y}, averaged over retrainings, and for "
        f"each of up to {many} trainings the line where it crosses one half. Above a panel stands "
        "the share of jets that lie between the boundaries of two retrainings, averaged over all "
        "pairs of them. Where there are too few jets nothing is drawn."
    )


def _of(ensemble: Ensemble) -> str:
    return str(ensemble.members[0].result.sums.attrs["of"])


def _line(ax: Axes, surface: Surface) -> None:
    """Draw one training's boundary."""
    if crosses(surface):
        x, y = (0.5 * (e[1:] + e[:-1]) for e in surface.window.edges)
        score = surface.score[..., 0]
        ax.contour(x, y, score, levels=[MIDDLE], colors=["black"], linewidths=1.0, alpha=0.8)
