"""The jets' regions of interest beside an explanation of their images."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import xarray as xr

from jetlens.core.attribution import PARTICLES, REGIONS, beside
from jetlens.core.batch import JetBatch
from jetlens.core.collection import Collection
from jetlens.physics.regions import partners

OTHER = "other_"
"""Goes before the names of x and y where they are those of another jet."""


def with_regions(attribution: xr.Dataset, batch: JetBatch, pool: JetBatch) -> xr.Dataset:
    """Return an attribution with its jets' prongs, partons and particles in the image's frame.

    Prongs and partons have ``other_x`` and ``other_y``, too: the places of as many of another jet
    of the class, NaN if there is none. These are no inputs of the tagger; jets that have no regions
    stay as they are.

    Parameters
    ----------
    attribution
        An attribution of the batch's jets.
    batch
        The jets.
    pool
        The other jets: what a jet gets depends on them and on its row alone.
    """
    there = [name for name in REGIONS if name in batch.collections]
    named = {name: _with_others(batch, pool, name) for name in there if name in pool.collections}
    batch = replace(batch, collections={**batch.collections, **named})
    for name in (*there, *([PARTICLES] if there else [])):
        attribution = beside(attribution, batch, name)
    return attribution


def _with_others(batch: JetBatch, pool: JetBatch, name: str) -> Collection:
    """Return the jets' regions with the places of as many of other jets beside their own."""
    own, theirs = batch[name], pool[name]
    assert own.mask is not None
    assert theirs.mask is not None
    many, their_many = own.mask.sum(axis=1), theirs.mask.sum(axis=1)
    kinds = 1 + max(many.max(initial=0), their_many.max(initial=0))
    chosen = partners(
        batch.label * kinds + many,
        batch.event,
        batch.row,
        among=pool.with_classes(batch.classes).label * kinds + their_many,
        among_event=pool.event,
    )
    at = theirs.positions("xy")
    found = np.full((*own.mask.shape, 2), np.nan, dtype=own.values.dtype)
    for jet in np.flatnonzero(chosen >= 0):
        real = theirs.values[chosen[jet], theirs.mask[chosen[jet]]]
        found[jet, own.mask[jet]] = real[:, at]
    known = dict(zip(own.names, own.features, strict=True))
    others = [
        replace(known[axis], name=OTHER + axis, label=f"{known[axis].title}, of another jet")
        for axis in "xy"
    ]
    values = [own.values, np.where(own.mask[..., None], found, 0)]
    return replace(own, values=np.concatenate(values, axis=2), features=(*own.features, *others))
