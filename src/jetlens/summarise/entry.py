"""``jetlens.summarise``: attributions in, one summed result out."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import xarray as xr

from jetlens.core.registry import summaries
from jetlens.summarise.result import Result, merge


def summarise(attribution: xr.Dataset | Iterable[xr.Dataset], name: str, **options: Any) -> Result:
    """Summarise one attribution, or many that stream by.

    Parameters
    ----------
    attribution
        What `jetlens.explain` returns: a dataset, or an iterator over partitions, of which one at a
        time is held.
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
    """
    summary = summaries.make(name, **options)
    parts = [attribution] if isinstance(attribution, xr.Dataset) else attribution
    return merge(summary.fill(part) for part in parts)
