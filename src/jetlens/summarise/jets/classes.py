"""Which jets a summary by class takes: those of each true class, or of each predicted one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from jetlens.summarise.base import Summary, one_of
from jetlens.summarise.estimates import ratio
from jetlens.summarise.jets.rows import ROWS, rows
from jetlens.summarise.jets.selection import (
    COUNTS,
    PASSED_OVER,
    SELECT,
    check_one_target,
    only,
    selected,
)
from jetlens.summarise.result import Result

ALL = "all"
BY = ("label", "predicted")

_CHUNK = 2**21  # numbers of large arrays at a time

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class ClassSummary(Summary):
    """A summary of numbers that need no scores, for all jets and by class.

    Parameters
    ----------
    select
        ``"all"`` jets, or those whose true class is the ``"correct"`` one, of the largest output.
    by
        Whether jets are grouped by their true class (``"label"``) or by the ``"predicted"`` one.
    """

    select: str = "all"
    by: str = "label"

    def __post_init__(self) -> None:
        super().__post_init__()
        one_of("select", self.select, SELECT)
        one_of("by", self.by, BY)

    def grouped(self, attribution: xr.Dataset) -> Grouped:
        """Select the jets and find their groups.

        Raises
        ------
        UnsupportedError
            If several targets were explained.
        """
        check_one_target(attribution)
        names = [str(c) for c in attribution["class"].values]
        label = attribution["label"].values
        own = label if self.by == "label" else attribution["output"].values.argmax(axis=1)
        member = np.concatenate(
            [np.ones((len(label), 1), bool), own[:, None] == np.arange(len(names))], axis=1
        )
        groups = (ALL, *names)
        seen = member.sum(axis=0)
        for group, jets in attribution.attrs.get(PASSED_OVER, {}).items():
            if group == ALL or (group in groups and self.by == "label"):
                seen[groups.index(group)] += jets
        keep = np.flatnonzero(selected(attribution, self.select))
        jets = only(attribution, keep)
        return Grouped(jets, self.weights(attribution)[keep], groups, member[keep], seen)


@dataclass(frozen=True, eq=False)
class Grouped:
    """The selected jets of one attribution, and the groups that they enter.

    Attributes
    ----------
    jets
        The attribution of the selected jets.
    weights
        ``[jet, replica]``.
    groups
        The groups' names: ``all`` and the classes.
    member
        ``[jet, group]``, which groups each jet enters.
    seen
        ``[group]``, how many jets there were before the selection.
    """

    jets: xr.Dataset
    weights: Floats
    groups: tuple[str, ...]
    member: Mask
    seen: NDArray[np.int64]

    def counts(self, used: Mask) -> xr.Dataset:
        """Return whole jets ``[count, group]`` and the weight of those used ``[group, replica]``.

        Parameters
        ----------
        used
            ``[jet]``, the jets that have what is summed up.
        """
        member = self.member & used[:, None]
        counted = np.stack([self.seen, self.member.sum(axis=0), member.sum(axis=0)])
        return xr.Dataset(
            {
                "jets": (("count", "group"), counted.astype(np.int64)),
                "weight": (("group", "replica"), member.T.astype(np.float64) @ self.weights),
            },
            coords={"count": list(COUNTS), "group": list(self.groups)},
            attrs={ROWS: rows(self.jets)},
        )

    def sums(self, values: NDArray[np.floating], used: Mask) -> Floats:
        """Sum values ``[jet, ...]`` of the jets used: ``[group, ..., replica]``."""
        flat = values.reshape(len(values), int(np.prod(values.shape[1:])))
        found = [
            flat[m].T.astype(np.float64) @ self.weights[m] for m in (self.member & used[:, None]).T
        ]
        return np.stack(found).reshape(len(self.groups), *values.shape[1:], self.weights.shape[1])

    def nominal(self, values: NDArray[np.floating], used: Mask, power: int = 1) -> Floats:
        """Sum values ``[jet, ...]`` times their weights, without replicas: ``[group, ...]``.

        Parameters
        ----------
        values, used
            What is summed, of which jets.
        power
            Of value times weight; of 2, sums are what errors of large arrays come from.
        """
        flat = values.reshape(len(values), int(np.prod(values.shape[1:])))
        weight = self.weights[:, 0] ** power * (self.member & used[:, None]).T
        summed = np.zeros((len(self.groups), flat.shape[1]))
        step = max(_CHUNK // max(flat.shape[1], 1), 1)
        for first in range(0, len(flat), step):  # a few jets at a time in double precision
            part = slice(first, first + step)
            summed += weight[:, part] @ flat[part].astype(np.float64) ** power
        return summed.reshape(len(self.groups), *values.shape[1:])


def means(result: Result, name: str) -> Floats:
    """Return means over the jets used, of sums ``[group, ..., replica]``."""
    summed = result.sums[name].values
    weight = result.sums["weight"].values
    found: Floats = ratio(summed, weight.reshape(len(weight), *[1] * (summed.ndim - 2), -1))
    return found
