"""The jets' regions of interest beside an explanation: their prongs, and those of other jets.

An explanation of images is asked whether it looks at prongs. Where jets know theirs (collections
``prongs`` and ``partons``, with ``x`` and ``y`` in the image's frame), an attribution carries them;
and beside them, as ``other_prongs``, those of another jet of the same class that has as many.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from jetlens.core.attribution import OTHER, PARTICLES, REGIONS, beside
from jetlens.core.batch import JetBatch
from jetlens.core.collection import Collection
from jetlens.core.hashing import mix

Group = tuple[int, int]
"""A label and a number of prongs."""


def with_regions(attribution: xr.Dataset, batch: JetBatch, pool: JetBatch | None) -> xr.Dataset:
    """Return an attribution with the prongs of its jets, and of others, where there are any.

    Parameters
    ----------
    attribution
        An attribution of the batch's jets.
    batch
        The jets.
    pool
        Where the other jets are taken from; left out, from the batch.
    """
    there = [name for name in REGIONS if name in batch.collections]
    for name in (*there, *([PARTICLES] if there else [])):
        attribution = beside(attribution, batch, name)
    for name in there:
        others = batch if pool is None or name not in pool.collections else pool
        found = of_others(batch, others.with_classes(batch.classes), name)
        attribution = beside(attribution, found, OTHER + name)
    return attribution


def of_others(batch: JetBatch, pool: JetBatch, name: str) -> JetBatch:
    """Return jets with the regions of others, of the same class and as many.

    Which jet that is depends on the jet's own number and the pool alone. A jet never gets its own;
    where there is no other, it gets none.
    """
    own, given = batch[name], pool[name]
    assert own.mask is not None
    partner = np.full(len(batch), -1)
    of_pool = _grouped(pool.label, given)
    drawn = mix(mix(batch.row).view(np.int64) ^ batch.event)
    for group, rows in _grouped(batch.label, own).items():
        choice = of_pool.get(group, np.zeros(0, np.intp))
        if not len(choice) or not group[1]:
            continue
        at = (drawn[rows] % np.uint64(len(choice))).astype(np.intp)
        same = (pool.row[choice[at]] == batch.row[rows]) & (
            pool.event[choice[at]] == batch.event[rows]
        )
        at = np.where(same, (at + 1) % len(choice), at)
        itself = same & (len(choice) == 1)
        partner[rows] = np.where(itself, -1, choice[at])
    found = given.take(partner) if len(pool) else own
    assert found.mask is not None
    lost = found.mask & (partner >= 0)[:, None]
    axes = ("jet", OTHER + name, "feature")
    mine = replace(found, axes=axes, mask=lost, truth={})
    return replace(batch, collections={OTHER + name: mine})


def _grouped(label: NDArray[np.int64], regions: Collection) -> Mapping[Group, NDArray[np.intp]]:
    """Return which jets are of which class and have how many regions."""
    assert regions.mask is not None
    pairs = np.stack([label, regions.mask.sum(axis=1)], axis=1)
    kinds, group = np.unique(pairs, axis=0, return_inverse=True)
    return {
        (int(kind[0]), int(kind[1])): np.flatnonzero(group.ravel() == k)
        for k, kind in enumerate(kinds)
    }
