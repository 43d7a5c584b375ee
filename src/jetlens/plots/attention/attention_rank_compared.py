"""The leading particles' share of attention, for several taggers and their retrainings."""

from __future__ import annotations

from typing import Any

from matplotlib.figure import Figure

from jetlens.core.registry import figures
from jetlens.plots.shared.panels import heading, trainings
from jetlens.plots.shared.points import classes_of, points
from jetlens.plots.shared.style import figure, legend
from jetlens.summarise.trainings.ensemble import Ensemble

TITLE = "Attention by rank, compared"


@figures.register("attention-rank-compared")
def draw(ensemble: Ensemble) -> Figure:
    """One column a variation; lines are what pT and equal shares would give."""
    summary: Any = ensemble.members[0].result.summary
    leading = f"leading_{summary.leading}"
    drawn = figure(max(1.9 * len(ensemble.groups()) + 3.2, 6.2), 4.2)
    ax = drawn.subplots()
    points(
        ax,
        ensemble,
        classes_of(ensemble),
        lambda group: f"attention_rank.{group}.{leading}",
        shares_of_pT=("--", lambda group: f"attention_rank.{group}.{leading}.pt"),
        equal_shares=(":", lambda group: f"attention_rank.{group}.{leading}.uniform"),
    )
    ax.set_ylabel(f"Share of attention on the leading {summary.leading}")
    ax.set_ylim(bottom=0)
    legend(ax, loc="center left", bbox_to_anchor=(1.01, 0.5))
    heading(drawn)
    return drawn


def caption(ensemble: Ensemble) -> str:
    """Say how to read the figure, and what its errors are."""
    summary: Any = ensemble.members[0].result.summary
    return (
        f"Share of the self-attention that the leading {summary.leading} particles receive, by "
        "class, for every variation; lines across are what they would have if attention went by "
        f"pT, or were the same for all particles. {trainings(ensemble)}"
    )
