"""The record of a reconstructed track, between detector and file."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from jetlens.data import detector_table as table

PARAMETERS = ("d0", "z0", "phi", "theta", "q_over_p")

TRACK = np.dtype(
    [
        ("event", np.int64),
        ("origin", np.int8),
        ("made", np.float64, 3),  # true production vertex in mm
        *((name, np.float64) for name in PARAMETERS),  # mm, mm, rad, rad, 1/GeV
        ("sigma", np.float64, len(PARAMETERS)),  # their uncertainties
        ("hits", np.int16, len(table.BARREL.value) + len(table.DISKS.value)),
        ("pixel_holes", np.int16),
        ("strip_holes", np.int16),
    ]
)
"""A reconstructed track; parameters relative to the reconstructed hard-scatter vertex."""

Tracks = NDArray[np.void]
