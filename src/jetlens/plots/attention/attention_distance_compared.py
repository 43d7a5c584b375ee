"""How far attention reaches in an image, layer by layer, for several taggers."""

from __future__ import annotations

from typing import Any

from matplotlib.figure import Figure

from jetlens.core.registry import figures
from jetlens.plots.attention.attention_distance import STYLES, WORDS, layer_axis, measure, places
from jetlens.plots.shared.panels import apart, heading, trainings
from jetlens.plots.shared.style import CYCLE, figure
from jetlens.summarise.trainings.ensemble import Ensemble
from jetlens.summarise.trainings.retrainings import over_retrainings

TITLE = "How far attention reaches, compared"


@figures.register("attention-distance-compared")
def draw(ensemble: Ensemble) -> Figure:
    """Means by layer over all jets, one line a variation."""
    first = ensemble.members[0].result
    asking = [str(a) for a in first.sums["asking"].values]
    groups = ensemble.groups()
    drawn = figure(5.6 * len(asking) + 0.6, 4.8 + 0.25 * len(groups))
    panels = drawn.subplots(1, len(asking), squeeze=False)[0]
    for ax, kind in zip(panels, asking, strict=True):
        for v, (variation, results) in enumerate(groups.items()):
            numbers = over_retrainings(results)
            start = f"attention_distance.all.{kind}"
            names = [f"{start}.{layer}" for layer in results[0].sums["layer"].values]
            layers = [
                x for x, name in zip(places(results[0]), names, strict=True) if name in numbers
            ]
            found = [numbers[name] for name in names if name in numbers]
            colour = CYCLE[v % len(CYCLE)]
            look: Any = {"color": colour, "markersize": 4, "capsize": 2}
            values = [n["value"] for n in found]
            error = [
                [n["value"] - n["low"] for n in found],
                [n["high"] - n["value"] for n in found],
            ]
            ax.errorbar(
                layers,
                values,
                error,
                fmt="o-",
                label=apart(ensemble, variation) or "all trainings",
                **look,
            )
            for name, style in STYLES.items():
                null = numbers.get(f"{start}.{name}")
                if null is not None and v == 0:
                    ax.axhline(null["value"], color="0.4", linestyle=style, linewidth=1.0)
        ax.set_ylabel(f"{WORDS[kind]} {measure(first)}".rstrip())
        ax.set_ylim(bottom=0)
        layer_axis(ax, first)
    columns = 2 if len(groups) > 4 else 1
    look = {"loc": "outside lower center", "ncols": columns, "fontsize": 10}
    drawn.legend(*panels[0].get_legend_handles_labels(), **look)
    heading(drawn)
    return drawn


def caption(ensemble: Ensemble) -> str:
    """Say how to read the figure, and what its errors are."""
    return (
        "Mean distance that attention to patches bridges, layer by layer, over heads and all jets: "
        "from patch to patch, and of the class token from the image's middle. Grey lines are what "
        "it would be if attention was the same to all patches (dotted), and if it was as the pT "
        f"in them (dashed), for the first variation's jets. {trainings(ensemble)}"
    )
