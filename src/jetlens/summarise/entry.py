"""``jetlens.summarise``: attributions in, one summed result out."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import xarray as xr

from jetlens.core.attribution import one_target
from jetlens.core.errors import BadValueError, UnsupportedError
from jetlens.core.registry import summaries
from jetlens.summarise.result import Result, merge

OF_ALL = ("class", "output", "label", "weight", "event", "row")
"""What every attribution has, whatever was explained how."""


def summarise(attribution: xr.Dataset | Iterable[xr.Dataset], name: str, **options: Any) -> Result:
    """Summarise one attribution, or many that stream by.

    Parameters
    ----------
    attribution
        What `jetlens.explain` returns: a dataset, or an iterator over partitions, of which one at a
        time is held. Of several targets one is picked: ``scores.sel(target="b")``.
    name
        The summary's registered name, such as ``"top-origin"``.
    options
        The summary's own arguments.

    Raises
    ------
    UnknownNameError
        If no summary has that name.
    BadValueError
        If the summary does not take an argument, what is handed in is no attribution, or there is
        no partition at all.
    UnsupportedError
        If there is no axis of jets, or several targets where the summary takes one.
    """
    summary = summaries.make(name, **options)
    several = isinstance(attribution, Iterable) and not isinstance(attribution, xr.Dataset | str)
    parts = attribution if several else [attribution]
    return merge(summary.fill(_whole(part)) for part in parts)


def _whole(part: Any) -> xr.Dataset:
    """Return an attribution as summaries take it, of which a target may have been picked."""
    if not isinstance(part, xr.Dataset):
        raise BadValueError(
            "a summary takes what jetlens.explain returns, an xarray.Dataset or an iterator over "
            f"some, not {type(part).__name__}"
        )
    lacks = [name for name in OF_ALL if name not in part.variables]
    if lacks:
        raise BadValueError(
            f"this xarray.Dataset is no attribution: it lacks {', '.join(map(repr, lacks))}, which "
            "jetlens.explain gives"
        )
    if "jet" not in part.dims:
        raise UnsupportedError("a summary takes jets: keep their axis, as in scores.isel(jet=[0])")
    return part if "target" in part.dims else one_target(part)
