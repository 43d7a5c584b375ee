"""What the rows of an attribution are called: jets, or showers."""

from __future__ import annotations

import xarray as xr

from jetlens.core.attribution import MASK
from jetlens.physics.roles import roles
from jetlens.summarise.result import Result
from jetlens.summarise.trainings.ensemble import Ensemble

ROWS = "rows"
"""Attribute of sums: what the rows are called that they are over."""
JETS, SHOWERS = "jets", "showers"

_FEATURE = "_feature"


def rows(attribution: xr.Dataset) -> str:
    """Return what rows are called: showers where they are lists of hits at places, else jets."""
    names = [str(name) for name in attribution.coords]
    homes = [name.removesuffix(_FEATURE) for name in names if name.endswith(_FEATURE)]
    for home in (home for home in homes if home + MASK in attribution):
        if roles(str(f) for f in attribution[home + _FEATURE].values).positions:
            return SHOWERS
    return JETS


def rows_of(result: object) -> str:
    """Return what the rows are called that a result, or an ensemble of results, is of."""
    first = result.members[0].result if isinstance(result, Ensemble) else result
    return str(first.sums.attrs.get(ROWS, JETS)) if isinstance(first, Result) else JETS
