"""How far jets have to be moved: scores, decisions and unphysical jets against the scale."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy.special import expit

from jetlens.core.registry import summaries
from jetlens.summarise.estimates import LEAST, Number, Numbers, named, ratio, share_interval
from jetlens.summarise.jets.classes import ClassSummary
from jetlens.summarise.jets.moved import (
    SCALE,
    UNLABELLED,
    UNPHYSICAL,
    check_scanned,
    flipped,
    log_odds,
    moved,
    reasons,
    scale_name,
    scales,
    told,
    unlabelled,
)
from jetlens.summarise.result import Result
from jetlens.summarise.sums.quantiles import fill_both, quantiles
from jetlens.summarise.trainings.ensemble import Ensemble
from jetlens.summarise.trainings.retrainings import compared

FLIPPED, FIRST = "flipped", "first"
"""Jets that are decided otherwise at a scale; and those of which it is the first such scale."""
PROBABILITIES = (0.025, 0.16, 0.5, 0.84, 0.975)
"""The ends of both bands, and the median."""

Floats = NDArray[np.float64]


@summaries.register("nudge-scan")
@dataclass(frozen=True, kw_only=True)
class NudgeScan(ClassSummary):
    """Score, decisions and unphysical jets against the scale that jets are moved by.

    The score is that of the class that each jet is moved toward: ln(p / (1 - p)), of which the
    bands are quantiles over jets, and p. A jet flips at the first scale at which another class is
    decided for than before. ``unphysical`` are jets that one raw step of the scale, without
    constraints, would make so. Jets that were not moved are left out.
    """

    def fill(self, attribution: xr.Dataset) -> Result:
        """Histogram the scores at each scale, and count flipped and unphysical jets."""
        check_scanned(attribution)
        grouped = self.grouped(attribution)
        jets, used = grouped.jets, moved(grouped.jets)
        steps, groups = scales(jets), grouped.groups
        score = log_odds(jets)
        jet, group = np.nonzero(grouped.member & used[:, None])
        cell = group[:, None] * len(steps) + np.arange(len(steps))
        parts = fill_both(
            {"group": groups, SCALE: [scale_name(s) for s in steps]},
            score[jet].ravel(),
            cell.ravel(),
            np.repeat(jet, len(steps)),
            grouped.weights,
        )
        flips = flipped(jets)
        before = np.cumsum(np.pad(flips[:, :-1], ((0, 0), (1, 0))), axis=1) > 0
        counted = {FLIPPED: flips, FIRST: flips & ~before}
        counted |= {name: jets[name].values.astype(bool) for name in reasons(jets)}
        axes = ("group", SCALE, "replica")
        sums = grouped.counts(used).assign(
            {n: (axes, grouped.sums(f.astype(np.float64), used)) for n, f in counted.items()}
        )
        sums[UNLABELLED] = unlabelled(jets)
        sums = sums.assign_coords({SCALE: steps}).assign_attrs(told(jets))
        return Result(self, sums, parts)

    def score(self, result: Result) -> tuple[Floats, Floats]:
        """Return quantiles of the log odds over jets ``[group, scale, PROBABILITIES]``.

        Returns
        -------
        The quantiles, and their 68 % intervals as low and high ``[2, ...]``; NaN without jets.
        """
        found = quantiles(result, PROBABILITIES)
        ends = np.stack([found["low"].values, found["high"].values])
        return found["value"].values, ends

    def share(self, result: Result, name: str) -> tuple[Floats, Floats, Floats]:
        """Return the share of jets ``[group, scale]`` with its 68 % interval.

        The interval is that of a bootstrap over events; next to 0 and 1, see `share_interval`.

        Parameters
        ----------
        result
            A result.
        name
            ``"flipped"``, ``"unphysical"``, or ``"unphysical_<reason>"``.
        """
        return share_interval(self._shares(result, name), self.effective(result)[:, None])

    def ever(self, result: Result) -> tuple[Floats, Floats, Floats]:
        """Return the share of jets ``[group]`` that flips at any of the scales; see `share`."""
        first, weight = (result.sums[n].values for n in (FIRST, "weight"))
        return share_interval(ratio(first.sum(axis=1), weight), self.effective(result))

    def effective(self, result: Result) -> Floats:
        """Return the effective number of moved jets ``[group]``."""
        found: Floats = result.parts["fine"].effective().max(axis=1, initial=0)
        return found

    def reasons(self, result: Result) -> list[str]:
        """Return why raw steps may be unphysical, of these features."""
        begin = f"{UNPHYSICAL}_"
        names = (str(v) for v in result.sums.data_vars)
        return [n.removeprefix(begin) for n in names if n.startswith(begin)]

    def flip_scale(self, result: Result, share: float = 0.5) -> Floats:
        """Return the scale by which a share of jets has flipped once ``[group, replica]``.

        Between two scales, flips count as evenly spread. NaN where fewer flip.
        """
        summed = np.cumsum(self._shares(result, FIRST), axis=1)
        steps = result.sums[SCALE].values
        found = np.full((summed.shape[0], summed.shape[2]), np.nan)
        for g, r in np.ndindex(found.shape):
            upto = np.concatenate([[0.0], summed[g, :, r]])
            at = np.concatenate([[0.0], steps])
            if upto[-1] >= share:
                k = int(np.argmax(upto >= share))
                part = (share - upto[k - 1]) / (upto[k] - upto[k - 1])
                found[g, r] = at[k - 1] + part * (at[k] - at[k - 1])
        return found

    def numbers(self, result: Result) -> Numbers:
        """Return medians and shares at each scale, ``nudge.<what>.<group>.<scale>``.

        ``probability`` is the median of that of the class stepped toward; ``flipped`` and
        ``unphysical`` are shares of jets, and so are ``unphysical_<reason>``: of a tagger that
        takes types or charges, all raw steps are soon unphysical, as they move these, too.
        ``nudge.flip_scale.<group>`` is the scale by which half of the jets have flipped, and
        ``nudge.ever.<group>`` the share that flips at any scale.
        """
        found: Numbers = {}
        medians, ends = (v[..., PROBABILITIES.index(0.5)] for v in self.score(result))
        why = (f"{UNPHYSICAL}_{reason}" for reason in self.reasons(result))
        wanted = (n for n in (FLIPPED, UNPHYSICAL, *why) if n in result.sums)
        names = {n: self.share(result, n) for n in wanted}
        ever = self.ever(result)
        halves = self.flip_scale(result)
        steps = [scale_name(s) for s in result.sums[SCALE].values]
        for g, group in enumerate(str(g) for g in result.sums["group"].values):
            if self.effective(result)[g] < LEAST:
                continue
            for s, step in enumerate(steps):
                odds = (medians[g, s], ends[0, g, s], ends[1, g, s])
                triples = {"probability": tuple(expit(odds))}
                triples |= {n: tuple(v[g, s] for v in three) for n, three in names.items()}
                for what, triple in triples.items():
                    found[f"nudge.{what}.{group}.{step}"] = _number(triple)
            found[f"nudge.ever.{group}"] = _number(v[g] for v in ever)
            found |= named(f"nudge.flip_scale.{group}", halves[g])
        return found

    def compare(self, ensemble: Ensemble) -> Numbers:
        """Return the numbers over retrainings of every variation."""
        return compared(ensemble)

    def _shares(self, result: Result, name: str) -> Floats:
        found: Floats = ratio(result.sums[name].values, result.sums["weight"].values[:, None])
        return found


def _number(triple: Iterable[float]) -> Number:
    return dict(zip(("value", "low", "high"), map(float, triple), strict=True))
