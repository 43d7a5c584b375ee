"""Gradients of particles as arrows on the plane of two features."""

from __future__ import annotations

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from jetlens.core.attribution import MASK
from jetlens.summarise.estimates import ratio
from jetlens.summarise.jets.gradients import PHYSICAL, Gradients
from jetlens.summarise.jets.variables import Variable

RADIAL, TANGENTIAL, LENGTH = "radial", "tangential", "length"
FLOW = (RADIAL, TANGENTIAL, LENGTH, "x", "y")
"""A jet's weighted mean gradient away from the origin, around it, its mean length, and its mean
along either axis."""
ANGLES = ("", "rad")
"""Units that are the same: differences of rapidity and of azimuth are drawn on one scale."""

Floats = NDArray[np.float64]


def alike(x: Variable, y: Variable) -> bool:
    """Say whether two variables have the same unit, so that there are distances on their plane."""
    units = {x.feature.shown, y.feature.shown}
    return len(units) == 1 or units == set(ANGLES)


def component(found: Gradients, variable: Variable) -> Floats:
    """Return a feature's gradient ``[jet, particle]``, in the unit that is shown."""
    factor = variable.feature.shown_factor if found.unit == PHYSICAL else 1.0
    component: Floats = found.score[..., variable.position] / factor
    return component


def flow_of(at: Floats, vector: Floats, weight: Floats) -> Floats:
    """Return each jet's weighted `FLOW` ``[jet, component]``; at the origin there is no outside."""
    away = ratio(at, np.hypot(*at))
    x, y = np.nan_to_num(away)
    along, around = x * vector[0] + y * vector[1], x * vector[1] - y * vector[0]
    each = (along, around, np.hypot(*vector), *vector)
    return np.stack([(weight * e).sum(axis=1) for e in each], axis=1)


def singles_of(
    jets: xr.Dataset, home: str, mask: NDArray[np.bool_], weight: Floats, at: Floats, vector: Floats
) -> xr.Dataset:
    """Return what is drawn of single jets: where particles are, their share and gradient."""
    shown = {"x": at[0], "y": at[1], "along_x": vector[0], "along_y": vector[1], "share": weight}
    own = {
        f"{home}_{name}": (("jet", home), np.where(mask, values, np.nan).astype(np.float32))
        for name, values in shown.items()
    }
    known = jets[["label", "output", "weight", "row", "event"]]
    return xr.Dataset(
        {**own, home + MASK: (("jet", home), mask), **known.data_vars}, coords=known.coords
    )
