"""The gradient as a field of vectors on the plane of two features of the particles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from jetlens.core.errors import BadValueError, UnsupportedError
from jetlens.core.registry import summaries
from jetlens.summarise.estimates import LEAST, Numbers, named, ratio
from jetlens.summarise.jets.arrows import (
    FLOW,
    LENGTH,
    RADIAL,
    TANGENTIAL,
    alike,
    component,
    flow_of,
    singles_of,
)
from jetlens.summarise.jets.classes import means
from jetlens.summarise.jets.gradients import PHYSICAL, GradientSummary
from jetlens.summarise.jets.particle_order import (
    MOMENTA,
    has,
    momentum_shares,
    particle_variable,
    real,
    shares,
)
from jetlens.summarise.jets.variables import find
from jetlens.summarise.result import Result
from jetlens.summarise.sums.examples import Examples
from jetlens.summarise.sums.field import MOMENTS, chance, field_sums, mean_vectors
from jetlens.summarise.trainings.ensemble import Ensemble
from jetlens.summarise.trainings.retrainings import compared

ENERGY, EQUAL = "energy", "none"
Floats = NDArray[np.float64]


@summaries.register("vector-field")
@dataclass(frozen=True, kw_only=True)
class VectorField(GradientSummary):
    """Mean gradient in cells of a plane, by class: where particles would have to go.

    A particle counts by its share of its jet's pT or energy, so that all jets count the same. Where
    both axes have the same unit, the gradient's component away from the origin says whether the
    tagger wants the jet wider or narrower.

    Parameters
    ----------
    x, y
        Two features of the particles that the tagger takes.
    x_range, y_range
        Where the plane begins and ends, in the features' units; what lies beyond is in no cell.
    bins
        Along each axis.
    weight
        The variable that particles count by, or ``"none"``; left out, what is there of ``pt``,
        ``pt_frac``, ..., ``energy``.
    jets
        Single jets kept of each class: those of the smallest hash.
    """

    x: str = "deta"
    y: str = "dphi"
    x_range: Sequence[float] = (-0.4, 0.4)
    y_range: Sequence[float] = (-0.4, 0.4)
    bins: int = 16
    weight: str = ""
    jets: int = 2

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.x == self.y:
            raise BadValueError(f"x={self.x!r}, y={self.y!r}: expected two features")
        for name in ("x_range", "y_range"):
            ends = tuple(getattr(self, name))
            if len(ends) != 2 or not ends[0] < ends[1]:
                raise BadValueError(f"{name}={list(ends)}: expected where it begins and ends")
        if self.bins < 1:
            raise BadValueError(f"bins={self.bins}: expected at least 1")
        if self.jets < 0:
            raise BadValueError(f"jets={self.jets}: expected none or more")

    def fill(self, attribution: xr.Dataset) -> Result:
        """Sum up gradients in cells of the plane, and their flow from the origin."""
        found = self.gradients(attribution)
        jets, home = found.jets, self.collection
        pair = x, y = [find(jets, f"{home}.{name}") for name in (self.x, self.y)]
        if found.unit == PHYSICAL and not alike(x, y):
            raise UnsupportedError(
                f"a gradient per {x.feature.shown or 'unit'} and per {y.feature.shown or 'unit'} "
                f"has no direction on the plane of {x.name} and {y.name}: expected that of the "
                'explainer with unit="spread"'
            )
        weight, words = self._shares(jets)
        weight = np.where(found.real, weight, 0)
        used = found.used & (weight.sum(axis=1) > 0)
        at = np.stack([np.nan_to_num(v.values(jets)) for v in pair])
        vector = np.stack([component(found, v) for v in pair])
        grouped, edges = found.grouped, self.edges()
        flow = flow_of(at, vector, weight)
        cells = field_sums(at, vector, weight, edges, grouped.member, grouped.weights[:, 0])
        sums = grouped.counts(used).assign(
            flow=(("group", "component", "replica"), grouped.sums(flow, used)),
            field=(("group", "moment", "y", "x"), cells),
        )
        middles = {a: (e[1:] + e[:-1]) / 2 for a, e in zip("xy", edges, strict=True)}
        sums = sums.assign_coords({"component": list(FLOW), "moment": list(MOMENTS), **middles})
        attrs = {
            **found.attrs,
            "axes": {"x": x.feature.as_dict(), "y": y.feature.as_dict()},
            "about_origin": int(alike(x, y)),
            "weight": words,
        }
        singles = singles_of(jets, self.collection, found.real, weight, at, vector)
        examples = Examples.choose(singles.isel(jet=used), self.collection, self.jets)
        return Result(self, sums.assign_attrs(attrs), {"examples": examples})

    def edges(self) -> tuple[Floats, Floats]:
        """Return the edges of the cells along x and y."""
        (left, right), (bottom, top) = self.x_range, self.y_range
        return np.linspace(left, right, self.bins + 1), np.linspace(bottom, top, self.bins + 1)

    def _shares(self, jets: xr.Dataset) -> tuple[Floats, str]:
        """Return what particles count ``[jet, particle]``, and by what that is."""
        home = self.collection
        name = self.weight or next((n for n in (*MOMENTA, ENERGY) if has(jets, home, n)), EQUAL)
        if name == EQUAL:
            return shares(real(jets, home).astype(np.float64)), ""
        momentum = momentum_shares(jets, home, name)
        assert momentum is not None  # it is, where a name is given
        return momentum, particle_variable(jets, home, name)[0].title

    def field(self, result: Result) -> tuple[Floats, Floats, Floats]:
        """Return the mean gradient in each cell, how clear it is, and the particles' density.

        Returns
        -------
        The mean ``[axis, group, y, x]``; how likely one that is zero is found as far from it
        ``[group, y, x]``; the share of a jet's pT (or energy) per unit area. The first two are NaN
        in cells of fewer than `LEAST` jets.
        """
        sums = result.sums["field"].values
        jets, weight = (sums[:, MOMENTS.index(m)] for m in ("jets", "weight"))
        few = jets < LEAST
        x, y = self.edges()
        area = float((x[1] - x[0]) * (y[1] - y[0]))
        density = ratio(weight, result.sums["weight"].values[:, :1, None]) / area
        mean, _ = mean_vectors(sums)
        return np.where(few, np.nan, mean), np.where(few, np.nan, chance(sums)), density

    def flow(self, result: Result) -> Floats:
        """Return the mean flow ``[group, component, replica]``, see `FLOW`."""
        return means(result, "flow")

    def numbers(self, result: Result) -> Numbers:
        """Return whether the gradient points away from the origin, by class.

        ``vector_field.<x>.<y>.<group>.radial`` is the mean component away from the origin of a
        jet's particles, weighted: above 0, the tagger's output rises as the jet becomes wider.
        ``.tangential`` is that around the origin, and ``.along_<x>``, ``.along_<y>`` those along
        the axes; around a jet's axis they are 0 if nothing tells left from right. ``.length`` is
        the gradient's mean length on the plane, and ``.alignment`` the first over it: 1 if all
        gradients point outwards. Where the axes have different units, there is nothing outwards,
        around or aligned. Groups of few jets are left out.
        """
        found: Numbers = {}
        flow = self.flow(result)
        used = result.sums["jets"].sel(count="used").values
        for g, group in enumerate(result.sums["group"].values):
            start = f"vector_field.{self.x}.{self.y}.{group}"
            radial, tangential, length, along_x, along_y = flow[g]
            if used[g] < LEAST:
                continue
            if result.sums.attrs["about_origin"]:
                found |= named(f"{start}.{RADIAL}", radial)
                found |= named(f"{start}.{TANGENTIAL}", tangential)
                found |= named(f"{start}.alignment", ratio(radial, length))
            found |= named(f"{start}.{LENGTH}", length)
            found |= named(f"{start}.along_{self.x}", along_x)
            found |= named(f"{start}.along_{self.y}", along_y)
        return found

    def compare(self, ensemble: Ensemble) -> Numbers:
        """Return the numbers' mean and interval over retrainings, for every variation."""
        return compared(ensemble)
