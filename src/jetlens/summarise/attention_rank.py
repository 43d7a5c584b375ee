"""Where the mass of attention lies: the share that the first, second, ... particle receives."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from jetlens.core.errors import BadValueError
from jetlens.core.registry import summaries
from jetlens.summarise.estimates import Numbers, named, ratio
from jetlens.summarise.jets.attention_maps import maps
from jetlens.summarise.jets.classes import ALL, ClassSummary, means
from jetlens.summarise.jets.particle_order import momentum_shares, ordered, real
from jetlens.summarise.result import Result
from jetlens.summarise.trainings.ensemble import Ensemble
from jetlens.summarise.trainings.retrainings import compared

ATTENTION, UNIFORM, MOMENTUM = "attention", "uniform", "pt"
KINDS = (ATTENTION, UNIFORM, MOMENTUM)
"""What has a share: attention, and beside it equal shares of real particles, and shares of pT."""

Floats = NDArray[np.float64]


@summaries.register("attention-rank")
@dataclass(frozen=True, kw_only=True)
class AttentionRank(ClassSummary):
    """Share of a stream's self-attention that each particle receives, by rank and class.

    A particle's share is the mean, over the particles that ask and over heads, of the attention
    that they give to it, over what they give to all particles: where streams have asked each other
    in between, rollout leaves a part of theirs to the others.

    Parameters
    ----------
    collection
        The particles, whose stream attends to itself.
    layer
        The layer's name; left out, the last one.
    head
        The head's name; left out, the mean over all.
    order
        A variable of the particles, whose largest is the first, or ``"listed"``; left out, ``pt``
        where it is there, else as they are listed.
    pt
        The variable that tells their pT, for comparison; left out, what is there of ``pt``,
        ``pt_frac``, ...
    most
        How many ranks are kept apart.
    leading
        How many of them the headline numbers take together.

    References
    ----------
    Hammad, Moretti and Nojiri, arXiv:2401.00452: the two leading particles for signal.
    """

    collection: str = "constituents"
    layer: str = ""
    head: str = ""
    order: str = ""
    pt: str = ""
    most: int = 20
    leading: int = 2

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 1 <= self.leading <= self.most:
            raise BadValueError(f"leading={self.leading}: expected 1 to most={self.most}")

    def fill(self, attribution: xr.Dataset) -> Result:
        """Sum up shares by rank, of each group."""
        home = self.collection
        chosen = self.grouped(attribution)
        found = maps(chosen.jets, home, home, layer=self.layer, head=self.head)
        order = ordered(chosen.jets, home, self.order, self.most)
        mask = real(chosen.jets, home)
        given = _placed(found.received()[:, 0].mean(axis=1), mask.shape[1])
        of = {ATTENTION: ratio(given, given.sum(axis=1, keepdims=True))}
        of[UNIFORM] = ratio(mask.astype(np.float64), mask.sum(axis=1, keepdims=True))
        momentum = momentum_shares(chosen.jets, home, self.pt)
        of[MOMENTUM] = np.full(mask.shape, np.nan) if momentum is None else momentum
        used = mask.sum(axis=1) > 0
        by_rank = np.stack([order.of(values) for values in of.values()], axis=1)
        squares = np.stack([(np.where(mask, v, 0) ** 2).sum(axis=1) for v in of.values()], axis=1)
        sums = chosen.counts(used).assign(
            share=(("group", "kind", "rank", "replica"), chosen.sums(by_rank, used)),
            effective=(("group", "kind", "replica"), chosen.sums(ratio(1.0, squares), used)),
        )
        sums = sums.assign_coords(kind=list(KINDS), rank=np.arange(1, self.most + 1))
        attrs = {"order": order.words, "layer": found.layers[0], "heads": list(found.heads)}
        return Result(self, sums.assign_attrs(attrs))

    def shares(self, result: Result) -> Floats:
        """Return mean shares ``[group, kind, rank, replica]``; NaN of pT where it is not known."""
        return means(result, "share")

    def lead(self, result: Result) -> Floats:
        """Return the mean share of the leading particles ``[group, kind, replica]``."""
        found: Floats = self.shares(result)[:, :, : self.leading].sum(axis=2)
        return found

    def numbers(self, result: Result) -> Numbers:
        """Return the share of the leading particles, by class.

        ``attention_rank.<group>.leading_<k>`` is that of attention, with ``.uniform`` and ``.pt``
        what equal shares and the pT would give them; ``.effective`` how many particles attention
        lies on (one over the sum of squared shares).
        ``attention_rank.<class>_minus_<class>.leading_<k>`` is the difference of two classes.
        """
        groups = [str(g) for g in result.sums["group"].values]
        lead, effective = self.lead(result), means(result, "effective")
        name = f"leading_{self.leading}"
        found: Numbers = {}
        for g, group in enumerate(groups):
            for k, kind in enumerate(KINDS):
                after = "" if kind == ATTENTION else f".{kind}"
                found |= named(f"attention_rank.{group}.{name}{after}", lead[g, k])
                found |= named(f"attention_rank.{group}.effective{after}", effective[g, k])
        for a, b in class_pairs(groups):
            apart = lead[groups.index(a), 0] - lead[groups.index(b), 0]
            found |= named(f"attention_rank.{a}_minus_{b}.{name}", apart)
        return found

    def compare(self, ensemble: Ensemble) -> Numbers:
        """Return the numbers' mean and interval over retrainings, for every variation."""
        return compared(ensemble)


def class_pairs(groups: list[str]) -> list[tuple[str, str]]:
    """Return each pair of classes once: the later one first, as signal before background."""
    classes = [g for g in groups if g != ALL]
    return [(b, a) for i, a in enumerate(classes) for b in classes[i + 1 :]]


def _placed(values: Floats, places: int) -> Floats:
    """Give values ``[jet, token]`` as many places as the collection has."""
    short = max(places - values.shape[1], 0)
    return np.pad(values, ((0, 0), (0, short)))[:, :places]
