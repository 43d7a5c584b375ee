"""How sure a tagger is of a jet's true class, on a scale on which near certainty is not the end."""

from __future__ import annotations

import numpy as np
import xarray as xr
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def log_odds(jets: xr.Dataset) -> Floats:
    """Return ln p / (1 - p) of the true class's probability ``[jet]``; 0 of jets without one."""
    output = jets["output"].values.astype(np.float64)
    label = jets["label"].values
    own = np.arange(output.shape[1]) == label[:, None]
    rest = np.logaddexp.reduce(np.where(own, -np.inf, output), axis=1)
    found: Floats = np.where(label >= 0, np.where(own, output, 0).sum(axis=1) - rest, 0)
    return found
