"""Jets that are made from settings and a seed; a run writes them to files and reads these."""

from __future__ import annotations

import abc
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from jetlens.core.batch import JetBatch
from jetlens.data import readers
from jetlens.data.base import Dataset
from jetlens.data.checks import check_whole
from jetlens.data.images import Images
from jetlens.data.images.imaged import Imaged
from jetlens.data.readers import ftag


@dataclass(frozen=True, kw_only=True)
class Generated(Dataset):
    """Jets that are made, not read.

    Parameters
    ----------
    jets
        Number of jets in all.
    seed
        Seed; partition k depends on the settings, the seed and k alone.
    partition
        Jets a partition.
    """

    jets: int = 40_000
    seed: int = 1
    partition: int = 2_000
    suffix: ClassVar[str] = ".h5"
    """How the names of files of its tables end."""

    def __post_init__(self) -> None:
        for name, least in (("jets", 1), ("partition", 1), ("seed", 0)):
            check_whole(name, getattr(self, name), least)

    @abc.abstractmethod
    def tables(self, index: int, count: int) -> Mapping[str, NDArray[np.void]]:
        """Make partition `index`, of `count` jets, as the structured tables written to its file.

        They are the same bytes on every call, in any process.
        """

    def foreseen(self, count: int) -> Mapping[str, NDArray[np.void]]:
        """Return tables like those of jets to come; their numbers may mean nothing.

        Without a quicker way to know their columns, a few jets are made, `count` at most.
        """
        return self.tables(0, min(count, self.jets, self.partition))

    @property
    def images(self) -> Images | None:
        """How images are made of the jets; None if they have none."""
        return None

    def partitions(self) -> list[GeneratedPartition]:
        """Return the partitions, making none of them yet; the last one may be smaller."""
        return [
            GeneratedPartition(self, k, min(self.partition, self.jets - first))
            for k, first in enumerate(range(0, self.jets, self.partition))
        ]

    def batch(self, tables: Mapping[str, NDArray[np.void]], first: int) -> JetBatch:
        """Return tables as a `JetBatch`, whose first jet has the global row `first`."""
        jets = ftag.to_batch(tables, first=first)
        return self.images.add(jets) if self.images else jets

    def write(self, path: Path, tables: Mapping[str, NDArray[np.void]]) -> None:
        """Write tables to a file that `reopen` reads, whole or not at all."""
        ftag.write(path, tables)

    def reopen(self, files: Sequence[Path]) -> Dataset:
        """Return the dataset of the files, one a partition, that its tables were written to.

        Its jets are those of `partitions`, row by row.
        """
        found = readers.open(files, format="ftag")
        return Imaged(found, self.images) if self.images else found


@dataclass(frozen=True)
class GeneratedPartition:
    """Partition `index` of a dataset, `jets` jets."""

    dataset: Generated
    index: int
    jets: int

    def arrays(self) -> Mapping[str, NDArray[np.void]]:
        """Make the jets as tables: the same bytes on every call."""
        return self.dataset.tables(self.index, self.jets)

    def read(self) -> JetBatch:
        """Make the jets as a `JetBatch`."""
        return self.dataset.batch(self.arrays(), self.index * self.dataset.partition)

    def write(self, path: Path) -> None:
        """Make the jets and write them to a file, whole or not at all."""
        self.dataset.write(path, self.arrays())
