"""Attributions of several batches, put one after the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from jetlens.core import attention
from jetlens.core.collection import NO_TRUTH
from jetlens.core.errors import BadValueError

OPEN = ("layer",)
"""Axes whose names may differ from one attribution to the next; what one lacks is zero there."""


def concatenate(parts: Sequence[xr.Dataset]) -> xr.Dataset:
    """Put attributions one after the other; axes of particles and tokens are padded to the longest.

    Raises
    ------
    BadValueError
        If there is nothing to put together, or the classes or features differ.
    """
    if not parts:
        raise BadValueError("no attributions to put together")
    if len(parts) == 1:
        return parts[0]
    parts = _among_all(aligned(parts))
    first = parts[0]
    for other in parts[1:]:
        if set(other.variables) != set(first.variables):
            raise BadValueError("attributions with other variables cannot be put together")
        for coordinate, values in first.coords.items():
            if not np.array_equal(values, other.coords[coordinate]):
                raise BadValueError(
                    f"attributions with other {coordinate!r} cannot be put together"
                )
    ragged = [
        d for d in first.sizes if d != "jet" and any(p.sizes[d] != first.sizes[d] for p in parts)
    ]
    longest = {d: max(p.sizes[d] for p in parts) for d in ragged}
    return xr.concat(
        [pad(p, longest) for p in parts],
        dim="jet",
        data_vars="minimal",
        coords="minimal",
        compat="override",
        join="override",
        combine_attrs="override",
    )


def aligned(parts: Sequence[xr.Dataset]) -> list[xr.Dataset]:
    """Give attributions the same names along axes where these may differ (`OPEN`)."""
    for axis in OPEN:
        named = [[str(n) for n in p[axis].values] for p in parts if axis in p.coords]
        if any(names != named[0] for names in named):
            every = np.array(list(dict.fromkeys(n for names in named for n in names)), dtype=str)
            parts = [
                p.reindex({axis: every}, fill_value=0) if axis in p.coords else p for p in parts
            ]
    return list(parts)


def _among_all(parts: Sequence[xr.Dataset]) -> list[xr.Dataset]:
    """Give attributions the same tokens; what one lacks is padding there."""
    for axis in attention.token_axes(parts[0]):
        if not all(axis in attention.token_axes(p) for p in parts):
            continue
        own = [attention.tokens(p, axis) for p in parts]
        if len(set(own)) > 1:
            every, where = attention.joined(own)
            parts = [_spread(p, axis, every, at) for p, at in zip(parts, where, strict=True)]
    return list(parts)


def _spread(
    part: xr.Dataset, axis: str, every: attention.Tokens, where: NDArray[np.intp]
) -> xr.Dataset:
    if len(where) == len(every):
        return part
    bare = part.drop_vars([axis + attention.COLLECTION, axis + attention.PLACE])
    numbered = bare.assign_coords({axis: where}).reindex({axis: np.arange(len(every))})
    return numbered.drop_vars(axis).assign_coords(every.coordinates(axis))


def pad(attribution: xr.Dataset, lengths: Mapping[Any, int]) -> xr.Dataset:
    """Give particle axes more places: NaN in scores and values, -1 in integers, False in masks."""
    wanted = {
        d: (0, n - attribution.sizes[d]) for d, n in lengths.items() if n > attribution.sizes[d]
    }
    if not wanted:
        return attribution
    fill = {
        name: False if v.dtype == bool else (np.nan if v.dtype.kind == "f" else NO_TRUTH)
        for name, v in attribution.data_vars.items()
    }
    return attribution.pad(wanted, constant_values=fill, keep_attrs=True)
