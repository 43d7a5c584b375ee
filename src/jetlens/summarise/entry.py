"""``jetlens.summarise``: attributions in, one summed result out."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import xarray as xr

from jetlens.core.attribution import one_target
from jetlens.core.errors import UnsupportedError
from jetlens.core.registry import summaries
from jetlens.summarise.result import Result, merge


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
        If the summary does not take an argument, or there is no partition at all.
    UnsupportedError
        If there is no axis of jets, or several targets where the summary takes one.
    """
    summary = summaries.make(name, **options)
    parts = [attribution] if isinstance(attribution, xr.Dataset) else attribution
    return merge(summary.fill(_whole(part)) for part in parts)


def _whole(part: xr.Dataset) -> xr.Dataset:
    """Return an attribution as summaries take it, of which a target may have been picked."""
    if "jet" not in part.dims:
        raise UnsupportedError("a summary takes jets: keep their axis, as in scores.isel(jet=[0])")
    return part if "target" in part.dims else one_target(part)
