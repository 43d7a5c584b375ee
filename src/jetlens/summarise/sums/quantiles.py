"""Quantiles with intervals: a fine histogram gives the value, a coarse one its bootstrap spread."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from jetlens.summarise.estimates import DEFINED, interval
from jetlens.summarise.sums.histogram import Histogram

if TYPE_CHECKING:
    from jetlens.summarise.result import Result

FINE, COARSE = 8192, 96
"""Occupied bins a cell. Replicas are a hundred times as many, and only their spread is used."""


def fill_both(
    axes: Mapping[str, Sequence[str]],
    values: NDArray[np.float64],
    cell: NDArray[np.int64],
    jet: NDArray[np.int64],
    weights: NDArray[np.float64],
) -> dict[str, Histogram]:
    """Fill entries into a fine nominal histogram and a coarse one with every replica."""
    return {
        "fine": Histogram.fill(axes, values, cell, jet, weights[:, :1], FINE),
        "coarse": Histogram.fill(axes, values, cell, jet, weights, COARSE),
    }


def quantiles(
    result: Result, probabilities: Sequence[float], total: NDArray[np.float64] | None = None
) -> xr.Dataset:
    """Return ``value``, ``low`` and ``high`` ``[*cells, probability]`` of a result's histograms.

    Beside them is ``defined``, the share of replicas that define it.

    Parameters
    ----------
    result
        A result.
    probabilities
        Which quantiles.
    total
        ``[*cells, replica]``, the weight of all entries, where some lie beyond all that were
        filled; see `Histogram.quantiles`.
    """
    fine, coarse = result.parts["fine"], result.parts["coarse"]
    best = fine.quantiles(probabilities, None if total is None else total[..., :1])[..., 0]
    dims = (*fine.axes, "probability")
    rough = coarse.quantiles(probabilities, total)
    numbers = *interval(rough, best), np.isfinite(rough[..., 1:]).mean(axis=-1)
    names = ("value", "low", "high", DEFINED)
    return xr.Dataset(
        {name: (dims, n) for name, n in zip(names, numbers, strict=True)},
        coords={**{a: list(v) for a, v in fine.axes.items()}, "probability": list(probabilities)},
    )
