"""Gradients of a collection's features: their unit, and which jets they are averaged over."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from jetlens.core.attribution import MASK, SCORE, VALUE, features
from jetlens.core.errors import BadValueError, UnsupportedError
from jetlens.core.units import Feature
from jetlens.summarise.jets.classes import ClassSummary, Grouped
from jetlens.summarise.jets.particle_order import real
from jetlens.summarise.jets.selection import PASSED_OVER

INPUT, SPREAD, PHYSICAL, DIRECTION = "input", "spread", "physical", "direction"
UNITS = (INPUT, SPREAD, PHYSICAL)
"""A gradient is per unit of the tagger's own (scaled) input, per spread of the feature, or per GeV,
mm, ...; or it is a direction: per spread, divided by its length in the jet."""
NORMALISED = {"raw": INPUT, "spread": SPREAD, "unit": DIRECTION}
"""The gradient that explainers follow that move jets, by how they normalise it."""
MISCLASSIFIED = ".misclassified"
"""What follows a class's name in that of the group of its jets that are taken for another."""

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Gradients:
    """The gradients of the selected jets, and the groups that these enter.

    Attributes
    ----------
    grouped
        The jets. A collection of one entry a jet has become a list of one.
    score
        ``[jet, particle, feature]``, 0 in padding and of jets that are not used.
    real
        ``[jet, particle]``, the particles of the jets that are used.
    used
        ``[jet]``, the jets that have a particle and gradients.
    features
        What the features are.
    unit
        The gradients' unit, one of `UNITS` or `DIRECTION`.
    """

    grouped: Grouped
    score: Floats
    real: Mask
    used: Mask
    features: tuple[Feature, ...]
    unit: str

    @property
    def jets(self) -> xr.Dataset:
        """The attribution of the selected jets."""
        return self.grouped.jets

    @property
    def attrs(self) -> dict[str, object]:
        """What figures say of the gradients."""
        return {
            "features": [f.as_dict() for f in self.features],
            "unit": self.unit,
            "target": str(self.jets.attrs.get("toward", self.jets.attrs.get("target", ""))),
        }


@dataclass(frozen=True, kw_only=True)
class GradientSummary(ClassSummary):
    """A summary of gradients, for all jets and by class.

    Parameters
    ----------
    collection
        The inputs: a list of particles or, as a list of one, variables of the jets.
    misclassified
        Whether the misclassified jets of each true class are a group, too.
    """

    collection: str = "constituents"
    misclassified: bool = False

    def groups_of(self, attribution: xr.Dataset) -> Grouped:
        """Select the jets and find their groups, misclassified jets of a class among them."""
        found = self.grouped(attribution)
        return _with_misclassified(found, attribution) if self.misclassified else found

    def gradients(self, attribution: xr.Dataset) -> Gradients:
        """Return the gradients of the selected jets.

        Raises
        ------
        UnsupportedError
            If this attribution has no gradients, or none of this collection.
        BadValueError
            If one is not finite. Jets without any are passed over.
        """
        home = self.collection
        unit = unit_of(attribution)
        found = self.groups_of(attribution)
        jets = as_list(found.jets, home)
        mask = real(jets, home)
        if home + SCORE not in jets:
            raise UnsupportedError(f"this attribution has no gradients of {home!r}")
        score = jets[home + SCORE].values
        there = np.isfinite(score)
        used = mask.any(axis=1) & (there & mask[..., None]).any(axis=(1, 2))
        counted = mask & used[:, None]
        bad = (counted[..., None] & ~there).any(axis=(1, 2))
        if bad.any():
            row = jets["row"].values[np.flatnonzero(bad)[0]]
            raise BadValueError(f"the jet of row {row} has a gradient that is not finite")
        return Gradients(
            replace(found, jets=jets),
            np.where(counted[..., None], score, 0).astype(np.float64),
            counted,
            used,
            features(jets, home),
            unit,
        )


def unit_of(attribution: xr.Dataset) -> str:
    """Return the unit of an attribution's gradients.

    Raises
    ------
    UnsupportedError
        If its scores are no gradients.
    """
    options = json.loads(attribution.attrs.get("options", "{}"))
    unit = options.get("unit") or NORMALISED.get(options.get("normalise"))
    if unit not in (*UNITS, DIRECTION):
        method = attribution.attrs.get("method", "this method")
        raise UnsupportedError(
            f"the scores of {method!r} are no gradients: expected those of 'gradient', "
            "'smooth-gradient', 'nudge' or 'flip'"
        )
    return str(unit)


def as_list(jets: xr.Dataset, collection: str) -> xr.Dataset:
    """Return jets in which a collection of one entry a jet is a list of one."""
    own = f"{collection}_feature"
    if collection + MASK in jets or collection + VALUE not in jets:
        return jets
    if jets[collection + VALUE].dims != ("jet", own):
        return jets  # an image, which is refused where particles are asked for
    lists = {
        name: values.expand_dims(collection, axis=values.ndim - 1)
        for name, values in jets.data_vars.items()
        if values.dims[0] == "jet" and values.dims[-1] == own
    }
    mask = (("jet", collection), np.ones((jets.sizes["jet"], 1), bool))
    return jets.assign({**lists, collection + MASK: mask})


def _with_misclassified(found: Grouped, attribution: xr.Dataset) -> Grouped:
    """Add the group of misclassified jets of each true class."""
    classes = [str(c) for c in attribution["class"].values]

    def wrong(jets: xr.Dataset) -> Mask:
        label = jets["label"].values
        missed = label != jets["output"].values.argmax(axis=1)
        own: Mask = (label[:, None] == np.arange(len(classes))) & missed[:, None]
        return own

    seen = wrong(attribution).sum(axis=0)
    for group, jets in attribution.attrs.get(PASSED_OVER, {}).items():
        if group in classes:
            seen[classes.index(group)] += jets
    return replace(
        found,
        groups=(*found.groups, *(name + MISCLASSIFIED for name in classes)),
        member=np.concatenate([found.member, wrong(found.jets)], axis=1),
        seen=np.concatenate([found.seen, seen]),
    )
