"""Attention a block of jets at a time: its weights are used while they are in the cache."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

_CACHED = 1 << 18
"""Numbers that are gone through in one go on a processor: they stay in its cache meanwhile."""
_LANES = 16
"""Numbers that a processor works on at once: what runs along fewer is slow."""

Use = Callable[[slice, Tensor], None]


def attention(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    mask: Tensor | None,
    scale: float | None,
    use: Use,
    together: int | None = 1,
) -> Tensor:
    """Return ``softmax(scale q k^T + mask) v``, without gradients, and hand the softmax to `use`.

    A masked key gets exactly zero; where all keys of a query are masked, all of its weights are
    zero, as in torch's own attention.

    Parameters
    ----------
    q, k, v
        ``[..., query or key, width]``, with one axis in front or more.
    mask
        True where a query may look, or numbers that are added; it broadcasts to the scores.
    scale
        Left out, one over the square root of the width.
    use
        Called with one block after the other: which part of the first axis it is, and its weights
        ``[..., query, key]``.
    together
        How many of the first axis stay in one block; None for all.

    References
    ----------
    Vaswani et al., "Attention is all you need", arXiv:1706.03762.
    """
    lead = np.broadcast_shapes(q.shape[:-2], k.shape[:-2], v.shape[:-2])
    queries, keys, width = q.shape[-2], k.shape[-2], v.shape[-1]
    q = q * (1 / math.sqrt(q.shape[-1]) if scale is None else scale)
    first, inner, count = lead[0], math.prod(lead[1:]), math.prod(lead)
    q, k, v = (
        x.to(q.dtype).expand(*lead, *x.shape[-2:]).reshape(count, *x.shape[-2:]) for x in (q, k, v)
    )
    added, begin = (None, keys) if mask is None else _added(mask, q.dtype, first, len(lead) + 2)
    blind = None if added is None else added.isneginf().all(-1, keepdim=True)
    if blind is not None and not blind.any():
        blind = None
    mixed = q.new_empty(count, queries, width)
    together = together or first
    fit = _CACHED // max(inner * queries * keys * together, 1)
    step = max(fit, 1) * together if q.device.type == "cpu" else first
    for start in range(0, first, max(step, 1)):
        some = slice(start, min(start + step, first))
        rows = slice(some.start * inner, some.stop * inner)
        # keys that are few stand in front: a softmax along them goes through many queries at once
        scores = (k[rows] @ q[rows].mT).mT if keys < _LANES else q[rows] @ k[rows].mT
        if added is not None:
            scores.unflatten(0, (-1, *lead[1:]))[..., begin:].add_(added[some][..., begin:])
        found = scores.softmax(-1) if keys >= _LANES else scores.mT.softmax(-2).mT
        if blind is not None:  # softmax of nothing is not a number
            found.unflatten(0, (-1, *lead[1:])).masked_fill_(blind[some], 0.0)
        own = mixed[rows]
        if width < _LANES:
            own.copy_((v[rows].mT @ found.mT).mT)
        else:
            torch.bmm(found, v[rows], out=own)
        use(some, found.unflatten(0, (-1, *lead[1:])))
    mixed = mixed.view(*lead, queries, width)
    return mixed if blind is None else mixed.masked_fill_(blind, 0.0)


def _added(mask: Tensor, kind: torch.dtype, first: int, axes: int) -> tuple[Tensor | None, int]:
    """Return a mask as numbers to add, with all axes of the scores, or None where that is nothing.

    And the first key that something is added to: padding stands behind the particles mostly.
    """
    begin = 0
    if mask.shape[-2] == 1 and mask.shape[-1] > 1:
        free = mask if mask.dtype == torch.bool else mask == 0
        always = free.flatten(0, -2).all(0).tolist()
        if all(always):
            return None, len(always)
        begin = always.index(False)
    if mask.dtype == torch.bool:
        zeros = torch.zeros(mask.shape, dtype=kind, device=mask.device)
        mask = zeros.masked_fill_(~mask, -torch.inf)
    mask = mask[(None,) * (axes - mask.ndim)]
    return mask.expand(first, *mask.shape[1:]), begin
