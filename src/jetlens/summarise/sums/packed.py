"""Datasets as a JSON header and plain arrays, as files hold them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import xarray as xr
from numpy.typing import NDArray


def pack(dataset: xr.Dataset) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """Split a dataset into a JSON header (names, axes, coordinates, attributes) and arrays."""
    header = {
        "dims": {str(name): list(v.dims) for name, v in dataset.data_vars.items()},
        "coords": {str(name): v.values.tolist() for name, v in dataset.coords.items()},
        "attrs": dataset.attrs,
        "described": {str(name): v.attrs for name, v in dataset.data_vars.items()},
    }
    return header, {str(name): v.values for name, v in dataset.data_vars.items()}


def unpack(header: dict[str, Any], arrays: Mapping[str, NDArray[Any]]) -> xr.Dataset:
    """Put a dataset together again."""
    data = {
        name: (dims, arrays[name], header["described"][name])
        for name, dims in header["dims"].items()
    }
    return xr.Dataset(data, coords=header["coords"], attrs=header["attrs"])
