"""What showers consist of on the way to hits: cascades that begin, spots of energy that they leave.

Places are in mm: z from the calorimeter's face along the particle's line of flight, x and y across
it. Times are in ns, less the time that light takes to the same depth.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from jetlens.physics.showers.table import SPEED_OF_LIGHT

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class Points(NamedTuple):
    """Energies at places and times, all ``[point]``; each belongs to the shower of a number."""

    shower: Ints
    energy: Floats
    """GeV."""
    x: Floats
    y: Floats
    z: Floats
    """mm."""
    time: Floats
    """ns, later than light."""

    def take(self, rows: Ints) -> Points:
        """Return some of the points, each as often as it is named."""
        return Points._make(column[rows] for column in self)


def summed(shower: Ints, values: Floats, showers: int) -> Floats:
    """Return the sum of values ``[point]`` over the points of each shower."""
    return np.bincount(shower, values, showers).astype(np.float64)


def joined(parts: Sequence[Points]) -> Points:
    """Put points together, one part after the other."""
    return Points._make(np.concatenate(columns) for columns in zip(*parts, strict=True))


def around(
    start: Points, energy: Floats, depth: Floats, radius: Floats, rng: np.random.Generator
) -> Points:
    """Place energies about where cascades began, at any azimuth.

    What is off the axis came on a straight line from the start, at the speed of light.

    Parameters
    ----------
    start
        Where and when, for each point: ``[point]``.
    energy
        GeV.
    depth, radius
        mm from the start, along the line of flight and across it.
    rng
        Random numbers.
    """
    azimuth = rng.uniform(0.0, 2 * np.pi, len(depth))
    return Points(
        start.shower,
        energy,
        start.x + radius * np.cos(azimuth),
        start.y + radius * np.sin(azimuth),
        start.z + depth,
        start.time + (np.hypot(depth, radius) - depth) / SPEED_OF_LIGHT.value,
    )
