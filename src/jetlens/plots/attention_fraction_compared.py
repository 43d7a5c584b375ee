"""How much of explanations is in prongs, for several taggers and their retrainings."""

from __future__ import annotations

from typing import Any

from matplotlib.figure import Figure

from jetlens.core.registry import figures
from jetlens.plots.attention_fraction import NAMES
from jetlens.plots.panels import heading, trainings
from jetlens.plots.points import classes_of, points
from jetlens.plots.style import figure
from jetlens.summarise.jets.regions import AREA, IN_PATCHES, PT, TURNED
from jetlens.summarise.trainings.ensemble import Ensemble

TITLE = "Looking at prongs, compared"


@figures.register("attention-fraction-compared")
def draw(ensemble: Ensemble) -> Figure:
    """One column a variation: shares in discs around prongs, and enrichments over two nulls."""
    summary: Any = ensemble.members[0].result.summary
    wide = min(max(1.3 * len(ensemble.groups()) + 2.2, 5.2), 15.0)
    drawn = figure(wide + 2.4, 10.2)
    panels = drawn.subplots(3, 1)
    classes = classes_of(ensemble)
    over = IN_PATCHES if _everywhere(ensemble, IN_PATCHES) else PT
    points(
        panels[0],
        ensemble,
        classes,
        lambda group: f"attention_fraction.{group}",
        share_of_pT=("--", lambda group: f"attention_fraction.{group}.{over}"),
        share_of_area=(":", lambda group: f"attention_fraction.{group}.{AREA}"),
    )
    panels[0].set_ylabel(f"Share within {summary.radius:g}")
    panels[0].set_ylim(bottom=0)
    for ax, null in zip(panels[1:], (over, TURNED), strict=True):
        points(ax, ensemble, classes, _named(null))
        ax.axhline(1, color="0.6", linewidth=0.8, zorder=0)
        ax.set_ylabel(f"Enrichment over\n{NAMES[null]}")
    drawn.legend(*panels[0].get_legend_handles_labels(), loc="outside upper right", ncols=4)
    heading(drawn)
    return drawn


def caption(ensemble: Ensemble) -> str:
    """Say how to read the figure, and what its errors are."""
    summary: Any = ensemble.members[0].result.summary
    in_patches = " (in the patches of the explanation)" if _everywhere(ensemble, IN_PATCHES) else ""
    return (
        f"The share of explanations in discs of {summary.radius:g} around the jets' "
        f"{summary.regions}, by class, for every variation, with lines across for the discs' share "
        f"of the pT{in_patches} and of the image's area; below, enrichment: the mean share over "
        "that of the pT, and over the share of the same explanation in the jet's own discs turned "
        "about its axis by a random angle, which lie as far from the middle. At 1 a tagger looks "
        f"at prongs no more than it would anyway. {trainings(ensemble)}"
    )


def _named(null: str) -> Any:
    return lambda group: f"attention_fraction.{group}.enrichment.{null}"


def _everywhere(ensemble: Ensemble, kind: str) -> bool:
    return all(kind in m.result.sums["kind"].values for m in ensemble.members)
