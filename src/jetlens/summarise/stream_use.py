"""How much a tagger uses each of its streams, by class."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from jetlens.core.errors import UnsupportedError
from jetlens.core.registry import summaries
from jetlens.summarise.estimates import Numbers, named
from jetlens.summarise.jets.classes import ClassSummary, means
from jetlens.summarise.result import Result
from jetlens.summarise.trainings.differences import differences
from jetlens.summarise.trainings.ensemble import Ensemble
from jetlens.summarise.trainings.retrainings import compared, place_of

SHARE, LOSS = "share", "loss"
TABLES = {SHARE: "stream_share", LOSS: "permutation_loss"}
"""What is summed up, where it is there, by the names that explainers give it."""

Floats = NDArray[np.float64]


@summaries.register("stream-use")
@dataclass(frozen=True, kw_only=True)
class StreamUse(ClassSummary):
    """Mean share of each stream in what enters the head, or the loss when it is permuted, by class.

    The share is of the activations that enter the head times its first weights (explainer
    ``stream-share``); the loss is what the cross-entropy rises by when the stream's inputs are
    those of other jets (explainer ``permutation``).

    References
    ----------
    Hammad, Moretti and Nojiri, arXiv:2401.00452.
    """

    def fill(self, attribution: xr.Dataset) -> Result:
        """Sum up shares and losses of each group."""
        chosen = self.grouped(attribution)
        there = {kind: name for kind, name in TABLES.items() if name in chosen.jets}
        if not there:
            raise UnsupportedError(
                "how a tagger uses its streams is not in this attribution: explain with "
                "'stream-share' or 'permutation'"
            )
        table = np.stack([chosen.jets[name].values for name in there.values()], axis=1)
        used = np.isfinite(table).all(axis=(1, 2))
        sums = chosen.counts(used).assign(
            total=(("group", "kind", "stream", "replica"), chosen.sums(table, used))
        )
        streams = [str(s) for s in chosen.jets["stream"].values]
        return Result(self, sums.assign_coords(kind=list(there), stream=streams))

    def use(self, result: Result, kind: str) -> dict[str, Floats]:
        """Return each stream's mean ``[group, replica]`` of one kind; empty if it is not there."""
        kinds = [str(k) for k in result.sums["kind"].values]
        if kind not in kinds:
            return {}
        mean = means(result, "total")[:, kinds.index(kind)]
        return {str(s): mean[:, i] for i, s in enumerate(result.sums["stream"].values)}

    def estimates(self, result: Result) -> dict[str, Floats]:
        """Return all means ``[replica]``, by ``<group>.<stream>.<kind>``."""
        groups = [str(g) for g in result.sums["group"].values]
        return {
            f"{group}.{stream}.{kind}": mean[g]
            for kind in TABLES
            for stream, mean in self.use(result, kind).items()
            for g, group in enumerate(groups)
        }

    def numbers(self, result: Result) -> Numbers:
        """Return ``stream_use.<group>.<stream>.share`` and ``.loss``."""
        found: Numbers = {}
        for name, mean in self.estimates(result).items():
            found |= named(f"stream_use.{name}", mean)
        return found

    def compare(self, ensemble: Ensemble) -> Numbers:
        """Return numbers over retrainings, and differences between variations.

        ``stream_use.<variation>.<group>.<stream>.share`` is a variation's mean, and
        ``stream_use.<variation>.<group>.<stream>.share.vs.<first>`` its paired difference from the
        variation that has the first place on an axis and is otherwise the same; see
        `jetlens.summarise.trainings.gains`.
        """
        found = compared(ensemble)
        for variation, first, name, number in differences(ensemble, self._both):
            found[f"stream_use.{place_of(variation)}.{name}.vs.{first}"] = number
        return found

    def _both(self, ours: Result, others: Result) -> tuple[dict[str, Floats], dict[str, Floats]]:
        return self.estimates(ours), self.estimates(others)
