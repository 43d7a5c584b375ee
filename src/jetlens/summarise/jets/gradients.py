"""Gradients of a collection's features, and their unit."""

from __future__ import annotations

import json
from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from jetlens.core.attribution import SCORE, features
from jetlens.core.errors import BadValueError, UnsupportedError
from jetlens.core.units import Feature
from jetlens.summarise.jets.classes import Grouped
from jetlens.summarise.jets.lists import ListSummary
from jetlens.summarise.jets.particle_order import real

INPUT, SPREAD, PHYSICAL = UNITS = "input", "spread", "physical"
"""A gradient is per unit of the tagger's own (scaled) input, per spread of the feature, or per GeV,
mm, ..."""

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
        The gradients' unit, one of `UNITS`.
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
class GradientSummary(ListSummary):
    """A summary of gradients, for all jets and by class."""

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
        found = self.listed(attribution)
        jets = found.jets
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
            found,
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
        If its scores are no gradients, or those that jets were moved along.
    """
    unit = json.loads(attribution.attrs.get("options", "{}")).get("unit")
    if unit not in UNITS:
        method = attribution.attrs.get("method", "this method")
        raise UnsupportedError(
            f"the scores of {method!r} are no gradients to be averaged: expected those of "
            "'gradient' or 'smooth-gradient'"
        )
    return str(unit)
