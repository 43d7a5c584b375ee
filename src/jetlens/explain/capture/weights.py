"""Attention weights of queries and keys."""

from __future__ import annotations

import math

import torch
from torch import Tensor


def weights(q: Tensor, k: Tensor, mask: Tensor | None, scale: float | None) -> Tensor:
    """Return ``softmax(scale q k^T + mask)``, without gradients.

    A masked key gets exactly zero; where all keys of a query are masked, all of its weights are
    zero, as in torch's own attention.

    Parameters
    ----------
    q, k
        ``[..., query, width]`` and ``[..., key, width]``.
    mask
        True where a query may look, or numbers that are added; it broadcasts to the scores.
    scale
        Left out, one over the square root of the width.

    References
    ----------
    Vaswani et al., "Attention is all you need", arXiv:1706.03762.
    """
    scores = (q * (1 / math.sqrt(q.shape[-1]) if scale is None else scale)) @ k.mT
    if mask is None:
        return _softmax(scores)
    if mask.dtype == torch.bool:
        hidden = ~mask
        added = torch.zeros(mask.shape, dtype=scores.dtype, device=mask.device)
        scores.add_(added.masked_fill_(hidden, -torch.inf))  # faster than to fill the scores
    else:
        scores.add_(mask)
        hidden = mask.isneginf()
    found = _softmax(scores)
    blind = hidden.all(-1, keepdim=True)
    if blind.any():  # softmax of nothing is not a number
        found.masked_fill_(blind, 0.0)
    return found


def _softmax(scores: Tensor) -> Tensor:
    """Return the softmax over the last axis; the scores' memory is used for it."""
    return torch.softmax(scores, -1, out=scores)
