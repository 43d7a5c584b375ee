"""The objects' shares of cross-attention, for several taggers and their retrainings."""

from __future__ import annotations

from matplotlib.figure import Figure

from jetlens.core.registry import figures
from jetlens.plots.shared.by_class import class_title
from jetlens.plots.shared.flavours import flavour_colour
from jetlens.plots.shared.panels import grid, heading, said, trainings
from jetlens.plots.shared.points import classes_of
from jetlens.plots.shared.style import no_ticks
from jetlens.summarise.trainings.ensemble import Ensemble
from jetlens.summarise.trainings.retrainings import over_retrainings

TITLE = "Mean cross-attention, compared"


@figures.register("cross-attention-compared")
def draw(ensemble: Ensemble) -> Figure:
    """One panel a variation, with a row for each object; errors are over retrainings."""
    names = [str(o) for o in ensemble.members[0].result.sums["object"].values]
    classes = classes_of(ensemble)
    drawn, panels = grid(ensemble, 3.6, 1.0 + 0.36 * len(names), share=True)
    for ax, variation, results in panels:
        numbers = over_retrainings(results)
        for c, group in enumerate(classes):
            colour, shift = flavour_colour(group, c + 1), 0.5 * ((c + 0.5) / len(classes) - 0.5)
            title: str | None = class_title(group)
            for row, name in enumerate(names):
                word = f"cross_attention.{group}.{name.replace(' ', '_')}"
                found, equal = numbers.get(word), numbers.get(f"{word}.uniform")
                if found is None or equal is None:
                    continue
                value, place = found["value"], row + shift
                error = [[value - found["low"]], [found["high"] - value]]
                ax.errorbar(
                    value, place, xerr=error, fmt="o", color=colour, markersize=5, label=title
                )
                ax.plot([equal["value"]], [place], "|", color=colour, markersize=9)
                title = None
        ax.set_yticks(range(len(names)), names)
        ax.set_ylim(len(names) - 0.5, -0.5)
        no_ticks(ax, "y")
        ax.set_title(said(variation), loc="left", fontsize=11.5)
    drawn.legend(*panels[0][0].get_legend_handles_labels(), loc="outside upper right", ncols=3)
    drawn.supxlabel("Share of attention", fontsize=13)
    heading(drawn)
    return drawn


def caption(ensemble: Ensemble) -> str:
    """Say how to read the figure, and what its errors are."""
    return (
        "Share of the cross-attention of all particles that each object receives, by class, for "
        "every variation; upright lines are what it would have if all objects that are there had "
        f"the same. {trainings(ensemble)}"
    )
