"""What particles look at among the event's named objects: mean cross-attention, by class."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from jetlens.core.errors import BadValueError
from jetlens.core.registry import summaries
from jetlens.summarise.estimates import Numbers, bounded, named, ratio
from jetlens.summarise.jets.attention_maps import maps
from jetlens.summarise.jets.classes import ClassSummary, means
from jetlens.summarise.jets.particle_order import Order, ordered, real
from jetlens.summarise.result import Result
from jetlens.summarise.sums.leads import lead_shares, leads, named_lead
from jetlens.summarise.trainings.ensemble import Ensemble
from jetlens.summarise.trainings.retrainings import compared

Floats = NDArray[np.float64]


@summaries.register("cross-attention")
@dataclass(frozen=True, kw_only=True)
class CrossAttention(ClassSummary):
    """Mean attention of the leading particles to each named object, and which receives most.

    It is a share of what the particles give to all objects. That is all of their attention, but of
    rollout, which leaves a part to the particles themselves.

    Parameters
    ----------
    query
        The particles, whose stream asks.
    key
        The objects that are asked; each place in their list is an object of its own.
    names
        The objects' names, in the order of their places; left out, their numbers from 1.
    layer
        The layer's name; left out, the last one.
    head
        The head's name; left out, the mean over all.
    order
        A variable of the particles, whose largest goes first, or ``"listed"``; left out, ``pt``
        where it is there, else as they are listed.
    most
        How many particles of each jet have a place in the map; the objects' shares are of all.

    References
    ----------
    Hammad, Moretti and Nojiri, arXiv:2401.00452.
    """

    query: str = "constituents"
    key: str = "objects"
    names: Sequence[str] = ()
    layer: str = ""
    head: str = ""
    order: str = ""
    most: int = 20

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.most < 1:
            raise BadValueError(f"most={self.most}: expected at least 1")
        if len(set(self.names)) != len(self.names):
            raise BadValueError(f"names={list(self.names)}: expected each only once")

    def fill(self, attribution: xr.Dataset) -> Result:
        """Sum up maps and objects' shares of each group."""
        chosen = self.grouped(attribution)
        found = maps(chosen.jets, self.query, self.key, layer=self.layer, head=self.head)
        order = ordered(chosen.jets, self.query, self.order, self.most)
        there = real(chosen.jets, self.key)
        objects = there.shape[1]
        names = [str(n) for n in self.names or range(1, objects + 1)]
        if len(names) != objects:
            raise BadValueError(
                f"names={names}: expected {objects}, one for each place of {self.key!r}"
            )
        # every object at its own place, whether it is there or not
        placed = Order(np.tile(np.arange(objects), (len(there), 1)), there, "")
        map_ = _shares(found.between(order, placed)[:, 0].mean(axis=1))
        share = found.received()[:, 0].mean(axis=1)
        share = _shares(np.pad(share, ((0, 0), (0, objects - share.shape[1]))))
        used = order.there[:, 0] & there.any(axis=1)
        uniform = np.nan_to_num(ratio(there.astype(float), there.sum(axis=1, keepdims=True)))
        of_group = ("group", "object", "replica")
        sums = chosen.counts(used).assign(
            total=(("group", "query", "object"), chosen.nominal(map_, used)),
            asking=(("group", "query"), chosen.nominal(order.there.astype(float), used)),
            share=(of_group, chosen.sums(share, used)),
            uniform=(of_group, chosen.sums(uniform, used)),
        )
        sums = sums.assign_coords(object=names, query=np.arange(1, self.most + 1))
        attrs = {"order": order.words, "layer": found.layers[0], "heads": list(found.heads)}
        return Result(self, sums.assign_attrs(attrs))

    def map(self, result: Result) -> Floats:
        """Return the mean map ``[group, query, object]``; NaN where no jet has such a particle."""
        found: Floats = ratio(result.sums["total"].values, result.sums["asking"].values[..., None])
        return found

    def shares(self, result: Result) -> Floats:
        """Return each object's mean share of attention ``[group, object, replica]``."""
        return means(result, "share")

    def ranking(self, result: Result, group: str) -> list[str]:
        """Return the objects by their share of attention, the largest first."""
        g = list(result.sums["group"].values).index(group)
        order = np.argsort(-np.nan_to_num(self.shares(result)[g, :, 0]), kind="stable")
        return [str(result.sums["object"].values[i]) for i in order]

    def first(self, result: Result) -> Floats:
        """Return in which share of the replicas each object receives most ``[group, object]``.

        NaN for a group without jets.
        """
        return lead_shares(self.shares(result))

    def numbers(self, result: Result) -> Numbers:
        """Return the objects' shares of attention, and which of them is the first.

        ``cross_attention.<group>.<object>`` is its share, ``.uniform`` what it would be if all that
        are there had the same, and ``.first`` the share of bootstrap replicas in which it receives
        most.
        """
        found: Numbers = {}
        share, uniform = self.shares(result), means(result, "uniform")
        led = leads(share)
        for g, group in enumerate(result.sums["group"].values):
            for o, name in enumerate(result.sums["object"].values):
                start = f"cross_attention.{group}.{str(name).replace(' ', '_')}"
                own = named(start, share[g, o])
                if own:
                    found |= own | named(f"{start}.uniform", uniform[g, o])
                    found |= named_lead(f"{start}.first", led[g], o, self.replicas)
        return found

    def compare(self, ensemble: Ensemble) -> Numbers:
        """Return the numbers' mean and interval over retrainings, for every variation."""
        return {name: bounded(number) for name, number in compared(ensemble).items()}


def _shares(given: NDArray[np.floating]) -> Floats:
    """Divide attention ``[..., object]`` by its sum; zero where there is none."""
    found: Floats = np.nan_to_num(ratio(given, given.sum(axis=-1, keepdims=True)))
    return found
