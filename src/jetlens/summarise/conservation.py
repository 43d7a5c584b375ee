"""Where relevance goes: what reaches the inputs, and what is absorbed on the way, and why."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from jetlens.core.attribution import one_target
from jetlens.core.errors import UnsupportedError
from jetlens.core.registry import summaries
from jetlens.summarise.base import Summary, one_of
from jetlens.summarise.estimates import Numbers, named, ratio
from jetlens.summarise.jets.selection import NOT_POSITIVE, SELECT, choose
from jetlens.summarise.result import Result
from jetlens.summarise.sums.quantiles import fill_both, quantiles

PROBABILITIES = (0.5, 0.99)
IN, ABSORBED = "relevance_in", "relevance_absorbed"

Floats = NDArray[np.float64]


@summaries.register("conservation")
@dataclass(frozen=True, kw_only=True)
class Conservation(Summary):
    """Relevance that comes in, that reaches the inputs, and that is absorbed, by layer and cause.

    Amounts of single jets are taken without their signs, so that jets of opposite relevance do not
    cancel, and divided by the sum of the relevance that comes in. What neither reaches the inputs
    nor is accounted for as absorbed is the ``unaccounted`` rest, which rounding alone explains.

    Parameters
    ----------
    select
        ``"all"`` jets, or the ``"correct"`` ones.

    References
    ----------
    Bach et al., PLoS ONE 10 (2015) e0130140.
    """

    select: str = "all"

    def __post_init__(self) -> None:
        super().__post_init__()
        one_of("select", self.select, SELECT)

    def fill(self, attribution: xr.Dataset) -> Result:
        """Sum up what came in and what was absorbed, and histogram the rest."""
        attribution = one_target(attribution)
        if ABSORBED not in attribution:
            raise UnsupportedError(
                f"this attribution has no {ABSORBED}: its method does not propagate relevance"
            )
        chosen = choose(attribution, self.weights(attribution), self.select, "none")
        chosen = chosen.only(tuple(g for g in chosen.groups if g != NOT_POSITIVE))
        jets = chosen.jets
        entered = jets[IN].values.astype(np.float64)
        absorbed = jets[ABSORBED].transpose("jet", "layer", "cause").values.astype(np.float64)
        by_cause = absorbed.sum(axis=1)
        every = by_cause.sum(axis=1)
        weighted = chosen.member.T.astype(np.float64)[..., None] * chosen.weights

        def summed(amounts: Floats) -> Floats:
            """Return ``[*amounts, group, replica]`` of amounts ``[jet, ...]`` without signs."""
            return np.tensordot(np.abs(amounts), weighted, axes=(0, 1))

        sums = chosen.counts.assign(
            entered=(("group", "replica"), summed(entered)),
            explained=(("group", "replica"), summed(chosen.total)),
            absorbed=(("group", "replica"), summed(every)),
            by_cause=(("cause", "group", "replica"), summed(by_cause)),
            by_layer=(("layer", "cause", "group"), summed(absorbed)[..., 0]),
        ).assign_coords(
            layer=[str(v) for v in jets["layer"].values],
            cause=[str(v) for v in jets["cause"].values],
        )
        rest = np.abs(entered - chosen.total - every)
        size = np.abs(entered)
        relative = np.divide(rest, size, out=np.where(rest > 0, np.inf, 0.0), where=size > 0)
        jet, group = chosen.entries()
        parts = fill_both({"group": chosen.groups}, relative[jet], group, jet, chosen.weights)
        return Result(self, sums, parts)

    def shares(self, result: Result, amount: str) -> Floats:
        """Return an amount over what came in: ``[..., group, replica]``."""
        found: Floats = ratio(result.sums[amount].values, result.sums["entered"].values)
        return found

    def by_layer(self, result: Result) -> Floats:
        """Return what each layer absorbed over what came in, ``[layer, cause, group]``."""
        found: Floats = ratio(result.sums["by_layer"].values, result.sums["entered"].values[:, 0])
        return found

    def numbers(self, result: Result) -> Numbers:
        """Return ``conservation.absorbed.all``, ``conservation.absorbed.all.bias`` and so on.

        ``conservation.unaccounted.all.p99`` is a quantile over jets of the rest, relative to what
        came in.
        """
        found: Numbers = {}
        absorbed, causes = self.shares(result, "absorbed"), self.shares(result, "by_cause")
        explained = self.shares(result, "explained")
        for g, group in enumerate(result.sums["group"].values):
            found |= named(f"conservation.explained.{group}", explained[g])
            found |= named(f"conservation.absorbed.{group}", absorbed[g])
            for c, cause in enumerate(result.sums["cause"].values):
                if causes[c, g, 0] > 0:
                    found |= named(f"conservation.absorbed.{group}.{cause}", causes[c, g])
        table = quantiles(result, PROBABILITIES)
        for group in result.sums["group"].values:
            for p in PROBABILITIES:
                cell = table.sel(group=group, probability=p)
                number = {k: float(cell[k]) for k in ("value", "low", "high")}
                if np.isfinite(list(number.values())).all():
                    found[f"conservation.unaccounted.{group}.p{100 * p:.0f}"] = number
        return found
