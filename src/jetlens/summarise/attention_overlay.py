"""Where in an image a tagger looks: means over classes, and single jets with their prongs."""

from __future__ import annotations

import json
from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from jetlens.core.attribution import MASK, REGIONS, VALUE
from jetlens.core.errors import BadValueError, UnsupportedError
from jetlens.core.registry import summaries
from jetlens.core.units import Feature
from jetlens.summarise.estimates import Numbers, named
from jetlens.summarise.jets.classes import ClassSummary, means
from jetlens.summarise.jets.plane import Plane
from jetlens.summarise.jets.regions import centres_of, importance_map, pt_map
from jetlens.summarise.result import Result
from jetlens.summarise.sums.examples import Examples
from jetlens.summarise.trainings.ensemble import Ensemble
from jetlens.summarise.trainings.retrainings import compared

LOOKED, PT = "looked", "pt"
RIGHT, WRONG = "right", "wrong"
MARKS = "marks"
"""Where single jets have their regions: ``x``, ``y``, and of which kind each is."""

Floats = NDArray[np.float64]


@summaries.register("attention-overlay")
@dataclass(frozen=True, kw_only=True)
class AttentionOverlay(ClassSummary):
    """Mean maps of an explanation of images, by class, and single jets: right and wrong ones.

    A jet's map is divided by its sum, so that all jets count the same; so is its pT. Single jets
    are chosen by a hash. With them are kept the middles of their prongs and partons.

    Parameters
    ----------
    jets
        Single jets kept of each class that are tagged correctly, and as many that are not; up to
        five of either are drawn.
    radius
        Of the discs that are drawn, in the image's units.
    collection
        The image.
    """

    jets: int = 2
    radius: float = 0.1
    collection: str = "image"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.jets < 0:
            raise BadValueError(f"jets={self.jets}: expected none or more")

    def fill(self, attribution: xr.Dataset) -> Result:
        """Sum up maps, and keep single jets."""
        chosen = self.grouped(attribution)
        jets = chosen.jets
        looked = importance_map(jets, self.collection)
        plane = Plane.of(jets)
        pt = pt_map(jets, plane)
        if pt is None:
            raise UnsupportedError(
                "the jets do not know where their particles are in the image: expected a "
                "collection 'particles', as datasets with prongs have"
            )
        total = looked.sum(axis=(1, 2))
        used = (total > 0) & (pt.sum(axis=(1, 2)) > 0)
        looked, pt = (_normalised(v) for v in (looked, pt))
        away = np.hypot(plane.x[None] - plane.middle[0], plane.y[:, None] - plane.middle[1])
        distance = np.stack([(v * away).sum(axis=(1, 2)) for v in (looked, pt)], axis=1)
        mean = np.stack([chosen.nominal(v, used) for v in (looked, pt)], axis=1)
        sums = chosen.counts(used).assign(
            map=(("group", "kind", "y", "x"), mean),
            distance=(("group", "kind", "replica"), chosen.sums(distance, used)),
        )
        sums = sums.assign_coords(kind=[LOOKED, PT], y=plane.y, x=plane.x)
        attrs = {
            "axes": {axis: feature.as_dict() for axis, feature in plane.axes.items()},
            "method": str(jets.attrs.get("method", "")),
        }
        kept = _kept(jets, looked, pt)
        right = kept["label"].values == kept["output"].values.argmax(axis=1)
        right_or_wrong = {RIGHT: used & right, WRONG: used & ~right & (kept["label"].values >= 0)}
        parts = {
            name: Examples.choose(kept.isel(jet=np.flatnonzero(some)), MARKS, self.jets)
            for name, some in right_or_wrong.items()
        }
        return Result(self, sums.assign_attrs(attrs), parts)

    def maps(self, result: Result) -> Floats:
        """Return mean maps ``[group, kind, y, x]``, which add up to one; NaN without jets."""
        weight = result.sums["weight"].values[:, 0]
        return np.asarray(
            result.sums["map"].values / np.where(weight > 0, weight, np.nan)[:, None, None, None]
        )

    def numbers(self, result: Result) -> Numbers:
        """Return how far from the image's middle the maps are, in its units.

        ``attention_overlay.<group>.distance`` is the mean distance of the explanation,
        ``.distance.pt`` that of the pT.
        """
        found: Numbers = {}
        distance = means(result, "distance")
        for g, group in enumerate(result.sums["group"].values):
            start = f"attention_overlay.{group}.distance"
            found |= named(start, distance[g, 0]) | named(f"{start}.pt", distance[g, 1])
        return found

    def compare(self, ensemble: Ensemble) -> Numbers:
        """Return the numbers' mean and interval over retrainings, for every variation."""
        return compared(ensemble)


def _normalised(values: NDArray[np.floating]) -> NDArray[np.float32]:
    total = values.sum(axis=(1, 2), keepdims=True, dtype=np.float64)
    return (values / np.where(total > 0, total, 1)).astype(np.float32)


def _kept(jets: xr.Dataset, looked: NDArray[np.float32], pt: NDArray[np.float32]) -> xr.Dataset:
    """Return what is kept of single jets."""
    axes = ("jet", "y", "x")
    there = [(k, name) for k, name in enumerate(REGIONS) if name + VALUE in jets]
    marks = np.zeros((jets.sizes["jet"], 0, 3))
    for kind, name in there:
        centres = centres_of(jets, name)
        assert centres is not None
        of_kind = np.full((*centres.shape[:2], 1), float(kind))
        marks = np.concatenate([marks, np.concatenate([centres, of_kind], axis=2)], axis=1)
    real = ~np.isnan(marks[..., 0])
    own = ["output", "label", "weight", "event", "row"]
    described = [f.as_dict() for f in (Feature("x"), Feature("y"), Feature("kind"))]
    return jets[own].assign(
        {
            LOOKED: (axes, looked),
            PT: (axes, pt),
            MARKS + VALUE: (
                ("jet", MARKS, f"{MARKS}_feature"),
                np.where(real[..., None], marks, np.nan),
                {"features": json.dumps(described)},
            ),
            MARKS + MASK: (("jet", MARKS), real),
        }
    )
