"""How the jets of several files are divided into partitions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from jetlens.core.errors import BadFileError


class Slice(NamedTuple):
    """Jets `start` to `stop` of a file of so many `jets`, the first of it being row `first`."""

    path: str
    start: int
    stop: int
    first: int
    jets: int

    @property
    def rows(self) -> tuple[int, int]:
        """From which jet of the file to which."""
        return self.start, self.stop

    @property
    def row(self) -> int:
        """The global row of its first jet."""
        return self.first + self.start


def slices(files: Sequence[str], partition: int, count: Callable[[str], int]) -> list[Slice]:
    """Divide files into slices of so many jets each, the last of a file perhaps smaller.

    Parameters
    ----------
    files
        Their paths.
    partition
        Jets of a slice.
    count
        Counts the jets of a file.

    Raises
    ------
    BadFileError
        If there are no jets.
    """
    found, first = [], 0
    for path in files:
        jets = count(path)
        found += [
            Slice(path, start, min(start + partition, jets), first, jets)
            for start in range(0, jets, partition)
        ]
        first += jets
    if not found:
        raise BadFileError(f"no jets in {', '.join(map(repr, files))}")
    return found
