"""Correlations of the particles' features and gradients, or before against after a nudge."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from jetlens.core.errors import BadValueError, look_up
from jetlens.core.registry import summaries
from jetlens.summarise.estimates import LEAST, Numbers, named
from jetlens.summarise.jets.gradients import GradientSummary
from jetlens.summarise.jets.sides import AFTER, BEFORE, sides
from jetlens.summarise.result import Result
from jetlens.summarise.sums.correlation import pearson, products, spearman
from jetlens.summarise.sums.examples import Examples
from jetlens.summarise.trainings.ensemble import Ensemble
from jetlens.summarise.trainings.retrainings import compared

CHANGE, AGAINST = "change", "against"
"""The matrix after a move less that before; and that of one side's features (down) against the
other's (across)."""
PEARSON, SPEARMAN = METHODS = "pearson", "spearman"

Floats = NDArray[np.float64]
Matrices = dict[str, Floats]
"""By what is correlated, ``[group, feature, feature, replica]``."""


@summaries.register("correlations")
@dataclass(frozen=True, kw_only=True)
class Correlations(GradientSummary):
    """Pearson's and Spearman's correlations of what particles have, by class.

    Of gradients: the matrices of the features and of their gradients, and of the one against the
    other. Of jets that were moved: the matrices before and after, how they differ, and each
    feature before against each feature after.

    Every particle counts the same. Pearson's coefficients are of all particles. Ranks do not add
    up: Spearman's are of the particles of `ranked` jets, chosen by a hash, so that they are the
    same however the jets were cut into partitions; their intervals are those of so many jets. A
    feature that does not vary has no correlation.

    Parameters
    ----------
    features
        Which features; left out, all that the tagger takes.
    scale
        Where jets were moved by a scan of scales, the one at which they are looked at; left out,
        the largest.
    ranked
        Of how many jets Spearman's coefficients are.
    pairs
        How many pairs, those of the largest coefficients, are told as numbers.
    """

    features: Sequence[str] = ()
    scale: float | None = None
    ranked: int = 500
    pairs: int = 3

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.ranked < 1:
            raise BadValueError(f"ranked={self.ranked}: expected at least 1")
        if self.pairs < 0:
            raise BadValueError(f"pairs={self.pairs}: expected none or more")
        if isinstance(self.features, str) or len(set(self.features)) != len(self.features):
            raise BadValueError(f"features={self.features!r}: expected a list of different names")

    def fill(self, attribution: xr.Dataset) -> Result:
        """Sum up features and their products, of each group, and keep jets for ranks."""
        found = sides(self, attribution, self.features, self.scale)
        grouped, (first, second) = found.grouped, products(found.values)
        number = found.real.sum(axis=1, dtype=np.float64)
        sums = grouped.counts(found.used).assign(
            number=(("group", "replica"), grouped.sums(number, found.used)),
            first=(("group", "column", "replica"), grouped.sums(first, found.used)),
            second=(("group", "pair", "replica"), grouped.sums(second, found.used)),
        )
        described = [f.as_dict() for f in found.features]
        sums = sums.assign_coords(side=list(found.names), feature=[d["name"] for d in described])
        sums = sums.assign_attrs({**found.attrs, "features": described})
        kept = found.kept(self.collection)
        sample = Examples.choose(kept, self.collection, self.ranked, by_class=False)
        return Result(self, sums, {"ranked": sample})

    def matrices(self, result: Result, method: str = PEARSON) -> Matrices:
        """Return the correlation matrices ``[group, feature, feature, replica]`` by kind.

        The kinds are the two sides (``inputs`` and ``gradients``, or ``before`` and ``after``),
        where jets were moved `CHANGE`, and `AGAINST`. All is NaN of fewer than `LEAST` jets of a
        group, and of features that do not vary.
        """
        look_up("correlation", method, dict.fromkeys(METHODS))
        if method == PEARSON:
            every = pearson(*(result.sums[name].values for name in ("number", "first", "second")))
            every[result.sums["jets"].sel(count="used").values < LEAST] = np.nan
        else:
            every = self._of_ranks(result)
        first, second = (str(s) for s in result.sums["side"].values)
        d = result.sums.sizes["feature"]
        found = {first: every[:, :d, :d], second: every[:, d:, d:]}
        if second == AFTER:
            found[CHANGE] = found[AFTER] - found[BEFORE]
        return found | {AGAINST: every[:, :d, d:]}

    def _of_ranks(self, result: Result) -> Floats:
        """Return Spearman's coefficients of the sample, of both sides' features in one matrix."""
        grouped = self.groups_of(result.parts["ranked"].jets)
        home, jets = self.collection, grouped.jets
        values = np.concatenate(
            [jets[f"{home}_{side}"].values for side in result.sums["side"].values], axis=2
        )
        there = np.isfinite(values).all(axis=2)
        columns = values.shape[2]
        found = np.full((len(grouped.groups), columns, columns, grouped.weights.shape[1]), np.nan)
        for g, mine in enumerate(grouped.member.T):
            jet, particle = np.nonzero(there & mine[:, None])
            if len(np.unique(jet)) >= LEAST:
                found[g] = spearman(values[jet, particle], jet, grouped.weights)
        return found

    def leading(self, matrix: Floats, mirrored: bool = True) -> list[tuple[int, int]]:
        """Return the pairs of different features of the largest coefficients.

        Parameters
        ----------
        matrix
            ``[feature, feature]``.
        mirrored
            Whether it is the same on both sides of the diagonal.
        """
        apart = ~np.eye(len(matrix), dtype=bool)
        a, b = np.triu_indices(len(matrix), 1) if mirrored else np.nonzero(apart)
        size = np.abs(matrix[a, b])
        order = np.argsort(-np.nan_to_num(size, nan=-1.0), kind="stable")
        known = order[np.isfinite(size[order])][: self.pairs]
        return [(int(a[i]), int(b[i])) for i in known]

    def numbers(self, result: Result) -> Numbers:
        """Return the largest correlations of each group.

        ``correlations.<group>.<kind>.<feature>.<feature>.pearson`` and ``.spearman``, where the
        kind is ``inputs`` or ``gradients`` or, where jets were moved, ``after`` or ``change``:
        that after less that before. ``against`` is a feature against a gradient, or a feature
        before against one after; it is told of each feature with itself, too. The pairs are those
        of Pearson's largest coefficients (or changes) by size.
        """
        found: Numbers = {}
        every = {method: self.matrices(result, method) for method in METHODS}
        names = [str(f) for f in result.sums["feature"].values]
        for g, group in enumerate(result.sums["group"].values):
            for kind in shown(every[PEARSON]):
                crossed = kind == AGAINST
                pairs = self.leading(every[PEARSON][kind][g, ..., 0], not crossed)
                own = [(k, k) for k in range(len(names))] if crossed else []
                for a, b in own + pairs:
                    start = f"correlations.{group}.{kind}.{names[a]}.{names[b]}"
                    for method, matrices in every.items():
                        found |= named(f"{start}.{method}", matrices[kind][g, a, b])
        return found

    def compare(self, ensemble: Ensemble) -> Numbers:
        """Return the numbers' mean and interval over retrainings, for every variation.

        Pairs that are among the largest in some trainings only are left out.
        """
        return compared(ensemble)


def shown(matrices: Matrices) -> list[str]:
    """Return the kinds that are shown: what was before is seen from after and the change."""
    return [kind for kind in matrices if kind != BEFORE]
