"""What a JetClass file holds: classes, and where the jets of those that are asked for lie."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from jetlens.core.errors import BadFileError, UnknownNameError
from jetlens.core.files import remote
from jetlens.data.readers.jetclass_collections import needed
from jetlens.data.readers.jetclass_files import Columns, opened, read
from jetlens.data.readers.jetclass_variables import LABEL

Variables = tuple[tuple[str, tuple[str, ...]], ...]
"""Variables by collection, as `_looked_at` takes them."""


class Contents(NamedTuple):
    """What was found in a file."""

    jets: int
    classes: tuple[str, ...]
    """Of the file; of those that are asked for, these."""
    starts: frozenset[int]
    """Where slices begin that have jets of the classes asked for; of all, none are looked for."""
    found: frozenset[int]
    """Positions of the classes that there are jets of, likewise."""


def contents(
    path: str,
    partition: int,
    classes: Sequence[str] | None,
    columns: Mapping[str, Sequence[str]] | None,
) -> Contents:
    """Look into a file, once as long as its size and its time are the same.

    A run divides its jets many times over, and each time every label would be read.

    Parameters
    ----------
    path
        The file; of one elsewhere nothing is remembered.
    partition, classes, columns
        As of `jetlens.data.readers.jetclass.JetClassFiles`.

    Raises
    ------
    BadFileError
        If it is no file of JetClass's kind.
    UnknownNameError
        If it lacks a class or a branch that is asked for.
    """
    wanted = None if classes is None else tuple(classes)
    variables = None if columns is None else tuple((k, tuple(v)) for k, v in columns.items())
    if remote(path) or not os.path.isfile(path):  # noqa: PTH113 (does not fail on odd names)
        return _look(path, partition, wanted, variables)
    told = Path(path).stat()
    return _looked_at(path, (told.st_size, told.st_mtime_ns), partition, wanted, variables)


@lru_cache(maxsize=4096)
def _looked_at(
    path: str,
    stamp: tuple[int, int],
    partition: int,
    wanted: tuple[str, ...] | None,
    variables: Variables | None,
) -> Contents:
    return _look(path, partition, wanted, variables)


def _look(
    path: str, partition: int, wanted: tuple[str, ...] | None, variables: Variables | None
) -> Contents:
    with opened(path) as tree:
        there = classes_in(tree, path, wanted)
        needed(tree, path, None if variables is None else dict(variables))
        jets = int(tree.num_entries)
        if wanted is None:
            return Contents(jets, there, frozenset(), frozenset())
        label = labels_of(read(tree, labels(there), 0, jets), there, path)
        row = np.flatnonzero(label >= 0)
        starts = np.unique(row // partition) * partition
        return Contents(jets, there, frozenset(starts.tolist()), frozenset(label[row].tolist()))


def labels(classes: Sequence[str]) -> list[str]:
    """Return the branches of classes."""
    return [LABEL + name for name in classes]


def classes_in(tree: Any, path: str, wanted: Sequence[str] | None) -> tuple[str, ...]:
    """Return the classes of a file's tree, or those wanted of it.

    Raises
    ------
    BadFileError
        If it has none.
    UnknownNameError
        If it has not one that is wanted.
    """
    names = tree.keys(recursive=False)
    there = [n.removeprefix(LABEL) for n in names if n.startswith(LABEL)]
    if not there:
        raise BadFileError(f"{path!r} has no branches {LABEL}<class>: it holds {', '.join(names)}")
    for name in wanted or ():
        if name not in there:
            raise UnknownNameError(f"class of {path!r}", name, there)
    return tuple(there if wanted is None else wanted)


def labels_of(columns: Columns, classes: Sequence[str], path: str) -> NDArray[np.int64]:
    """Return the position of each jet's class, -1 if it is of none of them, ``[jet]``.

    Raises
    ------
    BadFileError
        If a label is neither 0 nor 1, or a jet is of several classes.
    """
    for name in labels(classes):
        values = columns.flat[name]
        bad = (values != 0) & (values != 1)
        if bad.any():
            raise BadFileError(f"{name} = {values[bad][0]!s} in {path!r}: expected 0 or 1")
    told = np.stack([columns.flat[LABEL + name] != 0 for name in classes], axis=1)
    several = np.flatnonzero(told.sum(axis=1) > 1)
    if len(several):
        both = [c for c, is_one in zip(classes, told[several[0]], strict=True) if is_one]
        raise BadFileError(f"a jet of {path!r} is of several classes: {', '.join(both)}")
    return np.where(told.any(axis=1), told.argmax(axis=1), -1)
