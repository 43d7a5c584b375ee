"""Reference jets: those that baselines come from, and that lend their prongs to others."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from jetlens.core.batch import JetBatch, concatenate
from jetlens.core.errors import BadValueError
from jetlens.data.base import Dataset, Partition
from jetlens.data.images import Images
from jetlens.run.spread import counts, first_of_each, left_by, shared_out

POOL = 5_000
"""Reference jets in all."""
POOL_ROOM = 2**28
"""Bytes that their images, and whatever else has no mask, may take: large ones are fewer."""

Key = tuple[str, ...]
Places = tuple[tuple[int, tuple[int, ...]], ...]
"""Of some partitions, the number and which of its jets are taken."""


@dataclass(frozen=True)
class Pool:
    """Some jets of partitions, read when they are needed; it can be sent.

    Two pools are the same if they have the same key.

    Attributes
    ----------
    key
        A digest of the jets' files, and how they are split.
    parts
        Partitions, and which of their jets are taken.
    images
        The images that these are given.
    """

    key: Key
    parts: tuple[tuple[Partition, tuple[int, ...]], ...] = field(compare=False)
    images: Images | None = field(compare=False)

    def read(self) -> JetBatch:
        """Read the jets."""
        found = concatenate([p.read().take(np.array(jets)) for p, jets in self.parts])
        return found if self.images is None else self.images.add(found)


@dataclass(frozen=True)
class _Wanted:
    """What places are looked for in; the same key has the same."""

    key: Key
    jets: Dataset = field(compare=False)
    images: Images | None = field(compare=False)
    most: int
    room: int


def choose(key: Key, jets: Dataset, images: Images | None) -> Pool:
    """Return a pool of the first jets of each class, as many of each as there are, or as fit.

    Parameters
    ----------
    key
        What it is told from others by.
    jets
        To choose from, as they are stored.
    images
        The images that they are given.

    Raises
    ------
    BadValueError
        If there are none.
    """
    partitions = jets.partitions()
    found = _places(_Wanted(key, jets, images, POOL, POOL_ROOM))
    return Pool(key, tuple((partitions[i], which) for i, which in found), images)


@lru_cache(maxsize=8)
def _places(wanted: _Wanted) -> Places:
    """Look through partitions until there are enough jets of every class."""
    most = wanted.most
    total: NDArray[np.int64] | None = None
    seen: list[tuple[NDArray[np.int64], NDArray[np.int64]]] = []  # which jets, and their classes
    for partition in wanted.jets.partitions():
        batch = partition.read()
        classes = len(batch.classes)
        if total is None and len(batch):
            most, total = min(most, _fitting(batch, wanted)), np.zeros(classes + 1, dtype=np.int64)
        left = np.zeros(classes + 1, np.int64) if total is None else np.maximum(most - total, 0)
        which = first_of_each(batch.label, left)
        seen.append((which, batch.label[which]))
        if total is None:
            continue
        total += counts(batch.label, classes)
        kinds = total[:-1] if classes else total
        if (kinds * len(kinds) >= most).all():
            break
    if total is None:
        raise BadValueError("the training part has no jets to take baselines from")
    if total[:-1].any():
        total[-1] = 0  # there are jets of known classes
    found = []
    taken = [counts(label, len(total) - 1) for _, label in seen]
    for i, left in enumerate(left_by(taken, np.minimum(shared_out(total, most), total))):
        which, label = seen[i]
        chosen = which[first_of_each(label, left)]
        if len(chosen):
            found.append((i, tuple(chosen.tolist())))
    return tuple(found)


def _fitting(batch: JetBatch, wanted: _Wanted) -> int:
    """Return how many jets have room."""
    jet = batch.take(slice(0, 1))
    own = jet if wanted.images is None else wanted.images.add(jet)
    size = sum(c.values.nbytes for c in own.collections.values() if c.mask is None)
    return max(1, wanted.room // max(size, 1))
