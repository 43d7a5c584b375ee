"""How well the scores of each jet add up to what they explain, and how many jets converged."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr

from jetlens.core.attribution import one_target
from jetlens.core.errors import UnsupportedError
from jetlens.core.registry import summaries
from jetlens.summarise.base import Summary
from jetlens.summarise.estimates import Numbers, named, ratio
from jetlens.summarise.jets.selection import choose
from jetlens.summarise.result import Result
from jetlens.summarise.sums.histogram import Histogram
from jetlens.summarise.sums.quantiles import fill_both, quantiles

KINDS = ("absolute", "relative")
PROBABILITIES = (0.5, 0.9, 0.99)


@summaries.register("completeness")
@dataclass(frozen=True, kw_only=True)
class Completeness(Summary):
    """Distribution of the completeness error, and the fraction of jets that converged.

    The error is the sum of a jet's scores minus the difference of the outputs that they explain
    (arXiv:1703.01365, proposition 1); ``relative`` divides it by that difference. All jets count.
    """

    def fill(self, attribution: xr.Dataset) -> Result:
        """Histogram the errors of each group."""
        attribution = one_target(attribution)
        if "completeness_error" not in attribution:
            raise UnsupportedError(
                "this attribution has no completeness_error: its method is not one that promises "
                "completeness"
            )
        weights = self.weights(attribution)
        chosen = choose(attribution, weights, "all", "none")
        error = attribution["completeness_error"].values.astype(np.float64)
        explained = np.abs(chosen.total - error)
        size = np.abs(error)
        relative = np.divide(
            size, explained, out=np.where(size > 0, np.inf, 0.0), where=explained > 0
        )
        jet, group = chosen.entries()
        axes = {"kind": KINDS, "group": chosen.groups}
        values = np.concatenate([size[jet], relative[jet]])
        cell = np.concatenate([group, len(chosen.groups) + group])
        parts = fill_both(axes, values, cell, np.tile(jet, 2), weights)
        sums = chosen.counts
        if "converged" in attribution:
            reached = (chosen.member & attribution["converged"].values[:, None]).astype(np.float64)
            sums = sums.assign(
                converged=(("group", "replica"), reached.T @ weights),
                not_converged=("group", (chosen.member & (reached == 0)).sum(axis=0)),
            )
        return Result(self, sums, parts)

    def numbers(self, result: Result) -> Numbers:
        """Return quantiles ``completeness.<kind>.<group>.p<percent>`` and converged fractions."""
        found: Numbers = {}
        table = quantiles(result, PROBABILITIES)
        for kind in KINDS:
            for group in result.sums["group"].values:
                for p in PROBABILITIES:
                    cell = table.sel(kind=kind, group=group, probability=p)
                    if np.isfinite(cell["value"]):
                        found[f"completeness.{kind}.{group}.p{100 * p:.0f}"] = {
                            k: float(cell[k]) for k in ("value", "low", "high")
                        }
        if "converged" in result.sums:
            fraction = ratio(result.sums["converged"].values, result.sums["weight"].values)
            for g, group in enumerate(result.sums["group"].values):
                found |= named(f"converged.{group}", fraction[g])
        return found

    def fine(self, result: Result) -> Histogram:
        """Return the nominal histogram, for drawing."""
        histogram: Histogram = result.parts["fine"]
        return histogram
