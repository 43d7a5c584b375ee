"""Which jets a summary of scores takes, and what their scores are divided by: in one place.

A score's sign only means something relative to the output that it explains, so that dividing by a
sum that is not positive would turn it around. Such jets are counted, shown apart (divided by the
absolute value of their sum) and, where scores are divided by their sum, kept out of the rest.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from jetlens.core.attribution import MASK, SCORE, collections
from jetlens.core.errors import BadValueError, UnsupportedError
from jetlens.summarise.base import Summary, one_of

SELECT = ("all", "correct")
NORMALISE = ("sum", "abs", "max", "none")
NOT_POSITIVE = "not_positive"
"""The group of the jets whose scores do not add up to more than zero."""
COUNTS = ("seen", "selected", "used")
PASSED_OVER = "passed_over"
"""Attribute of an attribution: jets by group that were seen but, wrongly tagged, not explained."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class ScoreSummary(Summary):
    """A summary of scores, over all jets or those that were tagged correctly.

    Parameters
    ----------
    select
        ``"all"`` jets, or those whose true class is the ``"correct"`` one, of the largest output.
    normalise
        Scores are divided by their ``"sum"`` in the jet, by the sum of their absolute values
        (``"abs"``), by the largest absolute value of all inputs (``"max"``), or not at all
        (``"none"``).
    """

    select: str = "all"
    normalise: str = "sum"

    def __post_init__(self) -> None:
        super().__post_init__()
        one_of("select", self.select, SELECT)
        one_of("normalise", self.normalise, NORMALISE)

    def choose(self, attribution: xr.Dataset) -> Chosen:
        """Apply the selection and find what each jet's scores are divided by."""
        return choose(attribution, self.weights(attribution), self.select, self.normalise)


@dataclass(frozen=True, eq=False)
class Chosen:
    """The selected jets of one attribution.

    Attributes
    ----------
    jets
        The attribution of the selected jets.
    weights
        ``[jet, replica]``.
    groups
        The groups' names: ``all``, the classes, ``not_positive``.
    member
        ``[jet, group]``, which groups each jet enters.
    scale
        ``[jet]``, what the jet's scores are multiplied by.
    total, size
        ``[jet]``, the sum of the jet's scores as they are, and of their absolute values.
    counts
        Dataset of ``jets`` ``[count, group]`` (whole jets, not weights: seen, selected, used) and
        ``weight`` ``[group, replica]`` of the jets used.
    """

    jets: xr.Dataset
    weights: Floats
    groups: tuple[str, ...]
    member: NDArray[np.bool_]
    scale: Floats
    total: Floats
    size: Floats
    counts: xr.Dataset

    def only(self, groups: tuple[str, ...]) -> Chosen:
        """Return the same jets with some of the groups."""
        keep = [self.groups.index(g) for g in groups]
        return replace(
            self,
            groups=groups,
            member=self.member[:, keep],
            counts=self.counts.isel(group=keep),
        )

    def entries(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return every (jet, group) that a histogram takes, as two arrays."""
        jet, group = np.nonzero(self.member)
        return jet, group


def check_one_target(attribution: xr.Dataset) -> None:
    """Refuse attributions of several targets."""
    if "target" in attribution.dims:
        names = [str(t) for t in attribution["target"].values]
        raise UnsupportedError(
            f"a summary takes one target of {', '.join(names)}: pick it, as in "
            f"scores.sel(target={names[0]!r})"
        )


def selected(attribution: xr.Dataset, select: str) -> NDArray[np.bool_]:
    """Say which jets are selected, ``[jet]``: all, or those of which the class is right."""
    label = attribution["label"].values
    if select != "correct":
        return np.ones(len(label), bool)
    correct: NDArray[np.bool_] = label == attribution["output"].values.argmax(axis=1)
    return correct


def only(attribution: xr.Dataset, keep: NDArray[np.intp]) -> xr.Dataset:
    """Return the jets at `keep`; the attribution itself, not a copy, where that is all of them."""
    return attribution if len(keep) == attribution.sizes["jet"] else attribution.isel(jet=keep)


def choose(attribution: xr.Dataset, weights: Floats, select: str, normalise: str) -> Chosen:
    """Select jets of an attribution, sort them into groups and scale their scores."""
    check_one_target(attribution)
    classes = [str(c) for c in attribution["class"].values]
    label = attribution["label"].values
    total, size, largest = _sums(attribution)
    positive = total > 0
    taken = selected(attribution, select)

    groups = ("all", *classes, NOT_POSITIVE)
    every = np.ones((len(label), 1), bool)
    flavours = label[:, None] == np.arange(len(classes))
    member = np.concatenate([every, flavours, ~positive[:, None]], axis=1)
    used = member & taken[:, None]
    if normalise == "sum":
        used[:, :-1] &= positive[:, None]
    by = {"sum": np.abs(total), "abs": size, "max": largest, "none": np.ones_like(total)}[normalise]
    scale = np.divide(1.0, by, out=np.ones_like(by), where=by > 0)
    counted = np.stack([m.sum(axis=0) for m in (member, member & taken[:, None], used)])
    for group, jets in attribution.attrs.get(PASSED_OVER, {}).items():
        counted[0, groups.index(group)] += jets
    counts = xr.Dataset(
        {
            "jets": (("count", "group"), counted.astype(np.int64)),
            "weight": (("group", "replica"), used.T.astype(np.float64) @ weights),
        },
        coords={"count": list(COUNTS), "group": list(groups)},
    )
    keep = np.flatnonzero(taken)
    jets = only(attribution, keep)
    return Chosen(
        jets, weights[keep], groups, used[keep], scale[keep], total[keep], size[keep], counts
    )


def _sums(attribution: xr.Dataset) -> tuple[Floats, Floats, Floats]:
    """Return each jet's sum of scores, of absolute scores, and the largest absolute score."""
    total = np.zeros(attribution.sizes["jet"])
    size, largest = np.zeros_like(total), np.zeros_like(total)
    names = collections(attribution)
    if not names:
        raise UnsupportedError("this attribution holds no scores to summarise")
    for name in names:
        score = attribution[name + SCORE].values
        if name + MASK in attribution:
            score = np.where(attribution[name + MASK].values[..., None], score, 0)
        axes = tuple(range(1, score.ndim))
        total += score.sum(axis=axes, dtype=np.float64)
        absolute = np.abs(score)
        size += absolute.sum(axis=axes, dtype=np.float64)
        largest = np.maximum(largest, absolute.max(axis=axes, initial=0))
    if not np.isfinite(total).all():
        row = attribution["row"].values[np.flatnonzero(~np.isfinite(total))[0]]
        raise BadValueError(f"the jet of row {row} has a score that is not finite")
    return total, size, largest
