"""Functions that join tensors: the ordinary gradient moves the relevance of signals.

Constants that are joined in (class tokens, padding) absorb the relevance that comes to them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from jetlens.explain.relevance.functions.movement import move
from jetlens.explain.relevance.jets import edges, same_view
from jetlens.explain.relevance.run import Run
from jetlens.explain.relevance.signal import Bounds, Signal, known, mark, signal
from jetlens.explain.relevance.table import rule_of


def together(
    parts: Sequence[Signal], jets: Tensor, join: Callable[[list[Tensor]], Tensor]
) -> Signal:
    """Return what is known of joined signals; `join` joins the bounds as the function does."""
    bounds: Bounds | None = None
    each = [p.bounds for p in parts if p.bounds is not None]
    if len(each) == len(parts):
        bounds = join([low for low, _ in each]), join([high for _, high in each])
    return Signal(
        jets,
        nonnegative=all(p.nonnegative for p in parts),
        bounds=bounds,
        behind=frozenset[str]().union(*(p.behind for p in parts)),
        hidden=any(p.hidden for p in parts),
    )


@rule_of("cat", "concat", "concatenate")
def cat(
    run: Run,
    function: Callable[..., Any],
    tensors: Sequence[Tensor],
    dim: int = 0,
) -> Tensor:
    """Join tensors; constants among them absorb what comes to them."""
    tensors = [t for t in tensors if t.shape[dim]] or tensors[:1]
    first = next((s for s in map(signal, tensors) if s is not None), None)
    if first is None or not first.jets.shape[dim]:  # no signal is left
        return torch.cat(list(tensors), dim)
    edge = first.jets.narrow(dim, 0, 1)
    if any(signal(t) is None for t in tensors):
        if first.jets.shape[dim] > 1 and not bool((first.jets == edge).all()):
            raise run.refusal("cat", "joins constants to the jets as if they were more jets")
        layer = run.layer("cat")
        tensors = [
            t if signal(t) is not None else run.constant(t, edge.expand(t.shape), layer)
            for t in tensors
        ]
    out, parts = torch.cat(list(tensors), dim), [known(t) for t in tensors]
    if all(
        (p.jets.stride(dim) == 0 or p.jets.shape[dim] == 1)
        and same_view(p.jets.narrow(dim, 0, 1), edge)
        for p in parts
    ):
        jets = edge.expand(out.shape)  # the axis of jets is another: no memory is needed
    else:
        jets = torch.cat([p.jets for p in parts], dim)
    return mark(out, together(parts, jets, lambda each: torch.cat(each, dim)))


@rule_of("stack")
def stack(
    run: Run, function: Callable[..., Any], tensors: Sequence[Tensor], dim: int = 0
) -> Tensor:
    """Join tensors along a new axis."""
    each = [
        t.unsqueeze(dim) if signal(t) is None else move(run, torch.unsqueeze, t, dim)
        for t in tensors
    ]
    return cat(run, torch.cat, each, dim)


@rule_of("where")
def where(
    run: Run, function: Callable[..., Any], condition: Tensor, one: Any, other: Any
) -> Tensor:
    """Choose between two tensors; a constant one absorbs what comes to it."""
    if condition.dtype != torch.bool:  # as a method it takes its tensor first
        condition, one = one, condition
    first = one if signal(one) is not None else other
    made = [torch.as_tensor(t, dtype=first.dtype, device=first.device) for t in (one, other)]
    shape = torch.broadcast_shapes(condition.shape, *(t.shape for t in made))
    jets = known(first).jets.expand(shape)
    wide = [
        run.constant(t.expand(shape), jets, run.layer("where"))
        if signal(t) is None
        else move(run, torch.Tensor.expand, t, shape)
        for t in made
    ]
    about = together(
        [known(t) for t in wide], jets, lambda each: torch.where(condition, each[0], each[1])
    )
    return mark(torch.where(condition, wide[0], wide[1]), about)


@rule_of("masked_fill")
def masked_fill(
    run: Run, function: Callable[..., Any], x: Tensor, mask: Tensor, value: Any
) -> Tensor:
    """Put a constant where the mask is True."""
    about, out = known(x), where(run, torch.where, mask, value, x)
    nonnegative = about.nonnegative and float(value) >= 0
    hidden = about.hidden or float(value) == -torch.inf
    return mark(out, replace(known(out), nonnegative=nonnegative, gate=about.gate, hidden=hidden))


@rule_of("tril", "triu")
def triangle(
    run: Run, function: Callable[..., Any], x: Tensor, *args: Any, **kwargs: Any
) -> Tensor:
    """Put zeros on one side of the diagonal."""
    kept = function(torch.ones(x.shape[-2:], dtype=torch.bool, device=x.device), *args, **kwargs)
    return masked_fill(run, torch.masked_fill, x, ~kept, 0.0)


@rule_of("pad", "_pad", "constant_pad_nd")
def pad(
    run: Run,
    function: Callable[..., Any],
    input: Tensor,
    pad: Sequence[int],
    mode: str = "constant",
    value: float | None = None,
) -> Tensor:
    """Add numbers at the edges: constants, or copies."""
    about = known(input)
    out = F.pad(input, pad, mode, value)
    jets = edges(run, "pad", about.jets, len(pad) // 2).expand(out.shape)
    bounds = None
    if about.bounds is not None:
        low, high = (F.pad(b, pad, mode, value) for b in about.bounds)
        bounds = low, high
    out = mark(out, about.plain(jets=jets, nonnegative=about.nonnegative, bounds=bounds))
    if mode != "constant":
        return out
    there = F.pad(torch.ones_like(input, dtype=torch.bool), pad, value=False)
    return masked_fill(run, torch.masked_fill, out, ~there, value or 0.0)


@rule_of("_pad_packed_sequence")
def unpack(
    run: Run,
    function: Callable[..., Any],
    data: Tensor,
    sizes: Tensor,
    batch_first: bool,
    value: float,
    length: int,
) -> tuple[Tensor, Tensor]:
    """Lay a packed sequence out again, with constants where it has ended."""
    about = known(data)
    out, lengths = function(data, sizes, batch_first, value, length)
    there, _ = function(torch.ones(len(data), dtype=data.dtype), sizes, batch_first, 0.0, length)
    first = 0 if batch_first else 1  # the jets of the first step are all jets
    jets = about.jets[: int(sizes[0])].unsqueeze(1 - first).expand(out.shape)
    out = mark(out, replace(about.plain(), jets=jets, nonnegative=about.nonnegative))
    gone = (there == 0).view(*there.shape, *[1] * (out.ndim - 2))
    return masked_fill(run, torch.masked_fill, out, gone, value), lengths
