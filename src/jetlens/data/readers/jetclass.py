"""JetClass's ROOT files (Zenodo 6619768, arXiv:2202.03772), and our own in the same layout."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

import numpy as np

from jetlens.core.batch import JetBatch
from jetlens.core.errors import BadValueError, look_up
from jetlens.core.names import one_or_more
from jetlens.core.registry import readers
from jetlens.data.base import Dataset
from jetlens.data.checks import check_whole
from jetlens.data.readers.jetclass_checks import check_columns
from jetlens.data.readers.jetclass_collections import JETS_AND_LISTS, collections, needed
from jetlens.data.readers.jetclass_contents import classes_in, contents, labels, labels_of
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
        if self.constituents is not None:
            check_whole("constituents", self.constituents)
        if self.label is not None:
            raise BadValueError(
                f"label = {self.label!r}: JetClass's files have a branch {LABEL}<class> for each "
                'class; classes=["H4q", "Zqq"] chooses some'
            )
        for name in self.columns or ():
            look_up("collection", name, dict.fromkeys(JETS_AND_LISTS))
        if self.classes is not None:
            object.__setattr__(self, "classes", one_or_more("classes", self.classes))

    @staticmethod
    def recognises(path: Path) -> bool:
        """Say whether it is a ROOT file."""
        with path.open("rb") as file:
            return file.read(4) == b"root"

    def partitions(self) -> list[JetClassSlice]:
        """Return slices of the files, `partition` jets each; without those of other classes only.

        Raises
        ------
        BadFileError
            If a file has no tree of jets.
        UnknownNameError
            If a file has no such branch or class.
        BadValueError
            If there are no jets of a class that is asked for.
        """
        known = {
            path: contents(path, self.partition, self.classes, self.columns) for path in self.files
        }
        some = slices(self.files, self.partition, lambda path: known[path].jets)
        own = replace(self, files=())  # slices may travel
        if self.classes is not None:
            self._check_there({k for each in known.values() for k in each.found})
            some = [s for s in some if s.start in known[s.path].starts]
        classes = known[self.files[0]].classes
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
        """Read the jets.

        Raises
        ------
        BadFileError
            If a number in the file cannot be.
        """
        path, own = self.part.path, self.dataset
        with opened(path) as tree:
            branches = labels(classes_in(tree, path, self.classes))
            events = [EVENT] if EVENT in tree.keys(recursive=False) else []
            names = [*branches, *events, *needed(tree, path, own.columns)]
            columns = read(tree, names, *self.part.rows)
        check_columns(columns, self.part.start, path)
        jets = to_batch(
            columns,
            self.part.row,
            classes=self.classes,
            wanted=own.columns,
            constituents=own.constituents,
            path=path,
        )
        return jets if own.classes is None else jets.take(jets.label >= 0)


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
