"""References that integrated gradients start from, cut out beside the jets that need them.

Where references are jets, their particles pair with the jet's in falling order of a variable; a
reference with more particles gives its leading ones, one with fewer the mean particle for the rest.
Where each place of a list is a thing of its own, places pair, and what stands there on average is
taken for what is missing.
No jet is a reference of its own event, as far as there are others.
"""

from __future__ import annotations

import abc
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from jetlens.core.batch import JetBatch
from jetlens.core.collection import Collection
from jetlens.taggers.base import Inputs, Tagger
from jetlens.taggers.chunks import Packed
from jetlens.taggers.encode import encode

Draw = Callable[[NDArray[np.int64], NDArray[np.intp], int], NDArray[np.intp]]
"""From the jets' rows, the candidates' positions and a number to references ``[jet, number]``."""

ORDERS = (
    "IP3D_signed_d0_significance",
    "lifetimeSignedD0Significance",
    "pt",
    "part_pt",
    "pt_frac",
)
"""What particles are paired by, the first that there is: falling magnitude."""


class References(abc.ABC):
    """The references of packed jets, cut out as they are needed."""

    count: int

    @abc.abstractmethod
    def of(self, jets: slice, inputs: Inputs, masks: Inputs) -> Inputs:
        """Return references ``[jet, reference, ...]`` beside the cut `inputs` of some jets."""


@dataclass(frozen=True)
class Constant(References):
    """The same values for every jet, in scaled features: of any particle, or of each place."""

    values: Mapping[str, Tensor]
    count: int = 1

    def of(self, jets: slice, inputs: Inputs, masks: Inputs) -> Inputs:
        """Spread the values over the jets' real particles."""
        filled = {}
        for name, values in inputs.items():
            same = self.values[name].to(values)
            spread = (same[: values.shape[1]] if same.ndim == 2 else same).expand(values.shape)
            if name in masks:
                spread = spread.masked_fill(~masks[name][..., None], 0)
            filled[name] = spread[:, None]
        return filled


@dataclass(frozen=True)
class FromJets(References):
    """References that are jets, particle beside particle.

    Attributes
    ----------
    pool
        The reference jets' inputs, particles in pairing order, missing ones filled.
    which
        ``[packed jet, reference]``, the reference jets of each jet.
    ranks
        By collection ``[packed jet, particle]``, the pairing rank of each packed particle.
    """

    pool: Inputs
    which: Tensor
    ranks: Mapping[str, Tensor]

    @property
    def count(self) -> int:  # type: ignore[override]
        """The number of references a jet."""
        return self.which.shape[1]

    def of(self, jets: slice, inputs: Inputs, masks: Inputs) -> Inputs:
        """Take the reference jets and set their particles beside their partners."""
        which = self.which[jets]
        filled = {}
        for name in inputs:
            if name not in masks:
                filled[name] = self.pool[name][which]
                continue
            mask = masks[name]
            rank = self.ranks[name][jets][:, : mask.shape[1]]
            paired = self.pool[name][which[:, :, None], rank[:, None, :]]
            filled[name] = paired.masked_fill(~mask[:, None, :, None], 0)
        return filled


def _order_of(collection: Collection, wanted: str | None) -> NDArray[np.floating]:
    """Return what particles are paired by, ``[jet, particle]``, to be taken in falling order."""
    if wanted is not None:
        return np.abs(collection.column(wanted))
    for name in ORDERS:
        if name in collection.names:
            return np.abs(collection.column(name))
    length = collection.values.shape[1]  # the order in which they come
    return np.broadcast_to(-np.arange(length, dtype=np.float64), collection.values.shape[:2])


def _ranks(collection: Collection, wanted: str | None) -> NDArray[np.intp]:
    """Return the pairing rank of each particle; real ones come first."""
    assert collection.mask is not None
    key = np.where(collection.mask, _order_of(collection, wanted), -np.inf)
    return np.argsort(np.argsort(-key, axis=1, kind="stable"), axis=1, kind="stable")


def from_jets(
    tagger: Tagger,
    packed: Packed,
    batch: JetBatch,
    pool: JetBatch,
    draw: Draw,
    count: int,
    order: str | None,
) -> FromJets:
    """Choose `count` references for each jet among those of its multiplicity, or of the nearest."""
    sizes, pool_sizes = _sizes(batch, tagger), _sizes(pool, tagger)
    which = np.zeros((len(batch), count), dtype=np.intp)
    for size in np.unique(sizes, axis=0):
        mine = (sizes == size).all(1)
        among = _nearest(pool_sizes, size)
        siblings = int(np.unique(pool.event[among], return_counts=True)[1].max(initial=0))
        drawn = draw(batch.row[mine], among, count + siblings)
        own = pool.event[drawn] == batch.event[mine, None]
        first = np.argsort(own, axis=1, kind="stable")[:, :count]
        which[mine] = np.take_along_axis(drawn, first, axis=1)
    # where its own event alone has a jet's multiplicity, the next nearest will do
    for jet in np.flatnonzero((pool.event[which] == batch.event[:, None]).any(1)):
        others = np.flatnonzero(pool.event != batch.event[jet])
        if len(others):
            among = others[_nearest(pool_sizes[others], sizes[jet])]
            which[jet] = draw(batch.row[jet : jet + 1], among, count)[0]
    return paired(tagger, packed, batch, pool, which, order)


def paired(
    tagger: Tagger,
    packed: Packed,
    batch: JetBatch,
    pool: JetBatch,
    which: NDArray[np.intp],
    order: str | None,
) -> FromJets:
    """Prepare reference jets, and the order in which particles pair with theirs.

    Parameters
    ----------
    which
        ``[jet, reference]``, the positions in `pool` of each jet's references.
    order
        The variable to pair by, in falling magnitude; None for the first of `ORDERS` there is.
    """
    inputs, masks = encode(tagger, pool)
    filled, ranks = {}, {}
    for name, values in inputs.items():
        if name not in masks:
            filled[name] = values
            continue
        longest = max(batch[name].values.shape[1], values.shape[1])
        if name in tagger.places:
            behind = longest - values.shape[1]
            there = torch.nn.functional.pad(masks[name], (0, behind))
            padded = torch.nn.functional.pad(values, (0, 0, 0, behind))
            filled[name] = torch.where(there[..., None], padded, at_places(padded, there))
            ranks[name] = packed.places[name]
            continue
        rank = torch.as_tensor(_ranks(pool[name], order), device=values.device)
        ordered = torch.zeros_like(values).scatter_(1, rank[..., None].expand(values.shape), values)
        real = masks[name]
        mean = values[real].mean(0) if real.any() else values.new_zeros(values.shape[-1])
        missing = torch.arange(longest, device=values.device) >= real.sum(1, keepdim=True)
        padded = torch.nn.functional.pad(ordered, (0, 0, 0, longest - values.shape[1]))
        # a jet with more particles than its reference starts the rest from the mean particle
        filled[name] = torch.where(missing[..., None], mean, padded)
        mine = torch.as_tensor(_ranks(batch[name], order), device=values.device)[packed.rows]
        ranks[name] = torch.take_along_dim(mine, packed.places[name], dim=1)
    return FromJets(filled, torch.as_tensor(which)[packed.rows], ranks)


def at_places(values: Tensor, mask: Tensor) -> Tensor:
    """Return the mean of what stands at each place ``[particle, feature]``, zeros for nothing."""
    there = values.masked_fill(~mask[..., None], 0)
    return there.sum(0) / mask.sum(0).clamp(min=1)[:, None]


def _sizes(jets: JetBatch, tagger: Tagger) -> NDArray[np.int64]:
    """Return the multiplicities ``[jet, collection]`` of the tagger's particle collections."""
    masks = [m for name in tagger.inputs if (m := jets[name].mask) is not None]
    return np.stack([m.sum(1) for m in masks] or [np.zeros(len(jets), dtype=np.int64)], axis=1)


def _nearest(sizes: NDArray[np.int64], size: NDArray[np.int64]) -> NDArray[np.intp]:
    """Return the references of the nearest multiplicity, of two as near the larger."""
    off = sizes - size
    distance = 2 * np.abs(off).sum(1) - (off.sum(1) > 0)
    return np.flatnonzero(distance == distance.min())
