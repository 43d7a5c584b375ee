"""Importance of particles on the plane around the jets' axes, beside their pT."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from jetlens.core.errors import BadValueError
from jetlens.core.registry import summaries
from jetlens.summarise.estimates import Numbers, named, ratio
from jetlens.summarise.jets.classes import ClassSummary, Grouped, means
from jetlens.summarise.jets.importance import EQUAL, KINDS, MOMENTUM, OWN, spread
from jetlens.summarise.jets.particle_order import has, particle_variable, real
from jetlens.summarise.result import Result
from jetlens.summarise.trainings.ensemble import Ensemble
from jetlens.summarise.trainings.retrainings import compared

AFTER, BEFORE = "after", "before"
"""Frames: as the particles are, and with the mirroring of their jet undone."""
DISTANCE, FLIP = "dr_subjet", "flip"
"""What is read beside the particles, where it is there."""

Floats = NDArray[np.float64]


@summaries.register("importance-plane")
@dataclass(frozen=True, kw_only=True)
class ImportancePlane(ClassSummary):
    """Density of importance on the plane of two variables of the particles, by class.

    Each jet's importance (absolute values) is divided by its sum, so that all jets count the same.
    Beside it stands the density of pT. Where the particles say by what they were mirrored
    (``flip``), both are shown in the frame before the mirroring, too. Where they say how far the
    nearer of their jet's subjets is (``dr_subjet``), numbers tell the share near the subjets.

    Parameters
    ----------
    collection
        The particles.
    x, y
        Their variables; mirroring is along x.
    pt
        The variable that tells their pT; left out, what is there of ``pt``, ``pt_frac``, ...
    radius
        How near to a subjet is near.
    reach
        The plane goes from minus to plus this along both axes, in the variables' units.
    bins
        Along each axis.

    References
    ----------
    Hammad, Moretti and Nojiri, arXiv:2401.00452.
    """

    collection: str = "constituents"
    x: str = "deta"
    y: str = "dphi"
    pt: str = ""
    radius: float = 0.2
    reach: float = 1.0
    bins: int = 40

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("radius", "reach", "bins"):
            if not getattr(self, name) > 0:
                raise BadValueError(f"{name}={getattr(self, name)}: expected more than 0")

    def fill(self, attribution: xr.Dataset) -> Result:
        """Sum up densities, and shares near subjets, of each group."""
        chosen = self.grouped(attribution)
        jets, home = chosen.jets, self.collection
        shared, used = spread(jets, home, self.pt)
        (x_is, x), (y_is, y) = (particle_variable(jets, home, n) for n in (self.x, self.y))
        side = {AFTER: np.ones(x.shape)}
        if has(jets, home, FLIP):
            side[BEFORE] = particle_variable(jets, home, FLIP)[1]
        density = [
            [self._density(chosen, used, shared[:, k], x * turned, y) for turned in side.values()]
            for k in range(len(KINDS) - 1)
        ]
        axes = ("group", "kind", "frame", "y", "x")
        sums = chosen.counts(used).assign(density=(axes, np.moveaxis(np.stack(density), 2, 0)))
        if has(jets, home, DISTANCE):
            close = particle_variable(jets, home, DISTANCE)[1] < self.radius  # padding is not
            near = (shared * close[:, None]).sum(axis=-1)
            sums["near"] = (("group", "share", "replica"), chosen.sums(near, used))
            sums = sums.assign_coords(share=list(KINDS))
        middles = (np.arange(self.bins) + 0.5) / self.bins * 2 * self.reach - self.reach
        sums = sums.assign_coords(kind=[OWN, MOMENTUM], frame=list(side), y=middles, x=middles)
        titles = {"x": x_is.as_dict(), "y": y_is.as_dict()}
        return Result(self, sums.assign_attrs(axes=titles))

    def _density(
        self, chosen: Grouped, used: NDArray[np.bool_], shared: Floats, x: Floats, y: Floats
    ) -> Floats:
        """Sum shares ``[jet, particle]`` in cells ``[group, y, x]``; what lies beyond is lost."""
        column, row = (
            np.nan_to_num((v + self.reach) / (2 * self.reach) * self.bins, nan=-1.0) for v in (x, y)
        )
        inside = (column >= 0) & (column < self.bins) & (row >= 0) & (row < self.bins)
        inside &= real(chosen.jets, self.collection) & used[:, None]
        jet, particle = np.nonzero(inside)
        cell = row[jet, particle].astype(np.int64) * self.bins
        cell += column[jet, particle].astype(np.int64)
        weight = shared[jet, particle] * chosen.weights[jet, 0]
        found = [
            np.bincount(cell[m], weight[m], minlength=self.bins**2) for m in chosen.member[jet].T
        ]
        return np.array(found, dtype=np.float64).reshape(-1, self.bins, self.bins)

    def densities(self, result: Result) -> Floats:
        """Return shares per unit area ``[group, kind, frame, y, x]``; NaN without jets or pT."""
        weight = result.sums["weight"].values[:, :1, None, None, None]
        area = (2 * self.reach / self.bins) ** 2
        found: Floats = ratio(result.sums["density"].values, weight) / area
        return found

    def near(self, result: Result) -> Floats | None:
        """Return the shares near a subjet ``[group, share, replica]``; None where unknown."""
        return means(result, "near") if "near" in result.sums else None

    def numbers(self, result: Result) -> Numbers:
        """Return how much of the importance is near the jets' subjets, by class.

        ``importance_plane.<group>.near_subjets`` is its share within the radius, ``.pt`` that of pT
        and ``.particles`` that of particles; ``importance_plane.<group>.enrichment`` is the first
        divided by the second, ``.enrichment.particles`` by the third.
        """
        found: Numbers = {}
        near = self.near(result)
        if near is None:
            return found
        for g, group in enumerate(result.sums["group"].values):
            start = f"importance_plane.{group}"
            for k, kind in enumerate(KINDS):
                after = "" if kind == OWN else f".{kind}"
                found |= named(f"{start}.near_subjets{after}", near[g, k])
            found |= named(f"{start}.enrichment", ratio(near[g, 0], near[g, 1]))
            found |= named(f"{start}.enrichment.{EQUAL}", ratio(near[g, 0], near[g, 2]))
        return found

    def compare(self, ensemble: Ensemble) -> Numbers:
        """Return the numbers' mean and interval over retrainings, for every variation."""
        return compared(ensemble)
