"""Functions that are written by others, which have rules."""

from __future__ import annotations

import string
from collections.abc import Callable, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from jetlens.explain.relevance.run import Run
from jetlens.explain.relevance.table import rule_of


@rule_of("glu")
def glu(run: Run, function: Callable[..., Any], input: Tensor, dim: int = -1) -> Tensor:
    """Give all to the signal, none to the gate."""
    with run:
        one, other = input.chunk(2, dim)
        return one * other.sigmoid()


@rule_of("baddbmm", "addmm", "addbmm")
def add_product(
    run: Run,
    function: Callable[..., Any],
    input: Tensor,
    one: Tensor,
    other: Tensor,
    *,
    beta: float = 1,
    alpha: float = 1,
) -> Tensor:
    """Share in proportion between a sum and a product."""
    with run:
        product = torch.matmul(one, other) * alpha
        if function.__name__ == "addbmm":
            product = product.sum(0)
        return input * beta + product


@rule_of("addcmul", "addcdiv")
def add_scaled(
    run: Run,
    function: Callable[..., Any],
    input: Tensor,
    tensor1: Tensor,
    tensor2: Tensor,
    *,
    value: float = 1,
) -> Tensor:
    """Share in proportion between a sum and a product, or a quotient."""
    with run:
        more = tensor1 * tensor2 if function.__name__ == "addcmul" else tensor1 / tensor2
        return input + more * value


@rule_of("lerp")
def lerp(run: Run, function: Callable[..., Any], input: Any, end: Any, weight: Any) -> Tensor:
    """Share in proportion to what either end brings; the weight is a constant or a gate."""
    with run:
        found: Tensor = input * (1 - weight) + end * weight
        return found


@rule_of("cosine_similarity")
def cosine_similarity(
    run: Run, function: Callable[..., Any], x1: Tensor, x2: Tensor, dim: int = 1, eps: float = 1e-8
) -> Tensor:
    """Hold the lengths constant; what is left is a product, of which each takes half."""
    with run.within("cosine_similarity", None):
        return (F.normalize(x1, dim=dim, eps=eps) * F.normalize(x2, dim=dim, eps=eps)).sum(dim)


@rule_of("pairwise_distance")
def pairwise_distance(
    run: Run,
    function: Callable[..., Any],
    x1: Tensor,
    x2: Tensor,
    p: float = 2.0,
    eps: float = 1e-6,
    keepdim: bool = False,
) -> Tensor:
    """Share in proportion to each number's part of the length of a difference."""
    with run.within("pairwise_distance", None):
        found: Tensor = torch.linalg.vector_norm(x1 - x2 + eps, p, -1, keepdim)
        return found


@rule_of("cdist")
def cdist(
    run: Run, function: Callable[..., Any], x1: Tensor, x2: Tensor, p: float = 2.0, **_: Any
) -> Tensor:
    """Share in proportion to each number's part of the length of a difference."""
    with run.within("cdist", None):
        found: Tensor = torch.linalg.vector_norm(x1.unsqueeze(-2) - x2.unsqueeze(-3), p, -1)
        return found


@rule_of("tensordot")
def tensordot(
    run: Run, function: Callable[..., Any], a: Tensor, b: Tensor, dims: Any = 2, out: None = None
) -> Tensor:
    """Share in proportion; of two signals each takes half."""
    if isinstance(dims, int):
        dims = list(range(a.ndim - dims, a.ndim)), list(range(dims))
    over = [[d % t.ndim for d in each] for each, t in zip(dims, (a, b), strict=True)]
    letters = string.ascii_letters
    one, other = letters[: a.ndim], list(letters[a.ndim : a.ndim + b.ndim])
    for i, j in zip(*over, strict=True):
        other[j] = one[i]
    left = [n for n in (*one, *other) if (n in one) != (n in other)]
    with run:
        return torch.einsum(f"{one},{''.join(other)}->{''.join(left)}", a, b)


@rule_of("inner")
def inner(run: Run, function: Callable[..., Any], input: Tensor, other: Tensor) -> Tensor:
    """Share in proportion; of two signals each takes half."""
    with run:
        found: Tensor = torch.tensordot(input, other, ([-1], [-1]))
        return found


@rule_of("linalg_vecdot", "vecdot")
def vecdot(
    run: Run, function: Callable[..., Any], x: Tensor, y: Tensor, *, dim: int = -1
) -> Tensor:
    """Share in proportion; of two signals each takes half."""
    with run:
        return (x * y).sum(dim)


@rule_of("bilinear")
def bilinear(
    run: Run,
    function: Callable[..., Any],
    input1: Tensor,
    input2: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
) -> Tensor:
    """Share in proportion; of two signals each takes half."""
    with run.within("bilinear", weight):
        out = torch.einsum("...i,oij,...j->...o", input1, weight, input2)
        return out if bias is None else out + bias


@rule_of("hstack", "vstack", "column_stack", "dstack")
def stacked(run: Run, function: Callable[..., Any], tensors: Sequence[Tensor]) -> Tensor:
    """Join tensors."""
    name = function.__name__
    with run:
        if name == "vstack":
            return torch.cat([t if t.ndim > 1 else t[None] for t in tensors])
        if name == "dstack":
            return torch.cat([t if t.ndim > 2 else t.unsqueeze(-1) for t in tensors], 2)
        if name == "column_stack":
            tensors = [t if t.ndim > 1 else t.unsqueeze(-1) for t in tensors]
        return torch.cat(list(tensors), 0 if tensors[0].ndim == 1 else 1)


@rule_of("broadcast_tensors")
def broadcast_tensors(
    run: Run, function: Callable[..., Any], *tensors: Tensor
) -> tuple[Tensor, ...]:
    """Spread tensors over their common shape."""
    shape = torch.broadcast_shapes(*(t.shape for t in tensors))
    with run:
        return tuple(t.expand(shape) for t in tensors)


@rule_of("logaddexp")
def logaddexp(run: Run, function: Callable[..., Any], input: Tensor, other: Tensor) -> Tensor:
    """Give to either by its softmax."""
    with run:
        return torch.stack(torch.broadcast_tensors(input, other)).logsumexp(0)


@rule_of("softmin")
def softmin(
    run: Run, function: Callable[..., Any], input: Tensor, dim: int | None = None, **_: Any
) -> Tensor:
    """Share by the softmax rule."""
    with run:
        return (-input).softmax(-1 if dim is None else dim)


@rule_of("nanmean")
def nanmean(
    run: Run, function: Callable[..., Any], x: Tensor, dim: Any = None, keepdim: bool = False
) -> Tensor:
    """Share in proportion among what is a number."""
    many = (~x.isnan()).sum(dim, keepdim)
    with run:
        return torch.nansum(x, dim, keepdim) / many


@rule_of("var_mean", "std_mean")
def spread_and_mean(
    run: Run,
    function: Callable[..., Any],
    input: Tensor,
    dim: Any = None,
    *,
    correction: float = 1,
    keepdim: bool = False,
) -> tuple[Tensor, Tensor]:
    """Share each in proportion."""
    spread = torch.var if function.__name__ == "var_mean" else torch.std
    with run:
        found = spread(input, dim=dim, correction=correction, keepdim=keepdim)
        return found, input.mean(dim, keepdim)
