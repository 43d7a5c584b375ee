"""Jets that are read many times over, kept in memory as long as there is room."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from jetlens.core.batch import JetBatch
from jetlens.data.base import Dataset, Partition

ROOM = 2**29
"""Bytes that one process holds at most."""

_held: dict[tuple[str, int], JetBatch] = {}


@dataclass(frozen=True)
class Held(Dataset):
    """A dataset whose partitions are read once a process, the first of them, until `ROOM` is taken.

    A training reads its jets several times, and many trainings read the same. Jets of another key
    make room for their own. Nothing that is held may be changed by who reads it.

    Parameters
    ----------
    whole
        The dataset.
    key
        A digest of its content: what was held of other content is never given out.
    """

    whole: Dataset
    key: str

    def partitions(self) -> Sequence[Partition]:
        """Return the dataset's partitions."""
        return [HeldPartition(self.key, i, p) for i, p in enumerate(self.whole.partitions())]


@dataclass(frozen=True)
class HeldPartition:
    """One partition, which may be held."""

    key: str
    index: int
    whole: Partition = field(compare=False)

    def read(self) -> JetBatch:
        """Read the jets, or take those that are held."""
        place = self.key, self.index
        if place in _held:
            return _held[place]
        for other in [k for k in _held if k[0] != self.key]:
            del _held[other]
        jets = self.whole.read()
        if sum(map(_size, _held.values())) + _size(jets) <= ROOM:
            _held[place] = jets
        return jets


def _size(jets: JetBatch) -> int:
    """Return the bytes of a batch's collections."""
    return sum(
        array.nbytes
        for c in jets.collections.values()
        for array in (c.values, c.mask, *c.truth.values())
        if array is not None
    )
