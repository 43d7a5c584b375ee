"""How far attention reaches in an image, layer by layer."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from jetlens.core import attention
from jetlens.core.attention import CLASS
from jetlens.core.attribution import PATCHES
from jetlens.core.errors import UnsupportedError
from jetlens.core.registry import summaries
from jetlens.summarise.estimates import Numbers, named, ratio
from jetlens.summarise.jets.attention_maps import maps
from jetlens.summarise.jets.classes import ClassSummary, means
from jetlens.summarise.jets.plane import Plane
from jetlens.summarise.jets.regions import patched, pt_map
from jetlens.summarise.result import Result
from jetlens.summarise.trainings.ensemble import Ensemble
from jetlens.summarise.trainings.retrainings import compared

PATCH = "patch"
ROLLOUT, MEAN = TOGETHER = ("rollout", "mean")
"""What stands in place of a layer where all of them were put together."""
UNIFORM, PT = "uniform", "pt"
_QUERIES = 16  # at a time

Floats = NDArray[np.float64]


@summaries.register("attention-distance")
@dataclass(frozen=True, kw_only=True)
class AttentionDistance(ClassSummary):
    """Mean distance that attention to patches bridges, by layer and head.

    Of a patch that asks, the distance to the patches that it looks at; of a class token, which is
    nowhere, that of these from the image's middle (the jet's axis). Beside it stand the distances
    if attention was the same to all patches, and if it was as the pT in them.

    Parameters
    ----------
    collection
        The image.

    References
    ----------
    Dosovitskiy et al., "An image is worth 16x16 words", arXiv:2010.11929.
    """

    collection: str = "image"

    def fill(self, attribution: xr.Dataset) -> Result:
        """Sum up mean distances of each group."""
        chosen = self.grouped(attribution)
        jets, home = chosen.jets, self.collection
        found = maps(jets, home, home, layer=None)
        plane = Plane.of(jets)
        size = json.loads(jets.attrs.get(PATCHES, "{}")).get(home)
        if size is None:
            raise UnsupportedError(f"the tokens of {home!r} are no patches that fill the image")
        places, middle = _middles(plane, *size)
        apart = np.hypot(*(places[:, None] - places[None]).transpose(2, 0, 1))
        asked = found.values[..., _places(found.key)]
        own = [_mean(asked[..., _places(found.query), :], apart).mean(axis=-1)]
        names = [PATCH]
        stream = attention.axes(home, home)[2]
        classes = [
            i for i, name in enumerate(attention.tokens(jets, stream).collection) if name == CLASS
        ]
        if classes:
            own.append(_mean(asked[..., _places(classes), :], middle[None]).mean(axis=-1))
            names.append(CLASS)
        reach = [apart, middle[None]][: len(own)]
        even = np.ones((len(asked), 1, len(places)))
        nulls: dict[str, NDArray[np.floating]] = {UNIFORM: even}
        pt = pt_map(jets, plane)
        if pt is not None:
            high, wide = size
            nulls[PT] = patched(pt, *size)[:, ::high, ::wide].reshape(len(pt), 1, len(places))
        by_itself = np.stack(
            [[_mean(w, d).mean(axis=-1) for w in nulls.values()] for d in reach]
        ).transpose(2, 0, 1)  # [jet, asking, null]
        values = np.stack(own, axis=1)  # [jet, asking, layer, head]
        used = np.isfinite(values).all(axis=(1, 2, 3)) & np.isfinite(by_itself).all(axis=(1, 2))
        values, by_itself = (np.where(_like(used, v), v, 0) for v in (values, by_itself))
        axes = ("group", "asking", "layer", "head", "replica")
        sums = chosen.counts(used).assign(
            distance=(axes, chosen.sums(values, used)),
            by_itself=(("group", "asking", "null", "replica"), chosen.sums(by_itself, used)),
        )
        layers = _numbers(found.layers)
        sums = sums.assign_coords(asking=names, layer=layers, head=list(found.heads))
        attrs = {
            "layers": list(found.layers),
            "pixel": plane.pixel,
            "axes": {axis: feature.as_dict() for axis, feature in plane.axes.items()},
        }
        return Result(self, sums.assign_coords(null=list(nulls)).assign_attrs(attrs))

    def distances(self, result: Result) -> Floats:
        """Return mean distances ``[group, asking, layer, head, replica]``."""
        return means(result, "distance")

    def by_itself(self, result: Result) -> Floats:
        """Return what they would be by themselves ``[group, asking, null, replica]``."""
        return means(result, "by_itself")

    def numbers(self, result: Result) -> Numbers:
        """Return mean distances in the image's units, by class.

        ``attention_distance.<group>.patch.<layer>`` and ``.class.<layer>`` are means over heads
        (``rollout`` and ``mean`` in place of the layer are of all layers together),
        ``.uniform`` and ``.pt`` in place of the layer what they would be by themselves.
        """
        found: Numbers = {}
        own, null = self.distances(result).mean(axis=3), self.by_itself(result)
        for g, group in enumerate(result.sums["group"].values):
            for a, asking in enumerate(result.sums["asking"].values):
                start = f"attention_distance.{group}.{asking}"
                for layer, values in zip(result.sums["layer"].values, own[g, a], strict=True):
                    found |= named(f"{start}.{layer}", values)
                for name, values in zip(result.sums["null"].values, null[g, a], strict=True):
                    found |= named(f"{start}.{name}", values)
        return found

    def compare(self, ensemble: Ensemble) -> Numbers:
        """Return the numbers' mean and interval over retrainings, for every variation."""
        return compared(ensemble)


def _numbers(layers: Sequence[str]) -> list[int] | list[str]:
    """Return the layers' numbers, from 1: those in their paths; else as they come.

    What is of all layers together keeps its name.
    """
    if len(layers) == 1 and layers[0] in TOGETHER:
        return list(layers)
    told = [[int(step) + 1 for step in path.split(".") if step.isdigit()] for path in layers]
    first = [numbers[0] for numbers in told if len(numbers) == 1]
    return first if len({*first}) == len(layers) else list(range(1, len(layers) + 1))


def _middles(plane: Plane, high: int, wide: int) -> tuple[Floats, Floats]:
    """Return where patches are ``[patch, (x, y)]``, and how far from the image's middle each is."""
    x, y = (at.reshape(-1, size).mean(axis=1) for at, size in ((plane.x, wide), (plane.y, high)))
    places = np.stack([np.tile(x, len(y)), np.repeat(y, len(x))], axis=1)
    return places, np.hypot(*(places - plane.middle).T)


def _mean(weights: NDArray[np.floating], distance: Floats) -> Floats:
    """Return mean distances ``[..., query]`` by weights ``[..., query or 1, key]``.

    Weights are read once, as they lie: there are as many as heads times patches squared.
    """
    if weights.shape[-2] == 1 < len(distance):
        return np.asarray(ratio(weights[..., 0, :] @ distance.T, weights.sum(axis=-1)))
    flat = weights.reshape(-1, *weights.shape[-2:]).swapaxes(0, 1)  # [query, any, key]
    both = np.stack([distance, np.ones_like(distance)], axis=-1)
    # in double precision, so that sums do not hang on how jets are cut; a few queries at a time
    cuts = range(0, len(flat), _QUERIES)
    found = [flat[q : q + _QUERIES].astype(np.float64) @ both[q : q + _QUERIES] for q in cuts]
    summed, total = np.concatenate(found).T  # [any, query]
    return np.asarray(ratio(summed, total)).reshape(weights.shape[:-1])


def _places(some: NDArray[np.intp] | Sequence[int]) -> NDArray[np.intp] | slice:
    """Return places as a slice where they are one, so that nothing is copied."""
    places = np.asarray(some)
    if len(places) and np.array_equal(places, np.arange(places[0], places[0] + len(places))):
        return slice(int(places[0]), int(places[-1]) + 1)
    return places


def _like(used: NDArray[np.bool_], values: Floats) -> NDArray[np.bool_]:
    return used.reshape(-1, *[1] * (values.ndim - 1))
