"""Correlations of the particles' features, of their gradients, and before against after a nudge."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from jetlens.core.attribution import MASK, VALUE
from jetlens.core.errors import BadValueError, UnsupportedError, look_up
from jetlens.core.registry import summaries
from jetlens.summarise.base import LEAST, Numbers, named
from jetlens.summarise.jets.gradients import Gradients, GradientSummary
from jetlens.summarise.result import Result
from jetlens.summarise.sums.correlation import pearson, products, spearman
from jetlens.summarise.sums.examples import Examples
from jetlens.summarise.trainings.ensemble import Ensemble
from jetlens.summarise.trainings.retrainings import compared

INPUTS, GRADIENTS, BEFORE, AFTER, CHANGE = "inputs", "gradients", "before", "after", "change"
"""What is correlated: features of all jets, their gradients, features of the jets that were moved
before and after that; and the difference of these two matrices."""
PEARSON, SPEARMAN = "pearson", "spearman"
SCALE, MOVED = "scale", "_moved"

Floats = NDArray[np.float64]
Matrices = dict[str, Floats]
"""By what is correlated, ``[group, feature, feature, replica]``."""
Values = dict[str, tuple[Floats, NDArray[np.bool_]]]
"""By what is correlated, ``[jet, particle, feature]`` and which jets have it ``[jet]``."""


@summaries.register("correlations")
@dataclass(frozen=True, kw_only=True)
class Correlations(GradientSummary):
    """Pearson's and Spearman's correlations of features and of gradients, by class.

    Every particle counts the same. Pearson's coefficients are of all particles. Ranks do not add
    up: Spearman's are of the particles of `ranked` jets, chosen by a hash, so that they are the
    same however the jets were cut into partitions; their intervals are those of so many jets. A
    feature that does not vary has no correlation.

    Parameters
    ----------
    features
        Which features; left out, all that the tagger takes.
    scale
        Where jets were moved, the scale at which they are looked at; left out, the largest.
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
        found = self.gradients(attribution)
        columns = self._columns(found)
        values = self._values(found, columns)
        grouped = found.grouped
        summed: dict[str, list[Floats]] = {"number": [], "first": [], "second": []}
        jets = [(grouped.member & used[:, None]).sum(axis=0) for _, used in values.values()]
        for value, used in values.values():
            first, second = products(value)
            number = found.real.sum(axis=1, dtype=np.float64)
            for name, each in zip(summed, (number, first, second), strict=True):
                summed[name].append(grouped.sums(each, used))
        axes = {"number": (), "first": ("feature",), "second": ("pair",)}
        sums = grouped.counts(found.used).assign(
            {
                name: (("group", "kind", *axes[name], "replica"), np.stack(parts, axis=1))
                for name, parts in summed.items()
            }
        )
        sums["correlated"] = (("group", "kind"), np.stack(jets, axis=1))
        described = [found.features[c].as_dict() for c in columns]
        sums = sums.assign_coords(kind=list(values), feature=[d["name"] for d in described])
        sums = sums.assign_attrs({**found.attrs, "features": described, SCALE: self._scale(found)})
        kept = self._kept(found, values).isel(jet=found.used)
        sample = Examples.choose(kept, self.collection, self.ranked, by_class=False)
        return Result(self, sums, {"ranked": sample})

    def _columns(self, found: Gradients) -> list[int]:
        """Return where the features stand."""
        there = {f.name: i for i, f in enumerate(found.features)}
        kind = f"feature of {self.collection}"
        return [look_up(kind, name, there) for name in self.features or there]

    def _scale(self, found: Gradients) -> float | None:
        """Return the scale of the jets that were moved; None where there are none.

        Raises
        ------
        BadValueError
            If there is no such scale.
        UnsupportedError
            If one is asked for, but no jet was moved by scales.
        """
        scales = found.jets[SCALE].values if SCALE in found.jets.coords else np.zeros(0)
        if self.scale is None:
            return float(scales[-1]) if len(scales) else None
        if not len(scales):
            raise UnsupportedError(
                f"scale={self.scale:g}: these jets were not moved; expected those of 'nudge'"
            )
        near = scales[np.isclose(scales, self.scale)]
        if not len(near):
            listed = ", ".join(f"{s:g}" for s in scales)
            raise BadValueError(f"scale={self.scale:g}: expected one of {listed}")
        return float(near[0])

    def _values(self, found: Gradients, columns: list[int]) -> Values:
        """Return what is correlated ``[jet, particle, feature]``, and of which jets ``[jet]``."""
        real = found.real[..., None]
        value = found.jets[self.collection + VALUE].values[..., columns].astype(np.float64)
        value = np.where(real, value, 0)
        values = {INPUTS: (value, found.used), GRADIENTS: (found.score[..., columns], found.used)}
        if self.collection + MOVED in found.jets:
            moved = found.jets[self.collection + MOVED]
            if SCALE in moved.dims:
                moved = moved.sel({SCALE: self._scale(found)})
            after = moved.values[..., columns].astype(np.float64)
            used = found.used & (np.isfinite(after) | ~real).all(axis=(1, 2))
            after = np.where(real & used[:, None, None], after, 0)
            values |= {BEFORE: (value, used), AFTER: (after, used)}
        return values

    def _kept(self, found: Gradients, values: Values) -> xr.Dataset:
        """Return what ranks are made of; padding and what was not moved is NaN."""
        home = self.collection
        own: dict[str, Any] = {home + MASK: (("jet", home), found.real)}
        for kind, (value, used) in values.items():
            if kind != BEFORE:
                there = found.real[..., None] & used[:, None, None]
                known = np.where(there, value, np.nan).astype(np.float32)
                own[f"{home}_{kind}"] = (("jet", home, f"{home}_feature"), known)
        jets = found.jets[["label", "output", "weight", "row", "event"]]
        return xr.Dataset(own | dict(jets.data_vars), coords=jets.coords)

    def matrices(self, result: Result, method: str = PEARSON) -> Matrices:
        """Return the correlation matrices ``[group, feature, feature, replica]`` by kind.

        Where jets were moved, `CHANGE` is the matrix after less that before, of the same jets. All
        is NaN of fewer than `LEAST` jets of a group, and of features that do not vary.
        """
        look_up("correlation", method, dict.fromkeys((PEARSON, SPEARMAN)))
        kinds = [str(k) for k in result.sums["kind"].values]
        if method == PEARSON:
            sums = [result.sums[name].values for name in ("number", "first", "second")]
            every = pearson(*sums)
            every[result.sums["correlated"].values < LEAST] = np.nan
            found = {kind: every[:, k] for k, kind in enumerate(kinds)}
        else:
            found = self._of_ranks(result.parts["ranked"].jets, kinds)
        if AFTER in found:
            found[CHANGE] = found[AFTER] - found[BEFORE]
        return found

    def _of_ranks(self, sample: xr.Dataset, kinds: list[str]) -> Matrices:
        """Return Spearman's coefficients of the sample."""
        grouped = self.groups_of(sample)
        home, jets = self.collection, grouped.jets
        found: Matrices = {}
        for kind in kinds:
            values = jets[f"{home}_{INPUTS if kind == BEFORE else kind}"].values
            asked = values if kind != BEFORE else jets[f"{home}_{AFTER}"].values
            there = jets[home + MASK].values & np.isfinite(asked).all(axis=2)
            features = values.shape[2]
            found[kind] = np.full(
                (len(grouped.groups), features, features, grouped.weights.shape[1]), np.nan
            )
            for g, mine in enumerate(grouped.member.T):
                jet, particle = np.nonzero(there & mine[:, None])
                if len(np.unique(jet)) >= LEAST:
                    found[kind][g] = spearman(values[jet, particle], jet, grouped.weights)
        return found

    def leading(self, matrix: Floats) -> list[tuple[int, int]]:
        """Return the pairs of features of the largest coefficients ``[feature, feature]``."""
        a, b = np.triu_indices(len(matrix), 1)
        size = np.abs(matrix[a, b])
        order = np.argsort(-np.nan_to_num(size, nan=-1.0), kind="stable")
        known = order[np.isfinite(size[order])][: self.pairs]
        return [(int(a[i]), int(b[i])) for i in known]

    def numbers(self, result: Result) -> Numbers:
        """Return the largest correlations of each group.

        ``correlations.<group>.<kind>.<feature>.<feature>.pearson`` and ``.spearman``, where the
        kind is ``inputs``, ``gradients`` or, where jets were moved, ``change``: that after less
        that before. The pairs are those of Pearson's largest coefficients (or changes) by size.
        """
        found: Numbers = {}
        every = {method: self.matrices(result, method) for method in (PEARSON, SPEARMAN)}
        names = [str(f) for f in result.sums["feature"].values]
        for g, group in enumerate(result.sums["group"].values):
            for kind in shown(every[PEARSON]):
                for a, b in self.leading(every[PEARSON][kind][g, ..., 0]):
                    start = f"correlations.{group}.{kind}.{names[a]}.{names[b]}"
                    for method, matrices in every.items():
                        found |= named(f"{start}.{method}", matrices[kind][g, a, b])
        return found

    def compare(self, ensemble: Ensemble) -> Numbers:
        """Return the numbers' mean and deviation over retrainings, for every variation.

        Pairs that are among the largest in some trainings only are left out.
        """
        return compared(ensemble)


def shown(matrices: Matrices) -> list[str]:
    """Return the kinds that are shown: the change stands for before and after."""
    return [kind for kind in (INPUTS, GRADIENTS, CHANGE) if kind in matrices]
