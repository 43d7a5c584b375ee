"""The same number of jets of each class, drawn at random: small training samples, and their spread.

Which jets are drawn depends on seed and row alone. Of one seed, a smaller sample is a part of each
larger one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from jetlens.core.batch import JetBatch, concatenate
from jetlens.core.hashing import mix
from jetlens.data.base import Dataset, Partition


@dataclass(frozen=True)
class Drawn(Dataset):
    """Drawn jets, in memory: a dataset of one partition.

    Attributes
    ----------
    jets
        The jets.
    there
        By class, how many there were to draw from.
    """

    jets: JetBatch
    there: dict[str, int]

    def partitions(self) -> Sequence[Partition]:
        """Return the one partition."""
        return [self]

    def read(self) -> JetBatch:
        """Return the jets."""
        return self.jets


def draw(data: Iterable[JetBatch], classes: Sequence[str], per_class: int, seed: int) -> Drawn:
    """Draw jets of each class, or take all there are of a class that has no more.

    Parameters
    ----------
    data
        The jets, read once.
    classes
        The classes; jets of others are never drawn.
    per_class
        How many of each.
    seed
        It chooses them.
    """
    there = np.zeros(len(classes), dtype=np.int64)
    kept: list[JetBatch] = []
    for jets in data:
        named = jets.with_classes(classes)
        there += np.bincount(named.label[named.label >= 0], minlength=len(classes))
        kept.append(_first(named, per_class, seed))
        if sum(map(len, kept)) > 2 * per_class * len(classes):
            kept = [_first(concatenate(kept), per_class, seed)]
    drawn = _first(concatenate(kept), per_class, seed)
    return Drawn(drawn, dict(zip(classes, there.tolist(), strict=True)))


def _first(jets: JetBatch, per_class: int, seed: int) -> JetBatch:
    """Return the jets whose hashes are the lowest of their class, in the order they have."""
    hashes = mix(mix(jets.row).view(np.int64), salt=seed)
    chosen = np.zeros(len(jets), dtype=bool)
    for label in range(len(jets.classes)):
        own = np.flatnonzero(jets.label == label)
        chosen[own[np.argsort(hashes[own], kind="stable")[:per_class]]] = True
    return jets.take(chosen)
