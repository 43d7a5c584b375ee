"""Shapes of calorimeter showers that tell particles apart, from their hits alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from jetlens.core.units import Feature
from jetlens.physics.substructure import ratio

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class Hits(NamedTuple):
    """The hits of showers, shower by shower, each ``[hit]``; every shower has one at least."""

    counts: Ints
    """Hits of each shower ``[shower]``."""
    x: Floats
    """mm; z is the depth."""
    y: Floats
    z: Floats
    energy: Floats
    """GeV."""
    time: Floats | None = None
    """ns, where it is known."""

    def sums(self, values: Floats) -> Floats:
        """Sum values ``[hit]`` over each shower's hits ``[shower]``."""
        found: Floats = np.add.reduceat(values, self._starts)
        return found

    def least(self, values: Floats) -> Floats:
        """Return the least of the values ``[hit]`` of each shower ``[shower]``."""
        found: Floats = np.minimum.reduceat(values, self._starts)
        return found

    def mean(self, values: Floats) -> Floats:
        """Return the mean of values ``[hit]``, weighted by energy ``[shower]``."""
        return ratio(self.sums(self.energy * values), self.sums(self.energy))

    def variance(self, values: Floats) -> Floats:
        """Return the variance of values ``[hit]``, weighted by energy ``[shower]``."""
        return self.mean((values - np.repeat(self.mean(values), self.counts)) ** 2)

    @property
    def _starts(self) -> Ints:
        starts: Ints = np.cumsum(self.counts) - self.counts
        return starts


def energy(showers: Hits) -> Floats:
    """Return the energy that is seen, in GeV."""
    return showers.sums(showers.energy)


def depth(showers: Hits) -> Floats:
    """Return the mean depth of the energy, in mm."""
    return showers.mean(showers.z)


def length(showers: Hits) -> Floats:
    """Return the standard deviation of the energy's depth, in mm."""
    return np.sqrt(showers.variance(showers.z))


def width(showers: Hits) -> Floats:
    """Return the root mean square distance of the energy from its axis along z, in mm."""
    return np.sqrt(showers.variance(showers.x) + showers.variance(showers.y))


def start(showers: Hits) -> Floats:
    """Return the depth of the first hit, in mm."""
    return showers.least(showers.z)


def concentration(showers: Hits) -> Floats:
    """Return sqrt(sum E^2) / sum E, 1 of a single hit."""
    return ratio(np.sqrt(showers.sums(showers.energy**2)), showers.sums(showers.energy))


def time(showers: Hits) -> Floats:
    """Return the mean time of the energy, in ns."""
    assert showers.time is not None
    return showers.mean(showers.time)


def earliest(showers: Hits) -> Floats:
    """Return the time of the earliest hit, in ns."""
    assert showers.time is not None
    return showers.least(showers.time)


def duration(showers: Hits) -> Floats:
    """Return the standard deviation of the energy's time, in ns."""
    assert showers.time is not None
    return np.sqrt(showers.variance(showers.time))


OBSERVABLES: dict[str, Feature] = {
    "energy": Feature("energy", unit="GeV", label="Energy that is seen"),
    "depth": Feature("depth", unit="mm", label="Mean depth"),
    "length": Feature("length", unit="mm", label="Length (RMS in depth)"),
    "width": Feature("width", unit="mm", label="Width (RMS across)"),
    "start": Feature("start", unit="mm", label="Depth of the first hit"),
    "concentration": Feature("concentration", label=r"$\sqrt{\sum E^2}\, /\, \sum E$"),
    "time": Feature("time", unit="ns", label="Mean time"),
    "earliest": Feature("earliest", unit="ns", label="Earliest time"),
    "duration": Feature("duration", unit="ns", label="Duration (RMS in time)"),
}
"""Observables that are computed by `observables`, in this order."""

TIMES = ("time", "earliest", "duration")
"""Those that need the hits' time."""

_COMPUTED: Mapping[str, Callable[[Hits], Floats]] = {
    "energy": energy,
    "depth": depth,
    "length": length,
    "width": width,
    "start": start,
    "concentration": concentration,
    "time": time,
    "earliest": earliest,
    "duration": duration,
}


def observables(showers: Hits, names: tuple[str, ...]) -> dict[str, Floats]:
    """Return observables of showers by name, each ``[shower]``; the names are of `OBSERVABLES`."""
    return {name: _COMPUTED[name](showers) for name in names}
