"""Any dataset with images of its jets, made as its partitions are read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from jetlens.core.batch import JetBatch
from jetlens.core.errors import BadValueError
from jetlens.data.base import Dataset, Partition, Where, bare, read_some
from jetlens.data.images import Images

ROOM = 2**31
"""Bytes that the images of a partition may take."""


@dataclass(frozen=True)
class Imaged(Dataset):
    """A dataset with an image of each jet, made as partitions are read.

    Parameters
    ----------
    whole
        The dataset; if it has images itself, these are made instead.
    images
        How the images are made.
    """

    whole: Dataset
    images: Images

    def partitions(self) -> Sequence[Partition]:
        """Return the dataset's partitions, each with images."""
        whole = self.whole
        while isinstance(whole, Imaged):
            whole = whole.whole
        return [ImagedPartition(p, self.images) for p in whole.partitions()]


@dataclass(frozen=True)
class ImagedPartition:
    """One partition's jets and their images."""

    whole: Partition
    images: Images

    def read(self) -> JetBatch:
        """Read the jets and make their images.

        Raises
        ------
        BadValueError
            If the images take more than `ROOM`.
        """
        return self._imaged(self.whole.read())

    def read_some(self, where: Where) -> tuple[JetBatch, float]:
        """Read some of the jets, of which alone images are made, and say what share these are."""
        jets, share = read_some(self.whole, where)
        return self._imaged(jets), share

    @property
    def bare(self) -> Partition:
        """The jets without the images."""
        return bare(self.whole)

    def _imaged(self, jets: JetBatch) -> JetBatch:
        if len(jets) * self.images.bytes > ROOM:
            own = self.images
            raise BadValueError(
                f"images of the {len(jets):,} jets of a partition, {len(own.channels)} x "
                f"{own.pixels} x {own.pixels} pixels each, would take "
                f"{len(jets) * own.bytes / 1e9:.1f} GB, and those who use them several times as "
                f"much: expected smaller partitions, such as partition = {_fitting(own)}"
            )
        return self.images.add(jets)


def _fitting(images: Images) -> int:
    """Return a number of jets whose images take a quarter of the room, and a round one."""
    jets = max(1, ROOM // (4 * images.bytes))
    return int(jets // 10 ** (len(str(jets)) - 1) * 10 ** (len(str(jets)) - 1))
