"""The smallest change that flips a decision: how often, and how far each feature has to go."""

from __future__ import annotations

import json
from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from jetlens.core.attribution import FLIP_STEP, VALUE, features
from jetlens.core.errors import UnsupportedError
from jetlens.core.registry import summaries
from jetlens.summarise.estimates import (
    DEFINED,
    LEAST,
    Numbers,
    effective,
    given,
    named,
    ratio,
    share_interval,
)
from jetlens.summarise.jets.moved import UNLABELLED, told, unlabelled
from jetlens.summarise.jets.particle_order import real
from jetlens.summarise.jets.ranks import RankSummary, rank_names, summed_by_rank
from jetlens.summarise.result import Result
from jetlens.summarise.sums.binned import rebinned
from jetlens.summarise.sums.quantiles import fill_both, quantiles
from jetlens.summarise.trainings.ensemble import Ensemble
from jetlens.summarise.trainings.retrainings import compared

FLIP_SCALE, TRIED = "flip_scale", "tried"
WHOLE, SCALE = "whole step", "scale"
"""The length of the whole step, over all features; and its scale."""
OF_ALL = "_of_all"
"""In names of numbers: medians over all jets that were tried."""
MEDIAN = 0.5
PROBABILITIES = (0.16, MEDIAN, 0.84)

Floats = NDArray[np.float64]


@summaries.register("flip-distance")
@dataclass(frozen=True, kw_only=True)
class FlipDistance(RankSummary):
    """How far jets have to go for the decision to flip: by feature, class and rank.

    Distances are in spreads of the features among the reference jets, root mean squares over a
    jet's particles. The length of the whole step is the root of the sum of squares over particles
    and features. Medians are over all jets that were tried, where those that do not flip at any
    scale lie beyond all others, so that classes of which other shares flip can be compared; and
    over the jets that flip.
    """

    def fill(self, attribution: xr.Dataset) -> Result:
        """Histogram distances and scales of jets that flip, and sum up squares by rank."""
        home = self.collection
        if FLIP_SCALE in attribution and home + VALUE not in attribution:
            real(attribution, home)  # says what there is
        if home + FLIP_STEP not in attribution:
            method = attribution.attrs.get("method", "this method")
            raise UnsupportedError(
                f"{method!r} does not look for flips of {home!r}: expected an attribution of 'flip'"
            )
        grouped = self.listed(attribution)
        jets, mask = grouped.jets, real(grouped.jets, home)
        step = jets[home + FLIP_STEP].values.astype(np.float64)
        tried = jets[TRIED].values.astype(bool)
        scale = jets[FLIP_SCALE].values
        flips = tried & np.isfinite(scale) & mask.any(axis=1)
        squares = np.where((mask & flips[:, None])[..., None], step, 0) ** 2
        mean = np.sqrt(ratio(squares.sum(axis=1), mask.sum(axis=1)[:, None]))
        whole = np.sqrt(squares.sum(axis=(1, 2)))
        described = features(jets, home)
        names = (*(f.name for f in described), WHOLE, SCALE)
        each = np.column_stack([mean, whole, scale])
        jet, group = np.nonzero(grouped.member & flips[:, None])
        cell = group[:, None] * len(names) + np.arange(len(names))
        parts = fill_both(
            {"group": grouped.groups, "feature": names},
            each[jet].ravel(),
            cell.ravel(),
            np.repeat(jet, len(names)),
            grouped.weights,
        )
        (by_rank,), number, words = summed_by_rank(
            jets, home, self.order, self.ranks, mask & flips[:, None], [squares]
        )
        axes = ("group", "rank", "feature", "replica")
        sums = grouped.counts(tried).assign(
            flipped=(("group", "replica"), grouped.sums(flips.astype(np.float64), tried)),
            flips=("group", (grouped.member & flips[:, None]).sum(axis=0)),
            squares=(axes, grouped.sums(by_rank, flips)),
            particles=((*axes[:2], "replica"), grouped.sums(number, flips)),
        )
        sums[UNLABELLED] = unlabelled(jets)
        sums = sums.assign_coords(
            rank=rank_names(self.ranks), feature=[f.name for f in described]
        ).assign_attrs(
            features=[f.as_dict() for f in described],
            order=words,
            **told(jets),
        )
        return Result(self, sums, parts)

    def share(self, result: Result) -> tuple[Floats, Floats, Floats]:
        """Return the share of moved jets ``[group]`` that flip at all, with its 68 % interval.

        The interval is that of a bootstrap over events; next to 0 and 1, see `share_interval`.
        """
        share = ratio(result.sums["flipped"].values, result.sums["weight"].values)
        return share_interval(share, self.effective(result))

    def effective(self, result: Result) -> Floats:
        """Return the effective number of moved jets ``[group]``."""
        tried = result.sums["jets"].sel(count="used").values
        found: Floats = np.fmin(effective(result.sums["weight"].values), tried)  # no more are there
        return found

    def flipped_by(self, result: Result, scales: Floats) -> Floats:
        """Return the shares of moved jets that have flipped by scales ``[group, scale, replica]``.

        Parameters
        ----------
        result
            A result.
        scales
            Rising from 0.
        """
        both = [result.parts[p].pick(feature=SCALE) for p in ("fine", "coarse")]
        edges = np.concatenate([[-np.inf], scales])
        fine, coarse = (np.cumsum(rebinned(h, edges), axis=1) for h in both)
        weight = result.sums["weight"].values[:, None]
        rough = ratio(coarse, weight)
        found: Floats = (rough + (ratio(fine, weight[..., :1]) - rough[..., :1])).clip(0, 1)
        return found

    def scales(self, result: Result) -> list[float]:
        """Return the scales that were tried, from which flips were looked for."""
        options = json.loads(result.sums.attrs["options"] or "{}")
        return [float(s) for s in options.get("scales", ())] or [1.0]

    def distance(self, result: Result, every: bool = False) -> xr.Dataset:
        """Return quantiles ``[group, feature, PROBABILITIES]`` over jets that flip, or over all.

        They are ``value``, ``low`` and ``high`` (68 %), and ``defined``, the share of replicas that
        define it. The last two features are the whole step and the scale. NaN of fewer than `LEAST`
        jets that flip.

        Parameters
        ----------
        result
            A result.
        every
            Whether jets that do not flip count, beyond all others: NaN where the quantile lies
            among them.
        """
        fine = result.parts["fine"]
        weight = result.sums["weight"].values[:, None]
        total = np.broadcast_to(weight, (*fine.shape, weight.shape[-1])) if every else None
        found = quantiles(result, PROBABILITIES, total)
        enough = xr.DataArray(result.sums["flips"].values >= LEAST, dims="group")
        return found.where(enough)

    def median(self, result: Result, every: bool = False) -> tuple[Floats, Floats, Floats]:
        """Return the medians of `distance` ``[group, feature]``, with their 68 % intervals."""
        found = self.distance(result, every).sel(probability=MEDIAN)
        value, low, high = (found[n].values for n in ("value", "low", "high"))
        return value, low, high

    def by_rank(self, result: Result) -> Floats:
        """Return root mean squares over particles ``[group, rank, feature, replica]``."""
        particles = result.sums["particles"].values[:, :, None]
        found: Floats = np.sqrt(ratio(result.sums["squares"].values, particles))
        found[result.sums["flips"].values < LEAST] = np.nan
        return found

    def ranking(self, result: Result, group: str) -> list[str]:
        """Return the features that move, by their median distance, the largest first."""
        g = list(result.sums["group"].values).index(group)
        names = [str(f) for f in result.sums["feature"].values]
        squares = result.sums["squares"].values[g, :, :, 0].sum(axis=0)
        median = self.median(result)[0][g, : len(names)]
        order = np.argsort(-np.nan_to_num(median), kind="stable")
        return [names[i] for i in order if squares[i] > 0]

    def numbers(self, result: Result) -> Numbers:
        """Return how many jets flip, and how far they have to go.

        ``flip.share.<group>`` is the share of jets that flip at all; of these,
        ``flip.scale.<group>`` is the median scale, ``flip.step.<group>`` the median length of the
        whole step and ``flip.distance.<group>.<feature>`` that of one feature, and
        ``flip.leading.<group>.<feature>`` the distance of the first group of ranks over that of
        all particles. ``flip.scale_of_all``, ``flip.step_of_all`` and ``flip.distance_of_all`` are
        the medians over all jets that were tried; there is none where fewer than half flip. Groups
        of few jets are left out, and features that do not move.
        """
        found: Numbers = {}
        share = self.share(result)
        flipped, every = (
            self.distance(result, jets).sel(probability=MEDIAN) for jets in (False, True)
        )
        by_rank = self.by_rank(result)
        total = result.sums["squares"].sum("rank").values
        particles = result.sums["particles"].sum("rank").values[:, None]
        leading = ratio(by_rank[:, 0], np.sqrt(ratio(total, particles)))
        names = [str(f) for f in result.sums["feature"].values]
        for g, group in enumerate(str(g) for g in result.sums["group"].values):
            if int(result.sums["jets"].sel(count="used").values[g]) >= LEAST:
                found[f"flip.share.{group}"] = {
                    k: float(v[g]) for k, v in zip(("value", "low", "high"), share, strict=True)
                }
            moving = [(f, name) for f, name in enumerate(names) if total[g, f, 0] > 0]
            for f, name in moving:
                found |= named(f"flip.leading.{group}.{name}", leading[g, f])
            places = [("step", "", len(names)), ("scale", "", len(names) + 1)]
            places += [("distance", f".{name}", f) for f, name in moving]
            for what, after, f in places:
                for ending, medians in (("", flipped), (OF_ALL, every)):
                    cell = medians.isel(group=g, feature=f)
                    three = {k: float(cell[k]) for k in ("value", "low", "high")}
                    if number := given(three, float(cell[DEFINED])):
                        found[f"flip.{what}{ending}.{group}{after}"] = number
        return found

    def compare(self, ensemble: Ensemble) -> Numbers:
        """Return the numbers' mean and deviation over retrainings, for every variation."""
        return compared(ensemble)
