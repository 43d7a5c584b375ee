"""Which feature a tagger wants to change most: mean gradients by feature and rank of particle."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from jetlens.core.errors import UnsupportedError
from jetlens.core.registry import summaries
from jetlens.summarise.estimates import LEAST, Numbers, named, ratio
from jetlens.summarise.jets.gradients import PHYSICAL, GradientSummary
from jetlens.summarise.jets.ranks import RankSummary, rank_names, summed_by_rank
from jetlens.summarise.result import Result
from jetlens.summarise.sums.leads import lead_shares, leads, named_lead
from jetlens.summarise.trainings.ensemble import Ensemble
from jetlens.summarise.trainings.retrainings import compared

SIZE, SIGNED = "size", "signed"
KINDS = (SIZE, SIGNED)
"""Means of the gradients' absolute values, and of the gradients as they are."""

Floats = NDArray[np.float64]


@summaries.register("wanted-change")
@dataclass(frozen=True, kw_only=True)
class WantedChange(RankSummary, GradientSummary):
    """Mean gradient of each feature, signed and by size, by class and rank of the particle.

    Every particle counts the same. The signed mean says which way the feature would have to go in
    all particles at once; the size says how much there is to gain from moving each its own way.
    Only gradients per spread of the feature, or per unit of the tagger's scaled input, can be
    ranked: those per GeV and per mm cannot.
    """

    def fill(self, attribution: xr.Dataset) -> Result:
        """Sum up gradients by feature and rank, of each group."""
        found = self.gradients(attribution)
        if found.unit == PHYSICAL:
            raise UnsupportedError(
                "gradients per physical unit (GeV, mm, ...) cannot be ranked against each other: "
                'expected those of the explainer with unit="spread" or unit="input"'
            )
        values = [np.abs(found.score), found.score]
        (size, signed), particles, words = summed_by_rank(
            found.jets, self.collection, self.order, self.ranks, found.real, values
        )
        grouped, axes = found.grouped, ("group", "rank", "feature", "replica")
        sums = grouped.counts(found.used).assign(
            particles=(("group", "rank", "replica"), grouped.sums(particles, found.used)),
            size=(axes, grouped.sums(size, found.used)),
            signed=(axes, grouped.sums(signed, found.used)),
        )
        names = [f.name for f in found.features]
        sums = sums.assign_coords(rank=rank_names(self.ranks), feature=names)
        return Result(self, sums.assign_attrs({**found.attrs, "order": words}))

    def means(self, result: Result) -> Floats:
        """Return means over particles of all ranks ``[kind, group, feature, replica]``."""
        particles = result.sums["particles"].sum("rank").values[:, None]
        return np.stack([ratio(result.sums[k].sum("rank").values, particles) for k in KINDS])

    def by_rank(self, result: Result) -> Floats:
        """Return means over particles ``[kind, group, rank, feature, replica]``."""
        particles = result.sums["particles"].values[:, :, None]
        return np.stack([ratio(result.sums[k].values, particles) for k in KINDS])

    def ranking(self, result: Result, group: str) -> list[str]:
        """Return the features by the size of their gradient, the largest first."""
        g = list(result.sums["group"].values).index(group)
        order = np.argsort(-np.nan_to_num(self.means(result)[0, g, :, 0]), kind="stable")
        return [str(result.sums["feature"].values[i]) for i in order]

    def first(self, result: Result) -> Floats:
        """Return in which share of replicas each feature's gradient is the largest.

        It is ``[group, feature]``, NaN for a group without particles.
        """
        return lead_shares(self.means(result)[0])

    def numbers(self, result: Result) -> Numbers:
        """Return the features' mean gradients, and which of them is the largest.

        ``wanted_change.<group>.<feature>.size`` is the mean of its absolute value over all
        particles, ``.signed`` that of the gradient itself, and ``.first`` the share of bootstrap
        replicas in which no other feature's is larger; ``.leading`` is the size for the first
        group of ranks over that for all, and ``.size.rank_<ranks>`` (``rank_1``, ``rank_4-5``) that
        for each group of ranks. Groups of few jets are left out.
        """
        found: Numbers = {}
        mean = self.means(result)
        led = leads(mean[0])
        size = self.by_rank(result)[0]
        leading = ratio(size[:, 0], mean[0])
        ranks = [str(r) for r in result.sums["rank"].values]
        used = result.sums["jets"].sel(count="used").values
        for g, group in enumerate(result.sums["group"].values):
            if used[g] < LEAST:
                continue
            for f, name in enumerate(result.sums["feature"].values):
                start = f"wanted_change.{group}.{name}"
                for k, kind in enumerate(KINDS):
                    found |= named(f"{start}.{kind}", mean[k, g, f])
                found |= named_lead(f"{start}.first", led[g], f, self.replicas)
                found |= named(f"{start}.leading", leading[g, f])
                for r, rank in enumerate(ranks):
                    found |= named(f"{start}.size.rank_{rank}", size[g, r, f])
        return found

    def compare(self, ensemble: Ensemble) -> Numbers:
        """Return the numbers' mean and deviation over retrainings, for every variation."""
        return compared(ensemble)
