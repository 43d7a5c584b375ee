"""Distributions of attributions: of each variable, or of one in bins of its own value."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr

from jetlens.core.attribution import MASK, SCORE, VALUE, collections, features
from jetlens.core.errors import BadValueError, look_up
from jetlens.core.registry import summaries
from jetlens.core.units import Feature
from jetlens.summarise.estimates import LEAST, Numbers
from jetlens.summarise.jets.particle_order import missing
from jetlens.summarise.jets.particles import Particles
from jetlens.summarise.jets.selection import NOT_POSITIVE, Chosen, ScoreSummary
from jetlens.summarise.result import Result
from jetlens.summarise.sums.edges import bin_of, edges_of
from jetlens.summarise.sums.quantiles import fill_both, quantiles
from jetlens.summarise.top_origin import CATEGORIES, origins

PROBABILITIES = (0.05, 0.25, 0.5, 0.75, 0.95)
"""Whisker, box, median, box, whisker."""
LABEL = "label"
_SPLIT = 4  # bins of the value's own distribution in each bin of the boxes


@summaries.register("box")
@dataclass(frozen=True, kw_only=True)
class Box(ScoreSummary):
    """Box plots of attributions, for all jets and by flavour.

    Without a feature in `by`, each variable's attributions are summed over the tracks of the jet.
    With one, it is that feature's attribution in the track with the largest attribution of the jet,
    in bins of the feature's value there; beside it the feature's distribution by truth origin, over
    all tracks of the same jets. Quantiles are accurate to 1 % of the interquartile range.

    Parameters
    ----------
    by
        ``"label"`` for one group a true class, and one feature or none.
    edges
        Bins of that feature in its unit; left out, those that are known for it.
    collection
        The particles.
    """

    by: str | Sequence[str] = (LABEL,)
    edges: Sequence[float] = ()
    collection: str = "tracks"

    def __post_init__(self) -> None:
        super().__post_init__()
        if isinstance(self.by, str):
            object.__setattr__(self, "by", (self.by,))
        if len([b for b in self.by if b != LABEL]) > 1:
            raise BadValueError(f"by={list(self.by)}: expected 'label' and at most one feature")
        if self.feature is not None:
            edges_of(self.feature, self.edges)

    @property
    def feature(self) -> str | None:
        """The feature whose values are binned, or None."""
        return next((b for b in self.by if b != LABEL), None)

    def fill(self, attribution: xr.Dataset) -> Result:
        """Histogram the attributions of each group and variable, or value."""
        chosen = self.choose(attribution)
        if LABEL not in self.by:
            chosen = chosen.only(("all", NOT_POSITIVE))
        return self._by_variable(chosen) if self.feature is None else self._by_value(chosen)

    def _by_variable(self, chosen: Chosen) -> Result:
        described, totals = summed(chosen.jets, chosen.scale)
        names = tuple(f.name for f in described)
        jet, group = chosen.entries()
        cell = group[:, None] * len(names) + np.arange(len(names))
        axes = {"group": chosen.groups, "variable": names}
        parts = fill_both(
            axes, totals[jet].ravel(), cell.ravel(), np.repeat(jet, len(names)), chosen.weights
        )
        return Result(self, chosen.counts.assign_attrs(_attrs(described)), parts)

    def _by_value(self, chosen: Chosen) -> Result:
        feature = str(self.feature)
        edges = edges_of(feature, self.edges)
        bins = len(edges) - 1
        jets, home = chosen.jets, _home(chosen.jets, feature, self.collection)
        known = {f.name: f for f in features(jets, home)}
        position = list(known).index(feature)
        sums = chosen.counts.assign_attrs(
            _attrs((known[feature],)) | {"edges": edges.tolist(), "home": home}
        )
        if home + MASK in jets:
            particles = Particles.read(jets, home, chosen.scale)
            order, real = particles.ranked(1)
            jet, group = np.nonzero(chosen.member & real)
            score = particles.score[jet, order[jet, 0], position]
            value = particles.value[jet, order[jet, 0], position]
            if f"{home}_origin" in jets:
                fine = np.interp(np.arange(bins * _SPLIT + 1) / _SPLIT, np.arange(bins + 1), edges)
                sums = sums.assign(values=_by_origin(chosen, particles, home, position, fine))
                sums = sums.assign_coords(origin=list(CATEGORIES))
                sums.attrs["fine_edges"] = fine.tolist()
        else:
            jet, group = chosen.entries()
            score = jets[home + SCORE].values[jet, position] * chosen.scale[jet]
            value = jets[home + VALUE].values[jet, position].astype(np.float64)
        labels = tuple(f"{a:g}_to_{b:g}" for a, b in itertools.pairwise(edges))
        cell = group * bins + bin_of(value, edges)
        parts = fill_both({"group": chosen.groups, "bin": labels}, score, cell, jet, chosen.weights)
        return Result(self, sums, parts)

    def quantiles(self, result: Result) -> xr.Dataset:
        """Return ``value``, ``low``, ``high`` ``[group, variable or bin, probability]``."""
        return quantiles(result, PROBABILITIES)

    def numbers(self, result: Result) -> Numbers:
        """Return the median and quartiles of every box.

        They are called ``box.<group>.<variable>.median`` (``.q25``, ``.q75``), or
        ``box.<feature>.<group>.<low>_to_<high>.median``; boxes of fewer than `LEAST` jets have
        none.
        """
        found: Numbers = {}
        table = self.quantiles(result)
        inner = next(str(d) for d in table.dims if d not in ("group", "probability"))
        jets = result.parts["coarse"].effective()
        table = table.assign(jets=(("group", inner), jets))
        prefix = "box" if self.feature is None else f"box.{self.feature}"
        for group in table["group"].values:
            for name in table[inner].values:
                cell = table.sel({"group": group, inner: name})
                if cell["jets"] < LEAST:
                    continue
                for p, word in ((0.25, "q25"), (0.5, "median"), (0.75, "q75")):
                    at = cell.sel(probability=p)
                    found[f"{prefix}.{group}.{name}.{word}"] = {
                        k: float(at[k]) for k in ("value", "low", "high")
                    }
        return found


def summed(jets: xr.Dataset, scale: Any) -> tuple[tuple[Feature, ...], np.ndarray[Any, Any]]:
    """Return the input variables and their attributions summed over particles ``[jet, variable]``.

    Particles come first, then the jets' own variables; images have no variables.
    """
    described: list[Feature] = []
    totals: list[np.ndarray[Any, Any]] = []
    for name in sorted(collections(jets), key=lambda c: c + MASK not in jets):
        score = jets[name + SCORE].values
        if score.ndim == 4:
            continue
        if name + MASK in jets:
            score = np.where(jets[name + MASK].values[..., None], score, 0)
            score = score.sum(axis=1, dtype=np.float64)
        described += features(jets, name)
        totals.append(score * scale[:, None])
    if not totals:
        raise BadValueError("this attribution has no variables, only images")
    return tuple(described), np.concatenate(totals, axis=1)


def _home(jets: xr.Dataset, feature: str, collection: str) -> str:
    """Return the collection that a feature belongs to, the particles' before the others.

    Jets need not have the particles of the default; others, that somebody named, they must have.
    """
    there = collections(jets)
    if collection not in (*there, Box.collection):
        raise missing("collection", collection, there)
    homes: dict[str, str] = {}
    for name in sorted(there, key=lambda c: c != collection):
        if f"{name}_feature" in jets.coords:
            for known in jets[f"{name}_feature"].values:
                homes.setdefault(str(known), name)
    return look_up("variable", feature, homes)


def _by_origin(
    chosen: Chosen, particles: Particles, home: str, position: int, edges: Any
) -> tuple[tuple[str, ...], Any]:
    """Histogram a feature by truth origin over all tracks of the jets used, ``[origin, fine]``."""
    used = particles.mask & chosen.member[:, :1]
    jet, track = np.nonzero(used)
    where = bin_of(particles.value[jet, track, position], edges)
    bins = len(edges) - 1
    cell = origins(chosen.jets, home)[jet, track] * bins + where
    counted = np.bincount(cell, weights=chosen.weights[jet, 0], minlength=len(CATEGORIES) * bins)
    return ("origin", "fine"), counted.reshape(len(CATEGORIES), bins)


def _attrs(described: tuple[Feature, ...]) -> dict[str, Any]:
    return {"features": [f.as_dict() for f in described]}
