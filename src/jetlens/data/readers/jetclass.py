"""JetClass's ROOT files (Zenodo 6619768, arXiv:2202.03772), and our own in the same layout."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from jetlens.core.batch import JetBatch
from jetlens.core.errors import BadFileError, BadValueError, UnknownNameError, look_up
from jetlens.core.registry import readers
from jetlens.data.base import Dataset
from jetlens.data.readers.jetclass_collections import JETS_AND_LISTS, collections, needed
from jetlens.data.readers.jetclass_files import Columns, opened, read
from jetlens.data.readers.jetclass_variables import EVENT, LABEL
from jetlens.data.readers.slices import Slice, slices


@readers.register("jetclass")
@dataclass(frozen=True, kw_only=True)
class JetClassFiles(Dataset):
    """Jets in ROOT files with JetClass's tree ``tree``.

    Only the branches that are asked for are read, slice by slice.

    Parameters
    ----------
    files
        Paths, or URLs that uproot takes (``root://``, ``https://``).
    partition
        Jets read at a time.
    columns
        The variables to read, by collection; left out, all. Truth of the jets is always read.
    label
        Of no use here: a class is a branch ``label_<class>`` of its own.
    classes
        The classes to read, such as ``["H4q", "Zqq"]``: jets of others are passed over. Left out,
        all jets, and all classes that the first file has branches of.
    constituents
        How many particles of a jet to keep: the first ones, which are the hardest. Variables of the
        jet are those of all.
    """

    files: tuple[str, ...]
    partition: int = 5000
    columns: Mapping[str, Sequence[str]] | None = None
    label: str | None = None
    classes: Sequence[str] | None = None
    constituents: int | None = None
    general: ClassVar[bool] = True
    """It takes any ROOT file, to say what is missing; others are asked first."""
    remote: ClassVar[str] = ".root"
    """How the names of files elsewhere end that are taken to be of this format."""

    def __post_init__(self) -> None:
        if self.constituents is not None and self.constituents < 1:
            raise BadValueError(f"constituents = {self.constituents}: expected 1 or more")
        if self.label is not None:
            raise BadValueError(
                f"label = {self.label!r}: JetClass's files have a branch {LABEL}<class> for each "
                'class; classes=["H4q", "Zqq"] chooses some'
            )
        for name in self.columns or ():
            look_up("collection", name, dict.fromkeys(JETS_AND_LISTS))
        if self.classes is not None:
            object.__setattr__(self, "classes", tuple(self.classes))
            if not self.classes or len(set(self.classes)) < len(self.classes):
                raise BadValueError(f"classes = {list(self.classes)}: expected different ones")

    @staticmethod
    def recognises(path: Path) -> bool:
        """Say whether it is a ROOT file."""
        with path.open("rb") as file:
            return file.read(4) == b"root"

    def partitions(self) -> list[JetClassSlice]:
        """Return slices of the files, `partition` jets each; without those of other classes only.

        Raises
        ------
        UnknownNameError
            If a file has no such tree, branch or class.
        BadValueError
            If there are no jets of a class that is asked for.
        """
        known: dict[str, tuple[str, ...]] = {}
        alive: set[tuple[str, int]] = set()  # slices, by file and first jet
        found: set[int] = set()  # classes

        def count(path: str) -> int:
            with opened(path) as tree:
                known[path] = classes = classes_in(tree, path, self.classes)
                needed(tree, path, self.columns)
                jets = int(tree.num_entries)
                if self.classes is not None:
                    columns = read(tree, _branches(classes), 0, jets)
                    label = labels_of(columns, classes, path)
                    row = np.flatnonzero(label >= 0)
                    first = np.unique(row // self.partition) * self.partition
                    alive.update((path, int(start)) for start in first)
                    found.update(np.unique(label[row]).tolist())
            return jets

        some = slices(self.files, self.partition, count)
        own = replace(self, files=())  # slices may travel
        if self.classes is not None:
            self._check_there(found)
            some = [s for s in some if (s.path, s.start) in alive]
        classes = known[self.files[0]]
        return [JetClassSlice(s, own, classes) for s in some]

    def _check_there(self, found: set[int]) -> None:
        """Refuse classes that there are no jets of."""
        for i, name in enumerate(self.classes or ()):
            if i not in found:
                raise BadValueError(
                    f"classes = {list(self.classes or ())}: no jets of class {name!r} in "
                    f"{', '.join(map(repr, self.files))}"
                )


@dataclass(frozen=True)
class JetClassSlice:
    """A part of the jets of one file."""

    part: Slice
    dataset: JetClassFiles
    classes: tuple[str, ...]

    def read(self) -> JetBatch:
        """Read the jets."""
        path, own = self.part.path, self.dataset
        with opened(path) as tree:
            labels = _branches(classes_in(tree, path, self.classes))
            events = [EVENT] if EVENT in tree.keys(recursive=False) else []
            names = [*labels, *events, *needed(tree, path, own.columns)]
            columns = read(tree, names, *self.part.rows)
        jets = to_batch(
            columns,
            self.part.row,
            classes=self.classes,
            wanted=own.columns,
            constituents=own.constituents,
            path=path,
        )
        return jets if own.classes is None else jets.take(jets.label >= 0)


def _branches(classes: Sequence[str]) -> list[str]:
    return [LABEL + name for name in classes]


def classes_in(tree: object, path: str, wanted: Sequence[str] | None) -> tuple[str, ...]:
    """Return the classes of a file's tree, or those wanted of it.

    Raises
    ------
    BadFileError
        If it has none.
    UnknownNameError
        If it has not one that is wanted.
    """
    names = tree.keys(recursive=False)  # type: ignore[attr-defined]
    there = [n.removeprefix(LABEL) for n in names if n.startswith(LABEL)]
    if not there:
        raise BadFileError(f"{path!r} has no branches {LABEL}<class>: it holds {', '.join(names)}")
    for name in wanted or ():
        if name not in there:
            raise UnknownNameError(f"class of {path!r}", name, there)
    return tuple(there if wanted is None else wanted)


def labels_of(columns: Columns, classes: Sequence[str], path: str) -> NDArray[np.int64]:
    """Return the position of each jet's class, -1 if it is of none of them, ``[jet]``."""
    told = np.stack([columns.flat[LABEL + name] != 0 for name in classes], axis=1)
    several = np.flatnonzero(told.sum(axis=1) > 1)
    if len(several):
        both = [c for c, is_one in zip(classes, told[several[0]], strict=True) if is_one]
        raise BadFileError(f"a jet of {path!r} is of several classes: {', '.join(both)}")
    return np.where(told.any(axis=1), told.argmax(axis=1), -1)


def to_batch(
    columns: Columns,
    first: int = 0,
    *,
    classes: Sequence[str],
    wanted: Mapping[str, Sequence[str]] | None = None,
    constituents: int | None = None,
    path: str = "",
) -> JetBatch:
    """Turn branches of JetClass's files into a `JetBatch`.

    Parameters
    ----------
    columns
        The branches.
    first
        The global row of the first jet.
    classes
        The classes: names of ``label_`` branches.
    wanted, constituents
        As ``columns`` and ``constituents`` of `JetClassFiles`.
    path
        The file that they are of.
    """
    label = labels_of(columns, classes, path)
    row = np.arange(first, first + len(label), dtype=np.int64)
    return JetBatch(
        collections(columns, wanted, constituents),
        label,
        tuple(classes),
        np.ones(len(label)),
        columns.flat[EVENT].astype(np.int64) if EVENT in columns.flat else row,
        row,
    )
