"""The ATLAS flavour-tagging HDF5: structured ``jets`` and ``tracks``, as Salt trains on."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import h5py
import hdf5plugin  # noqa: F401  (registers the compression filters that such files use)
import numpy as np

from jetlens.core.batch import JetBatch
from jetlens.core.collection import Array
from jetlens.core.errors import BadFileError, JetlensError, UnknownNameError, look_up
from jetlens.core.registry import readers
from jetlens.data.base import Dataset
from jetlens.data.readers.ftag_checks import check_table
from jetlens.data.readers.ftag_collections import FLAVOUR, VALID, collection, label_of
from jetlens.data.readers.ftag_variables import (
    CLASSES,
    EVENT_COLUMNS,
    TRUTH,
    WEIGHT_COLUMNS,
)
from jetlens.data.readers.slices import Slice, slices
from jetlens.data.tables.columns import TRUTH as OWN_TRUTH
from jetlens.data.tables.columns import (
    attributes,
    class_columns,
    classes_of,
    described_as,
)
from jetlens.data.tables.hdf5 import write_tables

JETS = "jets"


@readers.register("ftag")
@dataclass(frozen=True, kw_only=True)
class FtagFiles(Dataset):
    """ATLAS flavour-tagging HDF5 files with structured datasets ``jets`` and ``tracks``.

    Parameters
    ----------
    files
        Paths.
    partition
        Jets read at a time.
    columns
        The variables to read, by collection, such as ``{"tracks": ["d0", "dphi"]}``; left out, all
        numbers there are. Truth is read whenever it is there. A list of particles without a field
        ``valid`` cannot be read: it is left out, with a warning, or refused where it is named.
    label
        The jets' variable that holds their classes. Left out, one that is an HDF5 enumeration;
        else the flavour (`HadronConeExclTruthLabelID`); else one whose class names are an attribute
        of its own name.
    classes
        The names of the numbers 0, 1, ... in `label`; left out, those that the file says.
    """

    files: tuple[str, ...]
    partition: int = 5000
    columns: Mapping[str, Sequence[str]] | None = None
    label: str | None = None
    classes: Sequence[str] | None = None

    @staticmethod
    def recognises(path: Path) -> bool:
        """Say whether the file is HDF5 with a structured dataset ``jets``."""
        if not h5py.is_hdf5(path):
            return False
        with _opened(str(path)) as file:
            jets = file.get(JETS)
            return isinstance(jets, h5py.Dataset) and jets.dtype.names is not None

    def partitions(self) -> list[FtagSlice]:
        """Return slices of the files, `partition` jets each."""
        return [
            FtagSlice(some, self.columns, self.label, self.classes)
            for some in slices(self.files, self.partition, _jets_in)
        ]


@dataclass(frozen=True)
class FtagSlice:
    """A part of the jets of one file."""

    part: Slice
    columns: Mapping[str, Sequence[str]] | None = None
    label: str | None = None
    classes: Sequence[str] | None = None

    def read(self) -> JetBatch:
        """Read the jets.

        Raises
        ------
        BadFileError
            If a table cannot be read, or has not a row for each jet.
        """
        path, rows = self.part.path, slice(*self.part.rows)
        with _opened(path) as file:
            labels = class_columns(file[JETS], FLAVOUR, self.label, self.classes)
            arrays = {}
            for name, wanted in self._wanted(file).items():
                table = file[name]
                check_table(table, path, self.part.jets)
                arrays[name] = _read(table, path, rows, wanted, labels if name == JETS else {})
        return to_batch(arrays, first=self.part.row, columns=self.columns)

    def _wanted(self, file: h5py.File) -> dict[str, Sequence[str] | None]:
        there = [k for k, v in file.items() if isinstance(v, h5py.Dataset) and v.dtype.names]
        told = {k for k in there if k == JETS or VALID in file[k].dtype.names}
        untold = {
            k: f"{k!r} of {self.part.path!r} has no field {VALID!r}, which says where a particle is"
            for k in there
            if k not in told and file[k].ndim > 1
        }
        if self.columns is None:
            for what in untold.values():
                warnings.warn(f"{what}: it is left out", stacklevel=2)
            return dict.fromkeys([k for k in there if k in told])
        for name in self.columns:
            if name not in there:
                raise UnknownNameError(f"dataset of {self.part.path!r}", name, there)
            if name in untold:
                raise BadFileError(untold[name])
        return {JETS: self.columns.get(JETS, ()), **self.columns}


@contextlib.contextmanager
def _opened(path: str) -> Iterator[h5py.File]:
    """Open an HDF5 file; whatever the library cannot make sense of becomes one message."""
    try:
        with h5py.File(path) as file:
            yield file
    except JetlensError:
        raise
    except FileNotFoundError as error:
        raise BadFileError(f"no file {path!r}") from error
    except IsADirectoryError as error:
        raise BadFileError(f"{path!r} is a folder: expected the name of a file") from error
    except (OSError, RuntimeError, KeyError, ValueError, TypeError, OverflowError) as error:
        said = str(error).partition("\n")[0]
        raise BadFileError(f"{path!r} is not HDF5, or is damaged or cut short: {said}") from error


def _jets_in(path: str) -> int:
    with _opened(path) as file:
        if not isinstance(file.get(JETS), h5py.Dataset):
            raise BadFileError(f"{path!r} has no dataset 'jets': it holds {', '.join(file)}")
        check_table(file[JETS], path)
        return len(file[JETS])


def _read(
    dataset: h5py.Dataset,
    path: str,
    rows: slice,
    wanted: Sequence[str] | None,
    labels: Mapping[str, Mapping[str, int]],
) -> Array:
    names = dataset.dtype.names
    if wanted is None:
        return described_as(np.asarray(dataset[rows]), dataset.attrs, labels)
    for name in wanted:
        if name not in names:
            raise UnknownNameError(
                f"variable of {dataset.name.strip('/')!r} in {path!r}", name, names
            )
    own = dataset.attrs.get(OWN_TRUTH, ())
    extra = (VALID, *TRUTH, *own, *EVENT_COLUMNS, *WEIGHT_COLUMNS)
    keep = [n for n in names if n in {*wanted, *extra, *labels}]
    return described_as(np.asarray(dataset.fields(keep)[rows]), dataset.attrs, labels)


def to_batch(
    arrays: Mapping[str, Array],
    first: int = 0,
    columns: Mapping[str, Sequence[str]] | None = None,
) -> JetBatch:
    """Turn structured arrays of the flavour-tagging layout into a `JetBatch`.

    Parameters
    ----------
    arrays
        ``jets`` ``[jet]`` and others ``[jet, particle]`` with a boolean field ``valid``.
    first
        The global row of the first jet.
    columns
        The variables to take, by collection; left out, all numbers.
    """
    jets = arrays[JETS]
    names = jets.dtype.names or ()
    row = np.arange(first, first + len(jets), dtype=np.int64)
    label, classes = label_of(jets)
    event = next((jets[n].astype(np.int64) for n in EVENT_COLUMNS if n in names), row)
    weight = next((jets[n].astype(np.float64) for n in WEIGHT_COLUMNS if n in names), None)
    return JetBatch(
        {
            name: collection(name, array, None if columns is None else columns.get(name, ()))
            for name, array in arrays.items()
        },
        label,
        classes,
        np.ones(len(jets)) if weight is None else weight,
        event,
        row,
    )


def write(path: Path | str, arrays: Mapping[str, Array]) -> None:
    """Write structured arrays of the flavour-tagging layout, atomically.

    Parameters
    ----------
    path
        Where to; the file stands there whole or not at all.
    arrays
        ``jets`` ``[jet]`` and ``tracks`` ``[jet, track]`` with a field ``valid``.
    """
    look_up("dataset", JETS, dict(arrays))
    attrs = {name: attributes(table) for name, table in arrays.items()}
    if classes_of(arrays[JETS]) is None:
        attrs[JETS]["flavour_label"] = [f"{c}jets" for c in CLASSES]
    write_tables(path, arrays, attrs)
