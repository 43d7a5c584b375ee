"""How importance is spread over the particles of jets, beside pT and equal shares."""

from __future__ import annotations

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from jetlens.core.attribution import importance
from jetlens.summarise.jets.particle_order import momentum_shares, real, shares

OWN, MOMENTUM, EQUAL = "importance", "pt", "particles"
KINDS = (OWN, MOMENTUM, EQUAL)
"""What is shared out among a jet's particles: importance, and beside it pT, and equal parts."""

Floats = NDArray[np.float64]


def spread(jets: xr.Dataset, collection: str, pt: str = "") -> tuple[Floats, NDArray[np.bool_]]:
    """Return the shares that a jet's particles have of importance, of pT, and as equal parts.

    Parameters
    ----------
    jets
        An attribution.
    collection
        The particles.
    pt
        The variable that tells their pT; see `momentum_shares`.

    Returns
    -------
    ``[jet, kind, particle]`` with the `KINDS` in order, adding up to 1 (or 0) over particles and
    NaN for pT where it is not known; and ``[jet]``, whether the jet has any importance.

    Raises
    ------
    UnsupportedError
        If this attribution gives these particles no importance.
    """
    mask = real(jets, collection)
    own = shares(np.where(mask, importance(jets, collection).values, 0))
    momentum = momentum_shares(jets, collection, pt)
    if momentum is None:
        momentum = np.full(mask.shape, np.nan)
    every = np.stack([own, momentum, shares(mask.astype(np.float64))], axis=1)
    return every, own.sum(axis=1) > 0
