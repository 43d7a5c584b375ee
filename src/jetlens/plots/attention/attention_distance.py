"""How far attention reaches in an image, layer by layer."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from jetlens.core.registry import figures
from jetlens.core.units import Feature
from jetlens.plots.attention.attention_fraction import unit_of
from jetlens.plots.shared.by_class import class_title, classes_shown, empty, position, told
from jetlens.plots.shared.flavours import flavour_colour
from jetlens.plots.shared.panels import heading
from jetlens.plots.shared.style import figure, no_ticks
from jetlens.summarise.attention_distance import MEAN, PATCH, ROLLOUT, TOGETHER
from jetlens.summarise.estimates import interval
from jetlens.summarise.result import Result

TITLE = "How far attention reaches"
STYLES = {"uniform": ":", "pt": "--"}
WORDS = {
    PATCH: "Distance from patch to patch",
    "class": "Distance from the middle",
}
_TOGETHER = {ROLLOUT: "All layers, rolled out", MEAN: "Mean of all layers"}
_NULLS = {"uniform": "the same to all patches", "pt": r"as the $p_T$"}

Floats = NDArray[np.float64]


@figures.register("attention-distance")
def draw(result: Result) -> Figure:
    """Means by layer, of patches that ask and of the class token; small points are heads."""
    summary: Any = result.summary
    shown = classes_shown(result)
    if not shown:
        return empty()
    asking = [str(a) for a in result.sums["asking"].values]
    drawn = figure(5.6 * len(asking) + 0.6, 4.6)
    panels = drawn.subplots(1, len(asking), squeeze=False)[0]
    layers = places(result)
    own, null = summary.distances(result), summary.by_itself(result)
    for a, (ax, kind) in enumerate(zip(panels, asking, strict=True)):
        for group in shown:
            g = position(result, group)
            colour = flavour_colour(group, g)
            value, low, high = interval(own[g, a].mean(axis=1))
            ax.plot(layers, value, "o-", color=colour, label=class_title(group))
            ax.fill_between(layers, low, high, color=colour, alpha=0.25, linewidth=0)
            heads = own[g, a, :, :, 0]
            if heads.shape[1] > 1:
                where = np.repeat(layers, heads.shape[1])
                ax.plot(where, heads.ravel(), ".", color=colour, alpha=0.35, markersize=4)
            for k, name in enumerate(map(str, result.sums["null"].values)):
                ax.axhline(null[g, a, k, 0], color=colour, linestyle=STYLES[name], linewidth=1.2)
        ax.set_ylabel(f"{WORDS[kind]} {measure(result)}".rstrip())
        ax.set_ylim(bottom=0)
        layer_axis(ax, result)
        in_pixels = ax.secondary_yaxis("right", functions=_scales(result.sums.attrs["pixel"]))
        in_pixels.set_ylabel("in pixels")
        ax.tick_params(axis="y", which="both", right=False)
    for name in map(str, result.sums["null"].values):
        panels[0].plot([], [], STYLES[name], color="0.35", label=_NULLS[name])
    drawn.legend(*panels[0].get_legend_handles_labels(), loc="outside upper right", ncols=4)
    heading(drawn)
    return drawn


def caption(result: Result) -> str:
    """Say how to read the figure, and of how many jets it is."""
    together = str(result.sums["layer"].values[0]) in TOGETHER
    return (
        "Mean distance that attention to patches bridges, "
        f"{'of all layers together' if together else 'layer by layer'}: on the left from the "
        "patch that asks, on the right (of the class token, which is nowhere) from the image's "
        "middle. Lines are means over heads with 68 % bootstrap intervals over events, small "
        "points are single heads. Lines across are what it would be if attention was the same to "
        f"all patches (dotted), and if it was as the pT in them (dashed). {told(result)}"
    )


def measure(result: Result) -> str:
    """Say what distances are measured in, empty if it is nothing with a name."""
    x, y = (Feature.from_dict(result.sums.attrs["axes"][axis]) for axis in "xy")
    if "eta" in x.title and "phi" in y.title:
        return r"($\Delta R$)"
    return unit_of(result)


def places(result: Result) -> Floats:
    """Return where layers are drawn ``[layer]``: at their numbers, if they have some."""
    layers = result.sums["layer"].values
    found: Floats = 1.0 * layers if layers.dtype.kind in "iuf" else np.arange(1.0, len(layers) + 1)
    return found


def layer_axis(ax: Axes, result: Result) -> None:
    """Write what layers there are below a panel."""
    at, layers = places(result), result.sums["layer"].values
    ax.set_xlim(at[0] - 0.4, at[-1] + 0.4)
    if str(layers[0]) in TOGETHER:
        ax.set_xticks(at, [_TOGETHER[str(layer)] for layer in layers])
        no_ticks(ax, "x")
        return
    step = max(len(layers) // 12, 1)
    ax.set_xticks(at[::step], [str(layer) for layer in layers[::step]])
    ax.tick_params(axis="x", which="minor", bottom=False, top=False)
    ax.set_xlabel("Layer")


def _scales(pixel: float) -> tuple[Any, Any]:
    """Return the functions between distances and pixels."""
    return (lambda distance: distance / pixel), (lambda pixels: pixels * pixel)
