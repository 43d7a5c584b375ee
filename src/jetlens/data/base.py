"""A dataset is a list of partitions; each reads one `JetBatch`.

Generators and file readers look alike from here on. Nothing holds more than one partition.
"""

from __future__ import annotations

import abc
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from jetlens.core.batch import JetBatch, concatenate
from jetlens.core.errors import BadValueError, expected
from jetlens.core.hashing import uniform

PARTS = ("train", "validation", "test")
_SALT = 1  # of the first division; what else is drawn from events has other salts, all small


@runtime_checkable
class Partition(Protocol):
    """Some jets that can be read on their own, in any process (so it can be pickled)."""

    def read(self) -> JetBatch:
        """Read the jets."""


Where = Callable[[JetBatch], NDArray[np.bool_]]
"""Says which of some jets are wanted, ``[jet]``; it can be pickled."""


def read_some(partition: Partition, where: Where) -> tuple[JetBatch, float]:
    """Read some jets of a partition, and say what share of its jets these are.

    A partition that makes something of its jets as they are read, such as images, and that says so
    by a method ``read_some``, makes it of these alone.
    """
    own = getattr(partition, "read_some", None)
    if own is not None:
        found: tuple[JetBatch, float] = own(where)
        return found
    jets = partition.read()
    inside = where(jets)
    return jets.take(inside), float(inside.mean()) if len(inside) else 0.0


def bare(partition: Partition) -> Partition:
    """Return the same jets without what is made of them as they are read, such as images."""
    found: Partition = getattr(partition, "bare", partition)
    return found


class Dataset(abc.ABC):
    """Jets in partitions."""

    @abc.abstractmethod
    def partitions(self) -> Sequence[Partition]:
        """Return the partitions, in order; reading none of them yet."""

    def __iter__(self) -> Iterator[JetBatch]:
        for partition in self.partitions():
            yield partition.read()

    def read(self) -> JetBatch:
        """Read everything into one batch."""
        return concatenate(list(self))


@dataclass(frozen=True)
class Part(Dataset):
    """The train, validation or test part of a dataset, by a hash of the event.

    Parameters
    ----------
    whole
        The dataset to take a part of.
    part
        ``"train"``, ``"validation"`` or ``"test"``.
    fractions
        Their shares; they are positive and add up to one.
    division
        Which of many independent ways of dividing the events into such parts.
    """

    whole: Dataset
    part: str
    fractions: tuple[float, float, float] = (0.7, 0.1, 0.2)
    division: int = 0

    def partitions(self) -> Sequence[Partition]:
        """Return the whole's partitions, each cut to this part."""
        return [
            PartOfPartition(p, self.part, self.fractions, self.division)
            for p in self.whole.partitions()
        ]


@dataclass(frozen=True)
class PartOfPartition:
    """One partition's jets whose event falls into a part."""

    whole: Partition
    part: str
    fractions: tuple[float, float, float]
    division: int = 0

    def read(self) -> JetBatch:
        """Read the whole and keep the part."""
        return self.read_share()[0]

    def read_share(self) -> tuple[JetBatch, float]:
        """Read the whole, keep the part, and say what share of the jets it has."""
        return read_some(self.whole, self._inside)

    def read_some(self, where: Where) -> tuple[JetBatch, float]:
        """Read some of the part; the share is that of the whole."""
        return read_some(self.whole, lambda jets: self._inside(jets) & where(jets))

    @property
    def bare(self) -> Partition:
        """The part of what is not made as it is read."""
        return replace(self, whole=bare(self.whole))

    def _inside(self, jets: JetBatch) -> NDArray[np.bool_]:
        return in_part(jets.event, self.part, self.fractions, self.division)


@dataclass(frozen=True)
class Bare(Dataset):
    """A dataset without what is made of its jets as they are read, such as images."""

    whole: Dataset

    def partitions(self) -> Sequence[Partition]:
        """Return the partitions of what was there before."""
        return [bare(p) for p in self.whole.partitions()]


def in_part(
    event: NDArray[np.int64],
    part: str,
    fractions: Sequence[float] = (0.7, 0.1, 0.2),
    division: int = 0,
) -> NDArray[np.bool_]:
    """Say which events belong to the train, validation or test part.

    Parameters
    ----------
    event
        Event numbers ``[jet]``; jets of one event always fall into the same part.
    part
        ``"train"``, ``"validation"`` or ``"test"``.
    fractions
        The parts' shares.
    division
        Which of many independent ways of dividing the events.
    """
    if part not in PARTS:
        raise BadValueError(f"unknown part {part!r}: {expected(part, PARTS)}")
    # a share that is no number is neither below 0 nor above it
    if len(fractions) != 3 or not (min(fractions) >= 0 and abs(sum(fractions) - 1) <= 1e-6):
        raise BadValueError(
            f"split {list(fractions)}: expected three shares that add up to 1, as [0.7, 0.1, 0.2]"
        )
    edges = np.concatenate([[0.0], np.cumsum(fractions)])
    edges[-1] = 1.0
    where = PARTS.index(part)
    drawn = uniform(event, salt=_SALT + (division << 16))
    inside: NDArray[np.bool_] = (drawn >= edges[where]) & (drawn < edges[where + 1])
    return inside
