"""Rows of the arrays in ``.npy``, ``.npz`` and Parquet files, without reading the rest."""

from __future__ import annotations

import contextlib
import math
import tokenize
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, Protocol

import awkward as ak
import numpy as np
from numpy.typing import NDArray

from jetlens.core.errors import BadFileError, JetlensError, UnknownNameError

ALONE = ""
"""The name of the only array of a file that has no names."""

Rows = tuple[int, int]


class ArrayFile(Protocol):
    """Arrays of one file, whose first axis is the jets."""

    def names(self) -> list[str]:
        """Return the arrays' names."""

    def jets(self, name: str) -> int:
        """Return how long an array is."""

    def read(self, name: str, rows: Rows) -> Any:
        """Return some rows, a numpy array or, where rows differ in length, one of awkward."""


def open_arrays(path: str) -> ArrayFile:
    """Open a file by what it begins with.

    Raises
    ------
    BadFileError
        If it is none that is known.
    """
    kind = kind_of(Path(path))
    if kind is None:
        raise BadFileError(f"{path!r} is no .npy, .npz or Parquet file, or is damaged")
    return kind(path)


def kind_of(path: Path) -> type[NpyFile] | type[NpzFile] | type[ParquetFile] | None:
    """Return the kind of file, or None if it is none of these."""
    try:
        with path.open("rb") as file:
            start = file.read(6)
    except FileNotFoundError:
        raise BadFileError(f"no file {str(path)!r}") from None
    except OSError as error:  # a folder, a name that is too long, no permission
        raise BadFileError(f"{str(path)!r} cannot be read: {error.strerror}") from error
    if start == b"\x93NUMPY":
        return NpyFile
    if start[:4] == b"PAR1":
        return ParquetFile
    return NpzFile if start[:4] == b"PK\x03\x04" else None


@contextlib.contextmanager
def _told(path: str) -> Iterator[None]:
    """Turn what libraries say of a file that they cannot read into one message."""
    import pyarrow

    try:
        yield
    except JetlensError:
        raise
    except (
        *(OSError, EOFError, ValueError, zipfile.BadZipFile, zlib.error),
        *(NotImplementedError, RuntimeError, pyarrow.ArrowException),
        *(SyntaxError, tokenize.TokenError),  # of headers, which numpy reads as Python
    ) as error:
        raise BadFileError(f"{path!r} is damaged or cut short: {error}") from error


class _Named:
    """What all kinds share: the only array needs no name, one that is not there is refused."""

    def __init__(self, path: str) -> None:
        self.path = path

    def _found(self, name: str, there: list[str]) -> str:
        if name == ALONE and len(there) == 1:
            return there[0]
        if name not in there:
            raise UnknownNameError(f"array of {self.path!r}", name, there)
        return name


class NpyFile(_Named):
    """One array, mapped into memory."""

    def names(self) -> list[str]:
        """Return the one name that it has: none."""
        return [ALONE]

    def jets(self, name: str) -> int:
        """Return its length."""
        return len(self._mapped(name))

    def read(self, name: str, rows: Rows) -> NDArray[Any]:
        """Return some rows."""
        mapped = self._mapped(name)
        with _told(self.path):
            return np.array(mapped[slice(*rows)])

    def _mapped(self, name: str) -> NDArray[Any]:
        if name != ALONE:
            raise BadFileError(
                f"array {name!r} of {self.path!r}: a .npy file holds one array, without a name; "
                "leave `array` out, or put the arrays into one .npz"
            )
        with _told(self.path):
            found: NDArray[Any] = np.load(self.path, mmap_mode="r", allow_pickle=False)
        if not found.ndim:
            raise BadFileError(f"{self.path!r} holds a single number: expected an array of jets")
        return found


class NpzFile(_Named):
    """Arrays in a zip, read from where the rows stand; what is compressed before is passed over."""

    def names(self) -> list[str]:
        """Return the arrays' names."""
        with _told(self.path), zipfile.ZipFile(self.path) as file:
            return [n.removesuffix(".npy") for n in file.namelist()]

    def jets(self, name: str) -> int:
        """Return how long an array is."""
        return self.shape(name)[0]

    def shape(self, name: str) -> tuple[int, ...]:
        """Return the shape of an array, without reading it."""
        with self._entry(name) as (entry, size):
            return self._header(entry, name, size)[0]

    def dtype(self, name: str) -> np.dtype[np.generic]:
        """Return the type of an array's numbers, without reading it."""
        with self._entry(name) as (entry, size):
            return self._header(entry, name, size)[2]

    def read(self, name: str, rows: Rows) -> NDArray[Any]:
        """Return some rows."""
        with self._entry(name) as (entry, size):
            shape, fortran, dtype = self._header(entry, name, size)
            if fortran:  # its rows are scattered over all of it
                entry.seek(0)
                whole: NDArray[Any] = np.lib.format.read_array(entry)
                return whole[slice(*rows)]
            start, stop = rows[0], min(rows[1], shape[0])
            row = int(np.prod(shape[1:], dtype=np.int64)) * dtype.itemsize
            entry.seek(start * row, 1)
            data = entry.read((stop - start) * row)
            if len(data) < (stop - start) * row:
                raise BadFileError(f"{self.path!r} is damaged or cut short: {name!r} ends early")
            return np.frombuffer(data, dtype).reshape(stop - start, *shape[1:])

    @contextlib.contextmanager
    def _entry(self, name: str) -> Iterator[tuple[IO[bytes], int]]:
        """Open an array, and say how many bytes it has, unpacked."""
        name = self._found(name, self.names())
        with _told(self.path), zipfile.ZipFile(self.path) as file:
            entries = {n.removesuffix(".npy"): n for n in file.namelist()}
            with file.open(entries[name]) as entry:
                yield entry, file.getinfo(entries[name]).file_size

    def _header(
        self, entry: IO[bytes], name: str, size: int
    ) -> tuple[tuple[int, ...], bool, np.dtype[np.generic]]:
        version = np.lib.format.read_magic(entry)
        old = version == (1, 0)
        read = np.lib.format.read_array_header_1_0 if old else np.lib.format.read_array_header_2_0
        shape, fortran, dtype = read(entry)
        if dtype.hasobject:
            raise BadFileError(f"{name!r} of {self.path!r} holds Python objects: expected numbers")
        if not shape:
            raise BadFileError(f"{name!r} of {self.path!r} is a single number: expected jets")
        if min(shape) < 0 or math.prod(shape) * dtype.itemsize > size:
            raise BadFileError(
                f"{self.path!r} is damaged or cut short: {name!r} is said to be of shape {shape}, "
                f"{dtype}, and has {size} bytes"
            )
        return shape, fortran, dtype


class ParquetFile(_Named):
    """Columns of a table, read by groups of rows; lists may differ in length."""

    def names(self) -> list[str]:
        """Return the columns' names."""
        with _told(self.path):
            return list(self._table().schema_arrow.names)

    def jets(self, name: str) -> int:
        """Return how many rows there are."""
        self._found(name, self.names())
        with _told(self.path):
            return int(self._table().metadata.num_rows)

    def read(self, name: str, rows: Rows) -> Any:
        """Return some rows; missing numbers are NaN."""
        name = self._found(name, self.names())
        with _told(self.path):
            table = self._table()
            ends = np.cumsum(
                [table.metadata.row_group(i).num_rows for i in range(table.num_row_groups)]
            )
            starts = np.concatenate([[0], ends[:-1]])
            groups = np.flatnonzero((starts < rows[1]) & (ends > rows[0]))
            read = table.read_row_groups(groups.tolist(), columns=[name])
            first = int(starts[groups[0]]) if len(groups) else 0
            column = read.slice(rows[0] - first, rows[1] - rows[0])[name]
            if str(column.type) in ("string", "large_string"):
                return np.asarray(column.to_pylist())
            found = ak.from_arrow(column)
            found = ak.fill_none(found, np.nan, axis=-1)
            with contextlib.suppress(ValueError):  # rows of different lengths stay as they are
                return ak.to_numpy(ak.to_regular(found, axis=None), allow_missing=False)
            return found

    def _table(self) -> Any:
        import pyarrow.parquet

        return pyarrow.parquet.ParquetFile(self.path)
