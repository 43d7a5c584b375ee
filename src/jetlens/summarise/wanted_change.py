"""Which feature a tagger wants to change most: mean gradients by feature and rank of particle."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from jetlens.core.errors import BadValueError, UnsupportedError
from jetlens.core.registry import summaries
from jetlens.summarise.base import LEAST, Numbers, named, ratio
from jetlens.summarise.jets.gradients import PHYSICAL, Gradients, GradientSummary
from jetlens.summarise.jets.particle_order import ordered
from jetlens.summarise.result import Result
from jetlens.summarise.trainings.ensemble import Ensemble
from jetlens.summarise.trainings.retrainings import compared

SIZE, SIGNED = "size", "signed"
KINDS = (SIZE, SIGNED)
"""Means of the gradients' absolute values, and of the gradients as they are."""

Floats = NDArray[np.float64]


@summaries.register("wanted-change")
@dataclass(frozen=True, kw_only=True)
class WantedChange(GradientSummary):
    """Mean gradient of each feature, signed and by size, by class and rank of the particle.

    Every particle counts the same. The signed mean says which way the feature would have to go in
    all particles at once; the size says how much there is to gain from moving each its own way.
    Only gradients per spread of the feature, or per unit of the tagger's scaled input, can be
    ranked: those per GeV and per mm cannot.

    Parameters
    ----------
    misclassified
        Whether the misclassified jets of each true class are a group, too.
    order
        A variable of the particles, whose largest is the first, or ``"listed"``; left out, ``pt``
        where it is there, else as they are listed.
    ranks
        The first rank of each group of ranks; the last group has no end.
    """

    misclassified: bool = True
    order: str = ""
    ranks: Sequence[int] = (1, 2, 3, 4, 6, 11, 21, 41)

    def __post_init__(self) -> None:
        super().__post_init__()
        starts = list(self.ranks)
        whole = all(isinstance(r, int) for r in starts)
        if not whole or starts[:1] != [1] or (np.diff(starts) <= 0).any():
            raise BadValueError(f"ranks={starts}: expected whole numbers that increase from 1")

    def fill(self, attribution: xr.Dataset) -> Result:
        """Sum up gradients by feature and rank, of each group."""
        found = self.gradients(attribution)
        if found.unit == PHYSICAL:
            raise UnsupportedError(
                "gradients per physical unit (GeV, mm, ...) cannot be ranked against each other: "
                'expected those of the explainer with unit="spread" or unit="input"'
            )
        score, particles, words = self._by_rank(found)
        grouped, axes = found.grouped, ("group", "rank", "feature", "replica")
        sums = grouped.counts(found.used).assign(
            particles=(("group", "rank", "replica"), grouped.sums(particles, found.used)),
            size=(axes, grouped.sums(score[SIZE], found.used)),
            signed=(axes, grouped.sums(score[SIGNED], found.used)),
        )
        names = [f.name for f in found.features]
        sums = sums.assign_coords(rank=self.rank_names(), feature=names)
        return Result(self, sums.assign_attrs({**found.attrs, "order": words}))

    def _by_rank(self, found: Gradients) -> tuple[dict[str, Floats], Floats, str]:
        """Sum a jet's gradients ``[jet, rank, feature]`` and particles ``[jet, rank]``."""
        order = ordered(found.jets, self.collection, self.order, found.real.shape[1])
        there = order.there & found.used[:, None]
        starts = np.searchsorted(np.arange(1, there.shape[1] + 1), self.ranks)
        placed = np.take_along_axis(found.score, order.place[..., None], axis=1)
        placed = np.where(there[..., None], placed, 0)

        def added(values: Floats) -> Floats:
            # a place more, so that a group of ranks may begin behind the last one and is empty
            ended = np.pad(values, [(0, 0), (0, 1), *[(0, 0)] * (values.ndim - 2)])
            return np.add.reduceat(ended, starts, axis=1)

        by_kind = {SIZE: added(np.abs(placed)), SIGNED: added(placed)}
        return by_kind, added(there.astype(np.float64)), order.words

    def rank_names(self) -> list[str]:
        """Return what the groups of ranks are called: ``1``, ``4-5``, ``41+``."""
        starts = list(self.ranks)
        ends = [start - 1 for start in starts[1:]]
        pairs = zip(starts, ends, strict=False)
        return [str(a) if a == b else f"{a}-{b}" for a, b in pairs] + [f"{starts[-1]}+"]

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
        size = self.means(result)[0, ..., 1:]
        known = np.asarray(np.isfinite(size).all(axis=1))[:, None]  # [group, 1, replica]
        best = np.nan_to_num(size, nan=-1.0).argmax(axis=1)[:, None]
        mine = (best == np.arange(size.shape[1])[:, None]) & known
        found: Floats = ratio(mine.sum(axis=-1).astype(np.float64), known.sum(axis=-1))
        return found

    def numbers(self, result: Result) -> Numbers:
        """Return the features' mean gradients, and which of them is the largest.

        ``wanted_change.<group>.<feature>.size`` is the mean of its absolute value over all
        particles, ``.signed`` that of the gradient itself, and ``.first`` the share of bootstrap
        replicas in which no other feature's is larger; ``.leading`` is the size for the first
        group of ranks over that for all. Groups of few jets are left out.
        """
        found: Numbers = {}
        mean, first = self.means(result), self.first(result)
        leading = ratio(self.by_rank(result)[0, :, 0], mean[0])
        used = result.sums["jets"].sel(count="used").values
        for g, group in enumerate(result.sums["group"].values):
            if used[g] < LEAST:
                continue
            for f, name in enumerate(result.sums["feature"].values):
                start = f"wanted_change.{group}.{name}"
                for k, kind in enumerate(KINDS):
                    found |= named(f"{start}.{kind}", mean[k, g, f])
                share = dict.fromkeys(("value", "low", "high"), float(first[g, f]))
                found[f"{start}.first"] = share
                found |= named(f"{start}.leading", leading[g, f])
        return found

    def compare(self, ensemble: Ensemble) -> Numbers:
        """Return the numbers' mean and deviation over retrainings, for every variation."""
        return compared(ensemble)
