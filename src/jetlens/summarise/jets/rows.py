"""What the rows are called that a result is of: jets, events or showers."""

from __future__ import annotations

import xarray as xr

from jetlens.core.attribution import CALLED
from jetlens.core.batch import JETS
from jetlens.summarise.result import Result
from jetlens.summarise.trainings.costs import Costs
from jetlens.summarise.trainings.ensemble import Ensemble

ROWS = "rows"
"""Attribute of sums: what the rows are called that they are over."""


def rows(attribution: xr.Dataset) -> str:
    """Return what an attribution's rows are called; jets where it does not say."""
    return str(attribution.attrs.get(CALLED, JETS))


def rows_of(result: object) -> str:
    """Return what the rows are called that a result, an ensemble of results, or costs are of."""
    if isinstance(result, Costs):
        return result.rows
    first = result.members[0].result if isinstance(result, Ensemble) else result
    return str(first.sums.attrs.get(ROWS, JETS)) if isinstance(first, Result) else JETS
