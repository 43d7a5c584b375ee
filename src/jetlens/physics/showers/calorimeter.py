"""A block of cells: which one a spot of energy lies in, what is lost, when a cell is hit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from jetlens.core.errors import BadValueError
from jetlens.physics.showers.spots import Points, summed
from jetlens.physics.showers.table import STOCHASTIC
from jetlens.physics.showers.timing import resolution

Floats = NDArray[np.float64]


class Read(NamedTuple):
    """What cells tell of showers, and what is lost on the way."""

    hits: Points
    """The measured energy of cells, their middles, and the measured times; by shower, and of each
    shower by energy, the largest first."""
    leaked: Floats
    """``[shower]``, GeV: beyond the block."""
    late: Floats
    """``[shower]``, GeV: in the block, after the gate has closed."""


@dataclass(frozen=True, kw_only=True)
class Calorimeter:
    """A block of crystals, divided across and along the line of flight, which hits its middle.

    Parameters
    ----------
    cell
        Width of cells in x and y, in mm.
    layer
        Thickness of cells in z, in mm.
    width
        Width of the block in x and y, in mm, rounded to an odd number of cells.
    depth
        Depth of the block, in mm, rounded to whole layers.
    threshold
        Energy from which on a cell is hit, in GeV.
    gate
        What comes later than this after light is not measured, in ns.
    """

    cell: float = 20.0
    layer: float = 20.0
    width: float = 820.0
    depth: float = 1000.0
    threshold: float = 0.005
    gate: float = 10.0

    def __post_init__(self) -> None:
        for name in ("cell", "layer", "width", "depth", "threshold", "gate"):
            value = getattr(self, name)
            if not (np.isfinite(value) and value > 0):
                raise BadValueError(f"{name} = {value}: expected a number above 0")
        for small, large in (("cell", "width"), ("layer", "depth")):
            if getattr(self, small) > getattr(self, large):
                raise BadValueError(
                    f"{small} = {getattr(self, small):g} mm: expected no more than the {large} of "
                    f"the block, {getattr(self, large):g} mm"
                )
        if self.rows**2 * self.layers > 2**31:
            raise BadValueError(
                f"cell = {self.cell:g} and layer = {self.layer:g} mm make {self.rows} x "
                f"{self.rows} x {self.layers} cells: expected 2^31 at the most"
            )

    @property
    def rows(self) -> int:
        """Cells in x, and in y."""
        return 2 * round((self.width / self.cell - 1) / 2) + 1

    @property
    def layers(self) -> int:
        """Cells in z."""
        return max(round(self.depth / self.layer), 1)

    def read(self, spots: Points, showers: int, rng: np.random.Generator) -> Read:
        """Return the hits of showers.

        A cell is hit when its light, measured with a stochastic term, passes the threshold; its
        time is then, with the resolution that its energy gives.

        Parameters
        ----------
        spots
            Spots of the showers with the numbers 0, 1, ...
        showers
            How many there are.
        rng
            Random numbers.
        """
        key, inside = self._cells(spots)
        late = inside & (spots.time > self.gate)

        def lost(some: NDArray[np.bool_]) -> Floats:
            return summed(spots.shower[some], spots.energy[some], showers)

        kept = inside & ~late
        hits = self._hits(key[kept], spots.energy[kept], spots.time[kept], rng)
        return Read(hits, lost(~inside), lost(late))

    def _cells(self, spots: Points) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Return the number of each spot's cell and shower, and whether it is in the block."""
        half = self.rows // 2
        # a spot may be far away: clipped before it is made a whole number
        x, y = (
            np.clip(np.floor(a / self.cell + 0.5) + half, -1, self.rows).astype(np.int64)
            for a in (spots.x, spots.y)
        )
        z = np.clip(np.floor(spots.z / self.layer), -1, self.layers).astype(np.int64)
        inside = (x >= 0) & (x < self.rows) & (y >= 0) & (y < self.rows)
        inside &= (z >= 0) & (z < self.layers)
        return ((spots.shower * self.layers + z) * self.rows + y) * self.rows + x, inside

    def _hits(
        self, key: NDArray[np.int64], energy: Floats, time: Floats, rng: np.random.Generator
    ) -> Points:
        order = np.lexsort((time, key))
        key, energy, time = key[order], energy[order], time[order]
        first = np.flatnonzero(np.diff(key, prepend=-1))
        key = key[first]
        true = np.add.reduceat(energy, first) if len(first) else np.zeros(0)
        measured = true + STOCHASTIC.value * np.sqrt(true) * rng.normal(size=len(true))
        jitter = rng.normal(size=len(true))
        rising = np.cumsum(energy)
        # light that has come when the threshold is passed, as true energy
        needed = rising[first] - energy[first] + self.threshold * true / np.maximum(measured, 1e-9)
        last = np.append(first[1:], len(energy)) - 1 if len(first) else first
        passed = np.minimum(np.searchsorted(rising, needed), last)
        hit = measured >= self.threshold
        key, measured, passed = key[hit], measured[hit], passed[hit]
        when = time[passed] + resolution(measured) * jitter[hit]
        rest, column = np.divmod(key, self.rows)
        rest, row = np.divmod(rest, self.rows)
        shower, plane = np.divmod(rest, self.layers)
        half = self.rows // 2
        hits = Points(
            shower,
            measured,
            (column - half) * self.cell,
            (row - half) * self.cell,
            (plane + 0.5) * self.layer,
            when,
        )
        return hits.take(np.lexsort((-measured, shower)))
