"""How much several taggers use each of their streams, side by side."""

from __future__ import annotations

from typing import Any

from matplotlib.figure import Figure

from jetlens.core.registry import figures
from jetlens.plots.relevance.stream_use import AXES
from jetlens.plots.shared.panels import heading, trainings
from jetlens.plots.shared.points import classes_of, points
from jetlens.plots.shared.style import figure
from jetlens.summarise.trainings.ensemble import Ensemble

TITLE = "Use of streams, compared"


@figures.register("stream-use-compared")
def draw(ensemble: Ensemble) -> Figure:
    """Rows of panels are what is measured, columns are streams; one point a variation and class."""
    kinds = [k for k in AXES if any(_use(m.result, k) for m in ensemble.members)]
    streams: dict[str, None] = {}
    for member in ensemble.members:
        streams |= dict.fromkeys(str(s) for s in member.result.sums["stream"].values)
    wide = max(1.15 * len(ensemble.groups()) + 1.2, 3.6)
    drawn = figure(wide * len(streams) + 1.4, 3.6 * len(kinds) + 0.5)
    panels = drawn.subplots(len(kinds), len(streams), squeeze=False, sharex=True, sharey="row")
    classes = classes_of(ensemble)
    for line, kind in zip(panels, kinds, strict=True):
        for ax, stream in zip(line, streams, strict=True):
            points(ax, ensemble, classes, _named(stream, kind))
            ax.axhline(0, color="0.6", linewidth=0.8, zorder=0)
        line[0].set_ylabel(AXES[kind])
    for ax, stream in zip(panels[0], streams, strict=True):
        ax.set_title(f"Stream {stream}", loc="left")
    drawn.legend(*panels[0, 0].get_legend_handles_labels(), loc="outside right center")
    heading(drawn)
    return drawn


def caption(ensemble: Ensemble) -> str:
    """Say how to read the figure, and what its errors are."""
    return (
        "How much each variation uses each of its streams, by class: the stream's share in what "
        "enters the head (activations times the weights of its first dense layer; a stream that "
        "asked others holds what it was told), or what the "
        "cross-entropy rises by when the stream's inputs are those of other jets. "
        f"{trainings(ensemble)}"
    )


def _named(stream: str, kind: str) -> Any:
    return lambda group: f"stream_use.{group}.{stream}.{kind}"


def _use(result: Any, kind: str) -> bool:
    return bool(result.summary.use(result, kind))
