"""Attention seen from outside: every call of the function, and what it ought to give."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.overrides import TorchFunctionMode


def explicit(
    query: Tensor, key: Tensor, value: Tensor, attn_mask: Tensor, scale: float | None = None
) -> Tensor:
    """Scaled dot-product attention of a mask, as the paper writes it."""
    return weights_of(query, key, attn_mask, scale) @ value


def weights_of(
    query: Tensor, key: Tensor, mask: Tensor | None, scale: float | None = None
) -> Tensor:
    """Return ``softmax(q k)`` over the keys that the mask leaves, ``[jet, head, query, key]``.

    A mask of numbers is added to the scores.
    """
    scores = query @ key.mT * (query.shape[-1] ** -0.5 if scale is None else scale)
    if mask is None:
        return scores.softmax(-1)
    if mask.dtype != torch.bool:
        return (scores + mask).softmax(-1)
    return scores.masked_fill(~mask, -torch.inf).softmax(-1)


@dataclass(frozen=True)
class Call:
    """One call: the weights ``[jet, head, query, key]``, what they give and what it gave."""

    weights: Tensor
    expected: Tensor
    given: Tensor


class Watch(TorchFunctionMode):
    """Notes every call of attention that is made while it is on."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[Call] = []

    def __torch_function__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        given = func(*args, **kwargs)
        if func is F.scaled_dot_product_attention:
            query, key, value = args
            weights = weights_of(query, key, kwargs["attn_mask"], kwargs.get("scale"))
            self.calls.append(Call(weights, weights @ value, given))
        return given
