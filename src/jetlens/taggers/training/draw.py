"""The same number of jets of each class, drawn at random: small training samples, and their spread.

Which jets are drawn depends on seed and row alone. Of one seed, a smaller sample is a part of each
larger one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from jetlens.core.batch import JetBatch
from jetlens.core.errors import BadValueError
from jetlens.core.hashing import mix
from jetlens.data.base import Bare, Dataset, Partition, bare, read_some


@dataclass(frozen=True, eq=False)
class Rows:
    """Says which jets have one of some rows, sorted."""

    rows: NDArray[np.int64]

    def __call__(self, jets: JetBatch) -> NDArray[np.bool_]:
        """Return which of the jets are among them, ``[jet]``."""
        return np.isin(jets.row, self.rows)


@dataclass(frozen=True, eq=False)
class Drawn(Dataset):
    """Drawn jets of a dataset; of the others nothing is held, and no images are made.

    Attributes
    ----------
    whole
        The dataset.
    chosen
        Which jets.
    there
        By class, how many there were to draw from.
    """

    whole: Dataset
    chosen: Rows
    there: dict[str, int]

    def partitions(self) -> Sequence[Partition]:
        """Return the dataset's partitions, each cut to its drawn jets."""
        return [DrawnPartition(p, self.chosen) for p in self.whole.partitions()]


@dataclass(frozen=True, eq=False)
class DrawnPartition:
    """The drawn jets of one partition."""

    whole: Partition
    chosen: Rows

    def read(self) -> JetBatch:
        """Read them."""
        return read_some(self.whole, self.chosen)[0]

    @property
    def bare(self) -> Partition:
        """Those of what is not made as it is read."""
        return DrawnPartition(bare(self.whole), self.chosen)


def draw(data: Dataset, classes: Sequence[str], per_class: int, seed: int) -> Drawn:
    """Draw jets of each class, or take all there are of a class that has no more.

    Parameters
    ----------
    data
        The jets; their classes are read, once.
    classes
        The classes; jets of others are never drawn.
    per_class
        How many of each.
    seed
        It chooses them.

    Raises
    ------
    BadValueError
        If two jets have the same row.
    """
    rows, labels = [np.empty(0, dtype=np.int64)], [np.empty(0, dtype=np.int64)]
    for jets in Bare(data):
        rows.append(jets.row)
        labels.append(jets.with_classes(classes).label)
    row, label = np.concatenate(rows), np.concatenate(labels)
    check_rows(row)
    hashes = mix(mix(row).view(np.int64), salt=seed)
    chosen, there = [], {}
    for number, name in enumerate(classes):
        own = np.flatnonzero(label == number)
        there[name] = len(own)
        chosen.append(row[own[np.argsort(hashes[own], kind="stable")[:per_class]]])
    return Drawn(data, Rows(np.sort(np.concatenate(chosen))), there)


def check_rows(row: NDArray[np.int64]) -> None:
    """Refuse jets of which two have the same row, by which they are told apart.

    Parameters
    ----------
    row
        Of all jets of a dataset, or of some of them.

    Raises
    ------
    BadValueError
        If there are such; it names the first.
    """
    known, times = np.unique(row, return_counts=True)
    twice = known[times > 1]
    if len(twice):
        raise BadValueError(
            f"row {twice[0]} is that of {times[times > 1][0]} jets: expected a dataset to number "
            "its jets through all of its partitions, and each row once"
        )
