"""How the jets of several files are divided into partitions."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import NamedTuple

from jetlens.core.errors import BadFileError
from jetlens.core.files import remote


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


def check_different(files: Sequence[str]) -> None:
    """Refuse a file that is named twice: its jets would be trained on and tested with.

    Parameters
    ----------
    files
        Paths or URLs. Other names of the same file, such as those of links, are the same.

    Raises
    ------
    BadFileError
        If one is there twice, be it because patterns overlap.
    """
    known: dict[str, str] = {}
    for file in files:
        place = file if remote(file) else os.path.realpath(file)
        if place in known:
            also = "" if known[place] == file else f", the other time as {known[place]!r}"
            raise BadFileError(
                f"{file!r} is named twice{also}: expected each file once, and in one pattern "
                "alone; jets that are there twice are trained on and tested with"
            )
        known[place] = file


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
