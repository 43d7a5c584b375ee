"""Mean relevance of the pixels for several taggers, averaged over their retrainings."""

from __future__ import annotations

from typing import Any

from matplotlib.figure import Figure

from jetlens.core.registry import figures
from jetlens.plots.relevance.jet_image import AXIS
from jetlens.plots.shared.flavours import flavour_title, shown_groups
from jetlens.plots.shared.panels import heading, said
from jetlens.plots.shared.pixels import axis_title, crop, even_norm, extent_of, relevance
from jetlens.plots.shared.style import figure
from jetlens.plots.shared.words import within
from jetlens.summarise.jet_image import SIGNIFICANT
from jetlens.summarise.trainings.ensemble import Ensemble

TITLE = "Relevance of pixels, compared"
_COLUMNS = 4


@figures.register("jet-image-compared")
def draw(ensemble: Ensemble) -> Figure:
    """One panel a variation and class: the mean over retrainings of the mean relevance.

    Pixels whose mean is compatible with zero are grey.
    """
    groups = ensemble.groups()
    first = ensemble.members[0].result
    columns = shown_groups(first)
    beside = _beside(ensemble, len(columns))
    across, down = max(len(columns), 1) * beside, len(groups) // beside
    inner = crop(first)
    shape = abs((inner[3] - inner[2]) / (inner[1] - inner[0]))
    drawn = figure(max(3.1 * across, 6), 0.6 + down * (0.7 + 1.9 * shape))
    drawn.set_layout_engine("compressed")  # axes of a fixed shape
    axes = drawn.subplots(down, across, squeeze=False)
    lines = axes.reshape(len(groups), -1)
    for line, (variation, results) in zip(lines, groups.items(), strict=True):
        summary: Any = results[0].summary
        mean, clear = summary.over_retrainings(results)
        names = [str(g) for g in results[0].sums["group"].values]
        places = [names.index(c) for c in columns]
        norm = even_norm(mean[places])
        for ax, column, place in zip(line, columns, places, strict=False):
            # channels add up: each is relevance of the same output
            total, known = mean[place].sum(axis=0), clear[place].any(axis=0)
            words = f"Mean {AXIS[summary.normalise].lower()}"
            relevance(ax, total, known, extent_of(results[0]), norm, words)
            whose = flavour_title(column)
            name = said(variation)
            ax.set_title(f"{name}\n{within(whose)}" if name else whose, fontsize=11)
    for ax in axes.ravel():
        ax.set_xlim(inner[:2])
        ax.set_ylim(inner[2:])
    for ax in axes[-1]:
        ax.set_xlabel(axis_title(first, "x"))
    for ax in axes[:, 0]:
        ax.set_ylabel(axis_title(first, "y"))
    heading(drawn)
    return drawn


def _beside(ensemble: Ensemble, classes: int) -> int:
    """Return how many variations stand side by side: those of the last axis, where few enough."""
    axes = list(ensemble.axes.values())
    last, many = (len(axes[-1]) if axes else 1), len(ensemble.groups())
    return last if len(axes) > 1 and many % last == 0 and last * classes <= _COLUMNS else 1


def caption(ensemble: Ensemble) -> str:
    """Say how to read the figure, and what is grey."""
    many = {len(results) for results in ensemble.groups().values()}
    errors = "bootstrap errors" if many == {1} else "standard errors over retrainings"
    return (
        "Mean relevance of the pixels for every variation, averaged over retrainings: red speaks "
        "for the output that is explained, blue against it. Grey pixels are within "
        f"{SIGNIFICANT:g} {errors} of zero."
    )
