"""Importance near subjets over that of pT, for several taggers and their retrainings."""

from __future__ import annotations

from typing import Any

from matplotlib.figure import Figure

from jetlens.core.registry import figures
from jetlens.plots.shared.panels import heading, trainings
from jetlens.plots.shared.points import classes_of, points
from jetlens.plots.shared.style import figure
from jetlens.summarise.trainings.ensemble import Ensemble

TITLE = "Importance near subjets, compared"


@figures.register("importance-plane-compared")
def draw(ensemble: Ensemble) -> Figure:
    """One column a variation: shares near a subjet on the left, over that of pT on the right."""
    summary: Any = ensemble.members[0].result.summary
    wide = max(1.5 * len(ensemble.groups()) + 2.2, 4.2)
    drawn = figure(2 * wide + 1.2, 4.2)
    near, rise = drawn.subplots(1, 2)
    classes = classes_of(ensemble)
    points(
        near,
        ensemble,
        classes,
        lambda group: f"importance_plane.{group}.near_subjets",
        share_of_pT=("--", lambda group: f"importance_plane.{group}.near_subjets.pt"),
        share_of_particles=(":", lambda group: f"importance_plane.{group}.near_subjets.particles"),
    )
    points(rise, ensemble, classes, lambda group: f"importance_plane.{group}.enrichment")
    near.set_ylabel(f"Share of importance within {summary.radius:g} of a subjet")
    rise.set_ylabel(r"Share of importance / share of $p_T$")
    rise.axhline(1, color="0.6", linewidth=0.8, zorder=0)
    drawn.legend(*near.get_legend_handles_labels(), loc="outside right center")
    heading(drawn)
    return drawn


def caption(ensemble: Ensemble) -> str:
    """Say how to read the figure, and what its errors are."""
    summary: Any = ensemble.members[0].result.summary
    return (
        f"Share of the importance of particles that lies within {summary.radius:g} of a subjet, by "
        "class, for every variation, with lines across for the shares of pT and of particles; on "
        f"the right, importance over pT. {trainings(ensemble)}"
    )
