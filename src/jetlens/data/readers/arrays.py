"""Plain arrays of anyone's (``.npz``, ``.npy``, Parquet), with a small TOML that names columns."""

from __future__ import annotations

import contextlib
import glob
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

import numpy as np

from jetlens.core.batch import JetBatch
from jetlens.core.errors import BadFileError, BadValueError, look_up
from jetlens.core.files import expanded
from jetlens.core.registry import readers
from jetlens.data.arrays import description as array_description
from jetlens.data.arrays.description import Description, Label
from jetlens.data.arrays.files import NpzFile, kind_of, open_arrays
from jetlens.data.arrays.tables import collection, events, labels, numbers, stored
from jetlens.data.base import Dataset
from jetlens.data.readers.slices import Slice, check_different, slices

_TOLD = 8  # arrays of a file that nothing describes


@readers.register("arrays")
@dataclass(frozen=True, kw_only=True)
class ArrayFiles(Dataset):
    """Arrays in ``.npz``, ``.npy`` or Parquet files, of which a small TOML says what they hold.

    Partitions of different files take turns, so that files of one class each come mixed.

    Parameters
    ----------
    files
        The arrays; or the description alone, which says where they are.
    description
        The TOML; left out, the one that stands beside the arrays.
    partition
        Jets read at a time.
    columns
        The variables to read, by collection; left out, all. Truth is always read.
    label
        An array of the jets' classes, instead of the description's.
    classes
        The names of its numbers 0, 1, ...
    """

    general: ClassVar[bool] = True
    """Any array will do: other readers are asked first what a file is."""

    files: tuple[str, ...]
    description: str | Path | None = None
    partition: int = 5000
    columns: Mapping[str, Sequence[str]] | None = None
    label: str | None = None
    classes: Sequence[str] | None = None
    arrays: tuple[str, ...] = field(init=False)
    """The files of arrays; `files` has the description, too."""
    tables: Description = field(init=False)
    """What the description says."""

    def __post_init__(self) -> None:
        given = [f for f in self.files if f != self.description]
        if self.description is None and given[0].endswith(".toml"):
            path, given = Path(given[0]), given[1:]
        elif self.description is None:
            path = array_description.beside(Path(given[0]), _held(given[0]))
        else:
            path = Path(expanded(str(self.description)))
        tables = array_description.load(path)
        if self.label is not None or self.classes is not None:
            own = Label() if tables.label is None else tables.label
            array = own.array if self.label is None else self.label
            classes = own.classes if self.classes is None else tuple(self.classes)
            if array is None or not classes:
                raise BadValueError(
                    f"label={self.label!r}, classes={self.classes!r}: expected an array, and the "
                    "names of the numbers in it"
                )
            tables = tables.model_copy(update={"label": Label(array=array, classes=classes)})
        for name, wanted in (self.columns or {}).items():
            table = look_up(f"collection of {str(path)!r}", name, tables.collections)
            for column in wanted:
                look_up(f"column of {name!r}", column, table.columns)
        arrays = tuple(given) or _named(tables, path)
        object.__setattr__(self, "tables", tables)
        object.__setattr__(self, "arrays", arrays)
        object.__setattr__(self, "files", (*arrays, str(path)))
        object.__setattr__(self, "description", str(path))

    @staticmethod
    def recognises(path: Path) -> bool:
        """Say whether the file is such a TOML, or holds such arrays."""
        return array_description.is_description(path) or kind_of(path) is not None

    def partitions(self) -> list[ArraySlice]:
        """Return slices of the files, `partition` jets each; the files take turns."""
        found = slices(self.arrays, self.partition, lambda path: _count(path, self.tables))
        found.sort(key=lambda some: some.start / some.jets)
        return [ArraySlice(some, self.tables, self.columns) for some in found]


def _named(tables: Description, path: Path) -> tuple[str, ...]:
    """Return the files that a description names."""
    if tables.files is None:
        raise BadFileError(
            f"{str(path)!r} does not say where its arrays are: expected a key `files` in it, or "
            "the arrays to be opened, with description= for the TOML"
        )
    found: list[str] = []
    for name in [tables.files] if isinstance(tables.files, str) else tables.files:
        place = expanded(name)
        pattern = str(path.parent / place)
        there = sorted(glob.glob(pattern)) if glob.has_magic(place) else [pattern]  # noqa: PTH207 (absolute patterns too)
        if not there:
            raise BadFileError(f"no file matches {pattern!r}, which {str(path)!r} names")
        found += there
    check_different(found)
    return tuple(found)


def _held(path: str) -> str:
    """Return what a file holds, in words: its arrays and, where they are told, their shapes."""
    source = open_arrays(path)
    names = source.names()
    said = []
    for name in names[:_TOLD]:
        shape = ""
        if isinstance(source, NpzFile):
            with contextlib.suppress(BadFileError):  # no array of jets
                shape = f" {list(source.shape(name))}"
        said.append(f"{name or 'one array'}{shape}")
    more = [f"{len(names) - _TOLD} more"] if len(names) > _TOLD else []
    hint = ""
    if {"X", "y"} & set(names):
        hint = " (format='energyflow' tells what EnergyFlow's files have instead)"
    return ", ".join(said + more) + hint


def _count(path: str, tables: Description) -> int:
    """Return how many jets a file holds, in each of its arrays.

    Raises
    ------
    BadFileError
        If they are of different lengths.
    """
    source = open_arrays(path)
    named: list[str] = []
    for table in tables.collections.values():
        array = stored(source, table)
        named += [array] if isinstance(array, str) else array.values()
        named += [name for name in (table.mask, table.counts) if name is not None]
    picks = (tables.label, tables.weight, tables.event)
    named += [p.array for p in picks if p is not None and p.array is not None]
    lengths = {name: source.jets(name) for name in named}
    if len(set(lengths.values())) > 1:
        raise BadFileError(
            f"the arrays of {path!r} are of different lengths: expected as many rows in each, "
            f"but there are {', '.join(f'{n} in {name!r}' for name, n in lengths.items())}"
        )
    return next(iter(lengths.values()))


@dataclass(frozen=True)
class ArraySlice:
    """A part of the jets of one file."""

    part: Slice
    tables: Description
    columns: Mapping[str, Sequence[str]] | None = None

    def read(self) -> JetBatch:
        """Read the jets."""
        path, rows, tables = self.part.path, self.part.rows, self.tables
        source, count = open_arrays(path), rows[1] - rows[0]
        row = np.arange(self.part.row, self.part.row + count, dtype=np.int64)
        wanted = tables.collections if self.columns is None else self.columns
        made = {
            name: collection(
                source, path, rows, name, tables.collections[name],
                None if self.columns is None else self.columns[name],
            )
            for name in wanted
        }  # fmt: skip
        weight, event = np.ones(count), row
        if tables.weight is not None:
            weight = numbers(source, path, rows, "weight", tables.weight)
        if tables.event is not None:
            event = events(source, path, rows, tables.event)
        label = np.full(count, -1, dtype=np.int64)
        if tables.label is not None:
            label = labels(source, path, rows, tables.label)
        return JetBatch(made, label, tables.classes, weight, event, row)
