"""Mean maps of attention: particles by rank against each other, for each class and head."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from jetlens.core.errors import BadValueError
from jetlens.core.registry import summaries
from jetlens.summarise.estimates import LEAST, Numbers, ratio
from jetlens.summarise.jets.attention_maps import maps
from jetlens.summarise.jets.classes import ClassSummary
from jetlens.summarise.jets.particle_order import ordered
from jetlens.summarise.result import Result

SIGNIFICANT = 2.0
"""Standard errors that two classes' means are apart, where their difference is shown."""

Floats = NDArray[np.float64]


@summaries.register("attention-map")
@dataclass(frozen=True, kw_only=True)
class AttentionMap(ClassSummary):
    """Mean self-attention of each head, with the particles in order of pT, by class.

    Entry (i, j) is the mean share of its attention that the i-th particle gives to the j-th, over
    the jets that have an i-th particle (and 0 where they have no j-th).

    Parameters
    ----------
    collection
        The particles, whose stream attends to itself.
    layer
        The layer's name; left out, the last one.
    head
        The head's name; left out, all of them.
    order
        A variable of the particles, whose largest goes first, or ``"listed"``; left out, ``pt``
        where it is there, else as they are listed.
    most
        How many particles of each jet have a place in the map.

    References
    ----------
    Hammad, Moretti and Nojiri, arXiv:2401.00452.
    """

    collection: str = "constituents"
    layer: str = ""
    head: str = ""
    order: str = ""
    most: int = 20

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.most < 1:
            raise BadValueError(f"most={self.most}: expected at least 1")

    def fill(self, attribution: xr.Dataset) -> Result:
        """Sum up the maps of each group."""
        home = self.collection
        chosen = self.grouped(attribution)
        found = maps(chosen.jets, home, home, layer=self.layer, head=self.head)
        order = ordered(chosen.jets, home, self.order, self.most)
        attention = found.between(order, order)[:, 0]
        used = order.there[:, 0]
        axes = ("group", "head", "query", "key")
        sums = chosen.counts(used).assign(
            total=(axes, chosen.nominal(attention, used)),
            square=(axes, chosen.nominal(attention, used, power=2)),
            asking=(("group", "query"), chosen.nominal(order.there.astype(np.float64), used)),
            asking2=(("group", "query"), chosen.nominal(order.there.astype(np.float64), used, 2)),
        )
        ranks = np.arange(1, self.most + 1)
        sums = sums.assign_coords(head=list(found.heads), query=ranks, key=ranks)
        return Result(self, sums.assign_attrs(order=order.words, layer=found.layers[0]))

    def means(self, result: Result) -> Floats:
        """Return mean maps ``[group, head, query, key]``; NaN where no jet has such a particle."""
        asking = result.sums["asking"].values[:, None, :, None]
        found: Floats = ratio(result.sums["total"].values, asking)
        return found

    def errors(self, result: Result) -> Floats:
        """Return the standard errors of the mean maps, jets taken as independent."""
        mean = self.means(result)
        asking, squared = (
            result.sums[name].values[:, None, :, None] for name in ("asking", "asking2")
        )
        # of weights w and attention a: sum (w a)^2 is known, and stands for a mean of w^2 a^2
        variance = ratio(result.sums["square"].values, squared) - mean**2
        found: Floats = np.sqrt(np.maximum(variance, 0) * ratio(squared, asking**2))
        return found

    def difference(self, result: Result, first: str, second: str) -> tuple[Floats, Floats]:
        """Return the first group's mean map less the second's, and its standard error.

        Both are ``[head, query, key]``; of fewer than `LEAST` jets, NaN.
        """
        groups = [str(g) for g in result.sums["group"].values]
        a, b = groups.index(first), groups.index(second)
        used = result.sums["jets"].sel(count="used").values
        mean, error = self.means(result), self.errors(result)
        apart, unsure = mean[a] - mean[b], np.hypot(error[a], error[b])
        if min(used[a], used[b]) < LEAST:
            apart, unsure = np.full_like(apart, np.nan), np.full_like(unsure, np.nan)
        return apart, unsure

    def numbers(self, result: Result) -> Numbers:
        """Return nothing: how the mass lies is told by ``attention-rank``."""
        return {}
