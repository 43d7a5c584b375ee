"""Particles of jets by a variable of theirs: their order, and their share of momentum."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from jetlens.core.attribution import MASK, VALUE, features
from jetlens.core.errors import JetlensError, UnknownNameError, UnsupportedError
from jetlens.core.units import Feature
from jetlens.summarise.estimates import ratio
from jetlens.summarise.jets.variables import find

LISTED = "listed"
"""The order in which the particles of a collection stand."""
MOMENTA = {"pt": False, "pt_frac": False, "pt_rel": False, "log_pt": True, "log_pt_rel": True}
"""Variables that tell the particles' shares of their jet's pT, and which are logarithms."""

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Order:
    """The first particles of each jet.

    Attributes
    ----------
    place
        ``[jet, rank]``, where in their collection they stand.
    there
        ``[jet, rank]``, whether there is a particle of that rank.
    words
        What they are ordered by, for people; empty where they are as listed.
    """

    place: NDArray[np.int64]
    there: Mask
    words: str

    def of(self, values: NDArray[np.floating]) -> Floats:
        """Return the values ``[jet, particle]`` of the first particles, 0 where there is none."""
        if not values.shape[1]:
            return np.zeros(self.there.shape)
        taken = np.take_along_axis(values, self.place, axis=1)
        return np.where(self.there, taken, 0.0).astype(np.float64)


def ordered(jets: xr.Dataset, collection: str, order: str, most: int) -> Order:
    """Put each jet's particles in order, the largest of a variable first.

    Parameters
    ----------
    jets
        An attribution.
    collection
        The particles.
    order
        A variable of theirs, or ``"listed"``; empty for ``pt`` where it is there, else as listed.
    most
        How many ranks there are.
    """
    mask = real(jets, collection)
    words, key = "", np.zeros(mask.shape)
    if order == "" and has(jets, collection, "pt"):
        order = "pt"
    if order not in ("", LISTED):
        feature, key = particle_variable(jets, collection, order)
        words = feature.title
    last = np.where(mask, -np.nan_to_num(key, nan=-np.inf, neginf=-np.finfo(float).max), np.inf)
    # a particle without a value comes after the others, but before the padding
    places = np.lexsort((last, ~mask), axis=1)[:, :most]
    there = np.arange(most) < mask.sum(axis=1)[:, None]
    short = max(most - places.shape[1], 0)
    return Order(np.pad(places, ((0, 0), (0, short))).astype(np.int64), there, words)


def real(jets: xr.Dataset, collection: str) -> Mask:
    """Return which places of a collection hold a particle ``[jet, particle]``.

    Raises
    ------
    UnsupportedError, UnknownNameError
        If this attribution has no such particles; the latter where the name is nearly right.
    """
    if collection + MASK not in jets:
        known = [str(v)[: -len(MASK)] for v in jets.data_vars if str(v).endswith(MASK)]
        raise missing("collection of particles", collection, known)
    mask: Mask = jets[collection + MASK].values
    return mask


def missing(kind: str, name: str, known: Iterable[str]) -> JetlensError:
    """Return the error for what is not in an attribution.

    A name that is nearly one that is there is a mistake; any other is something that this tagger or
    method does not have.
    """
    known = list(known)
    if get_close_matches(name, known):
        return UnknownNameError(kind, name, known)
    return UnsupportedError(
        f"this attribution has no {kind} {name!r}, but {', '.join(known) or 'none at all'}"
    )


def has(jets: xr.Dataset, collection: str, name: str) -> bool:
    """Say whether a collection's particles have a variable, as an input or beside the inputs."""
    inputs = [f.name for f in features(jets, collection)] if collection + VALUE in jets else []
    return name in inputs or _beside(jets, collection, name)


def particle_variable(jets: xr.Dataset, collection: str, name: str) -> tuple[Feature, Floats]:
    """Return a variable of the particles, and its values ``[jet, particle]``; padding is NaN.

    It is an input of the tagger, or what the jets hold beside the inputs (their truth).
    """
    if not _beside(jets, collection, name):
        found = find(jets, f"{collection}.{name}")
        return found.feature, found.values(jets)
    values = jets[f"{collection}_{name}"].values.astype(np.float64)
    label = r"$p_T$" if name == "pt" else ""
    return Feature(name, label=label), np.where(real(jets, collection), values, np.nan)


def _beside(jets: xr.Dataset, collection: str, name: str) -> bool:
    full = f"{collection}_{name}"
    return full in jets and jets[full].dims == ("jet", collection) and full != collection + MASK


def momentum_shares(jets: xr.Dataset, collection: str, name: str = "") -> Floats | None:
    """Return each particle's share of the summed pT of its jet's particles ``[jet, particle]``.

    Parameters
    ----------
    jets, collection
        An attribution, and its particles.
    name
        Their pT, in any unit; left out, the first of `MOMENTA` that is there.

    Returns
    -------
    Zero for padding and where there is no pT; None where no variable tells it.
    """
    if not name:
        name = next((n for n in MOMENTA if has(jets, collection, n)), "")
    if not name:
        return None
    values = particle_variable(jets, collection, name)[1]
    if MOMENTA.get(name, False):
        values = np.exp(values)
    return shares(values)


def shares(values: NDArray[np.floating]) -> Floats:
    """Divide sizes ``[jet, particle]`` by their sum in each jet; zero where there is none."""
    size = np.nan_to_num(np.abs(values)).astype(np.float64)
    found: Floats = np.nan_to_num(ratio(size, size.sum(axis=1, keepdims=True)))
    return found
