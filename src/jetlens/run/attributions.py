"""Attributions on disk: Zarr, one group a partition, put together on opening."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
import zarr

from jetlens.core.attribution import concatenate
from jetlens.core.errors import BadFileError
from jetlens.core.files import atomic_folder

_NAMES = "_names"
"""Attribute in which names stood in files of before they were arrays."""

_WHOLE = "every_chunk_is_stored"
"""Attribute of the rows that says so; elsewhere a chunk of fill values was left out."""


def part_name(number: int) -> str:
    """Return the name of a partition's group or file."""
    return f"part-{number:05d}"


def write(group: Path, attribution: xr.Dataset) -> None:
    """Write one partition's attributions as a Zarr group, atomically.

    `xarray.open_zarr` reads it, names of classes, features and targets included: as strings of
    varying length, since Zarr 3 has no settled type for those of one length.
    """
    names = {
        name: (coordinate.dims, coordinate.values.astype(object))
        for name, coordinate in attribution.coords.items()
        if coordinate.dtype.kind == "U"
    }
    plain = attribution.assign_coords(names)
    plain["row"] = plain["row"].assign_attrs({_WHOLE: True})
    with atomic_folder(group) as part, warnings.catch_warnings():
        # readers that do not know it pass it over, and xarray warns where it is not there
        warnings.filterwarnings("ignore", "Consolidated metadata is currently not part")
        plain.to_zarr(part, mode="w-", zarr_format=3, consolidated=True, write_empty_chunks=True)


def read(path: Path | str) -> xr.Dataset:
    """Read attributions: one group, or all groups of a folder put together.

    Raises
    ------
    BadFileError
        If there are none, or they are damaged.
    """
    path = Path(path)
    groups = parts(path)
    if not groups:
        raise BadFileError(f"no attributions in {str(path)!r}")
    return concatenate([_read_one(group) for group in groups])


def parts(path: Path) -> list[Path]:
    """Return the partitions' groups below a folder, in order."""
    if (path / "row").is_dir():
        return [path]
    return sorted(p for p in path.glob("part-*") if (p / "row").is_dir())


def _read_one(group: Path) -> xr.Dataset:
    try:
        with xr.open_zarr(group, consolidated=False, chunks=None) as opened:
            if opened["row"].attrs.pop(_WHOLE, False):
                _check_chunks(group)
            loaded: xr.Dataset = opened.load()
    except BadFileError:
        raise
    except Exception as error:  # Zarr, its compression and JSON each have their own
        raise BadFileError(f"{str(group)!r} does not hold whole attributions: {error}") from error
    before: dict[str, tuple[str, list[str]]] = loaded.attrs.pop(_NAMES, {})
    names: dict[Any, Any] = {k: (axis, np.array(v, str)) for k, (axis, v) in before.items()}
    for name, coordinate in loaded.coords.items():
        if coordinate.dtype.kind in "OT":
            names[name] = (coordinate.dims, np.array(coordinate.values.tolist(), str))
    return loaded.assign_coords(names)


def _check_chunks(group: Path) -> None:
    """Refuse what is missing, which Zarr takes for zeros."""
    for name, array in zarr.open_group(group, mode="r").arrays():
        missing = array.nchunks - array.nchunks_initialized
        if missing:
            raise BadFileError(
                f"{str(group)!r} does not hold whole attributions: {name!r} lacks {missing} of "
                f"{array.nchunks} chunks"
            )


def mark_group(path: Path, attrs: dict[str, Any] | None = None) -> None:
    """Make a folder a Zarr group, so that any Zarr reader can walk down from it."""
    if not (path / "zarr.json").is_file():
        zarr.open_group(path, mode="a", zarr_format=3, attributes=attrs or {})
