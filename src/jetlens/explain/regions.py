"""The jets' regions of interest beside an explanation of their images."""

from __future__ import annotations

import xarray as xr

from jetlens.core.attribution import PARTICLES, REGIONS, beside
from jetlens.core.batch import JetBatch


def with_regions(attribution: xr.Dataset, batch: JetBatch) -> xr.Dataset:
    """Return an attribution with its jets' prongs, partons and particles in the image's frame.

    These are no inputs of the tagger; jets that have none of them stay as they are.

    Parameters
    ----------
    attribution
        An attribution of the batch's jets.
    batch
        The jets.
    """
    there = [name for name in REGIONS if name in batch.collections]
    for name in (*there, *([PARTICLES] if there else [])):
        attribution = beside(attribution, batch, name)
    return attribution
