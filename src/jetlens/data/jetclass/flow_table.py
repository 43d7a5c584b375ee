"""What particle flow is told of the calorimeters, each number with its source.

The tracker and the calorimeters' resolutions are those of `jetlens.data.detector.table`.
"""

from __future__ import annotations

from typing import NamedTuple

from jetlens.core.constant import Constant
from jetlens.data.detector import table as detector_table

CARD = "JetClass's Delphes card for CMS, github.com/jet-universe/jetclass_generation"


class Layer(NamedTuple):
    """One calorimeter, as cells in pseudorapidity and azimuth."""

    cells: int
    """In the full azimuth; a cell is as wide in pseudorapidity."""
    least: float
    """GeV; less is not seen as a neutral particle."""
    significance: float
    """Energy that tracks do not explain, in its uncertainties; less is no neutral particle."""
    resolution: tuple[float, float]
    """a and b of sigma / E = a / sqrt(E) + b."""


ELECTROMAGNETIC = Constant(
    Layer(360, 0.5, 2.0, detector_table.ELECTROMAGNETIC.value),
    "-, GeV, -, sqrt(GeV), -",
    f"{CARD}; resolution: {detector_table.ID_PAPER}",
)
HADRONIC = Constant(
    Layer(72, 1.0, 1.0, detector_table.HADRONIC.value),
    "-, GeV, -, sqrt(GeV), -",
    f"{CARD}; resolution: {detector_table.ID_PAPER}",
)
FIELD_RADIUS = Constant(1230.0, "mm", f"bore of the solenoid, {detector_table.ID_PAPER}")
