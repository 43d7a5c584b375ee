"""What is correlated of particles: features and their gradients, or before and after a move."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from jetlens.core.attribution import MASK, MOVED, VALUE, features
from jetlens.core.errors import BadValueError, look_up
from jetlens.core.units import Feature
from jetlens.summarise.jets.classes import Grouped
from jetlens.summarise.jets.gradients import GradientSummary
from jetlens.summarise.jets.moved import SCALE
from jetlens.summarise.jets.particle_order import real

INPUTS, GRADIENTS, BEFORE, AFTER = "inputs", "gradients", "before", "after"

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Sides:
    """The same features of particles twice over, such as before and after a move.

    Attributes
    ----------
    grouped
        The jets.
    names
        What the two sides are called.
    features
        The features, the same of both.
    values
        ``[jet, particle, both sides' features]``, 0 where there is no particle.
    real
        ``[jet, particle]``, the particles of the jets that are used.
    used
        ``[jet]``, the jets that have both sides.
    attrs
        What figures say of them.
    """

    grouped: Grouped
    names: tuple[str, str]
    features: tuple[Feature, ...]
    values: Floats
    real: Mask
    used: Mask
    attrs: dict[str, Any]

    def kept(self, collection: str) -> xr.Dataset:
        """Return the values of the jets used, as a small attribution; padding is NaN."""
        jets = self.grouped.jets
        known = np.where(self.real[..., None], self.values, np.nan).astype(np.float32)
        first, second = np.split(known, 2, axis=2)
        axes = ("jet", collection, f"{collection}_feature")
        own = {
            f"{collection}_{n}": (axes, v) for n, v in zip(self.names, (first, second), strict=True)
        }
        beside = jets[["label", "output", "weight", "row", "event"]]
        mask = (axes[:2], self.real)
        every = xr.Dataset(
            own | {collection + MASK: mask} | dict(beside.data_vars), coords=beside.coords
        )
        return every.isel(jet=self.used)


def sides(
    summary: GradientSummary, attribution: xr.Dataset, names: Sequence[str], scale: float | None
) -> Sides:
    """Return features before and after, where jets were moved, else features and gradients.

    Parameters
    ----------
    summary
        Which chooses the jets.
    attribution
        The jets.
    names
        Which features; left out, all that the tagger takes.
    scale
        Of jets that were moved by a scan, where they are looked at; None for the largest.

    Raises
    ------
    UnsupportedError
        If these jets were not moved, and have no gradients either.
    BadValueError
        If there is no such scale.
    """
    if summary.collection + MOVED in attribution:
        return _moved(summary, attribution, names, scale)
    if summary.collection + VALUE not in attribution:
        real(attribution, summary.collection)  # says what there is
    found = summary.gradients(attribution)
    columns = _columns(summary.collection, names, found.features)
    value = _values(found.jets, summary.collection + VALUE, columns, found.real)
    return Sides(
        found.grouped,
        (INPUTS, GRADIENTS),
        tuple(found.features[c] for c in columns),
        np.concatenate([value, found.score[..., columns]], axis=2),
        found.real,
        found.used,
        found.attrs | {SCALE: None},
    )


def _moved(
    summary: GradientSummary, attribution: xr.Dataset, names: Sequence[str], scale: float | None
) -> Sides:
    """Return features before and after, of the jets that were moved."""
    home = summary.collection
    grouped = summary.listed(attribution)
    jets, mask = grouped.jets, real(grouped.jets, home)
    described = features(jets, home)
    columns = _columns(home, names, described)
    scale = _scale(jets, scale)
    if scale is not None:
        jets = jets.assign({home + MOVED: jets[home + MOVED].sel({SCALE: scale})})
    went = np.isfinite(jets[home + MOVED].values[..., columns]) | ~mask[..., None]
    used = mask.any(axis=1) & went.all(axis=(1, 2))
    there = mask & used[:, None]
    both = [_values(jets, home + ending, columns, there) for ending in (VALUE, MOVED)]
    return Sides(
        grouped,
        (BEFORE, AFTER),
        tuple(described[c] for c in columns),
        np.concatenate(both, axis=2),
        there,
        used,
        {
            "features": [f.as_dict() for f in described],
            "toward": str(jets.attrs.get("toward", "")),
            "options": jets.attrs.get("options"),
            SCALE: scale,
        },
    )


def _columns(home: str, names: Sequence[str], there: Sequence[Feature]) -> list[int]:
    """Return where the features stand."""
    known = {f.name: i for i, f in enumerate(there)}
    return [look_up(f"feature of {home}", name, known) for name in names or known]


def _values(jets: xr.Dataset, name: str, columns: list[int], mask: Mask) -> Floats:
    values = jets[name].values[..., columns].astype(np.float64)
    return np.where(mask[..., None], values, 0)


def _scale(jets: xr.Dataset, wanted: float | None) -> float | None:
    """Return the scale at which jets are looked at; None where they were moved by none."""
    scales = jets[SCALE].values if SCALE in jets.coords else np.zeros(0)
    if not len(scales) or wanted is None:
        return float(scales[-1]) if len(scales) else None
    near = scales[np.isclose(scales, wanted)]
    if not len(near):
        listed = ", ".join(f"{s:g}" for s in scales)
        raise BadValueError(f"scale={wanted:g}: expected one of {listed}")
    return float(near[0])
