"""Tables as HDF5 files, whole or not there."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import h5py
from numpy.typing import NDArray

from jetlens.core.files import atomic


def write_tables(
    path: Path | str,
    tables: Mapping[str, NDArray[Any]],
    attrs: Mapping[str, Mapping[str, Any]] | None = None,
) -> None:
    """Write arrays as compressed datasets, atomically.

    The file is made in memory and written as plain bytes: on a full disk the HDF5 library does not
    merely fail, but can bring the whole process down.

    Parameters
    ----------
    path
        Where to.
    tables
        Datasets by name, in their order.
    attrs
        Attributes by dataset; those of ``""`` belong to the file.

    Raises
    ------
    BadFileError
        If the place cannot be written to.
    """
    memory = io.BytesIO()  # gaps in it are zeros, so that the same tables give the same bytes
    with h5py.File(memory, "w", track_order=True) as file:
        for name, table in tables.items():
            packed = {"chunks": True, "shuffle": True, "compression": "gzip"} if table.size else {}
            # flushed here, or else when the garbage collector finds it, which moves its bytes
            file.create_dataset(name, data=table, **packed).flush()
        for name, values in (attrs or {}).items():
            for key, value in values.items():
                (file[name] if name else file).attrs[key] = value
    with atomic(path) as part:
        part.write_bytes(memory.getbuffer())
