"""JetClass's ROOT files (Zenodo 6619768, arXiv:2202.03772), and our own in the same layout."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
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
from jetlens.data.slices import slices


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
        labels: dict[str, NDArray[np.int64]] = {}

        def count(path: str) -> int:
            with opened(path) as tree:
                known[path] = classes_in(tree, path, self.classes)
                needed(tree, path, self.columns)
                if self.classes is not None:
                    labels[path] = labels_of(
                        read(tree, _branches(known[path]), 0, tree.num_entries), known[path], path
                    )
                return int(tree.num_entries)

        some = slices(self.files, self.partition, count)
        classes = self.classes or known[self.files[0]]
        if self.classes is not None:
            found = np.concatenate(list(labels.values()))
            for i, name in enumerate(classes):
                if not (found == i).any():
                    raise BadValueError(
                        f"classes = {list(classes)}: no jets of class {name!r} in "
                        f"{', '.join(map(repr, self.files))}"
                    )
            some = [s for s in some if (labels[s.path][s.start : s.stop] >= 0).any()]
        return [JetClassSlice(self, s.path, s.start, s.stop, s.first, tuple(classes)) for s in some]


@dataclass(frozen=True)
class JetClassSlice:
    """Jets `start` to `stop` of one file, whose first jet has the global row `first`."""

    dataset: JetClassFiles
    path: str
    start: int
    stop: int
    first: int
    classes: tuple[str, ...]

    def read(self) -> JetBatch:
        """Read the jets."""
        own = self.dataset
        with opened(self.path) as tree:
            labels = _branches(classes_in(tree, self.path, self.classes))
            events = [EVENT] if EVENT in tree.keys(recursive=False) else []
            names = [*labels, *events, *needed(tree, self.path, own.columns)]
            columns = read(tree, names, self.start, self.stop)
        jets = to_batch(
            columns,
            self.first + self.start,
            classes=self.classes,
            wanted=own.columns,
            constituents=own.constituents,
            path=self.path,
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
