"""Products: with a constant they scale, with a gate the signal takes all, else each takes half."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from jetlens.explain.relevance.currency import enter, share_out
from jetlens.explain.relevance.functions.activations import passing
from jetlens.explain.relevance.functions.sums import passing_to, proportional
from jetlens.explain.relevance.jets import one_jet, reduced, shared
from jetlens.explain.relevance.run import Run
from jetlens.explain.relevance.signal import Signal, known, mark, signal
from jetlens.explain.relevance.table import rule_of


@rule_of("mul", "__mul__", "__rmul__", "multiply")
def multiply(run: Run, function: Callable[..., Any], input: Any, other: Any) -> Tensor:
    """Scale by a constant or a gate; share between two signals."""
    one, two = signal(input), signal(other)
    if one is None or two is None:
        return _scaled(*((other, input) if one is None else (input, other)), torch.mul)
    if one.gate != two.gate:
        return _scaled(*((other, input) if one.gate else (input, other)), torch.mul)
    if input is other:
        return mark(passing(input, input.detach().square()), one.plain(nonnegative=True))
    out = enter(input) * enter(other)
    about = Signal(
        shared(run, "mul", one.jets, two.jets, out.shape),
        nonnegative=one.nonnegative and two.nonnegative,
        gate=one.gate and two.gate,
        behind=one.behind | two.behind,
    )
    return proportional(run, "mul", out, about, degree=2)


@rule_of("div", "__truediv__", "true_divide", "divide")
def divide(
    run: Run,
    function: Callable[..., Any],
    input: Any,
    other: Any,
    *,
    rounding_mode: str | None = None,
) -> Tensor:
    """Scale: what a signal is divided by is held constant, as a normalisation."""
    if rounding_mode is not None:
        raise run.refusal("div", "is known without rounding only")
    if signal(input) is None:
        about = known(other)
        out = torch.div(input, other.detach())
        return mark(passing_to(other, out), about.plain(jets=about.jets.expand(out.shape)))
    return _scaled(input, other, torch.div)


@rule_of("__rtruediv__", "__rdiv__")
def reversed_division(run: Run, function: Callable[..., Any], input: Any, other: Any) -> Tensor:
    """Pass the relevance of a constant over a signal on."""
    return divide(run, torch.div, other, input)


def _scaled(x: Tensor, by: Any, function: Callable[..., Tensor]) -> Tensor:
    about = known(x)
    by = by.detach() if isinstance(by, Tensor) else by
    out = function(x.detach(), by)
    positive = bool((torch.as_tensor(by) >= 0).all()) if about.nonnegative or about.gate else False
    bounds = None
    if about.bounds is not None:
        ends = [function(b, by) for b in about.bounds]
        bounds = (torch.minimum(*ends), torch.maximum(*ends))
    # a number that a mask sets to zero takes no relevance along
    moved = passing_to(x, out)
    jets = about.jets.expand(out.shape)
    kept = about.nonnegative and positive
    return mark(
        moved,
        replace(about.plain(), jets=jets, nonnegative=kept, bounds=bounds, hidden=about.hidden),
    )


@rule_of("matmul", "__matmul__", "bmm", "mm", "mv")
def matmul(run: Run, function: Callable[..., Any], input: Any, other: Any) -> Tensor:
    """Share in proportion; of two signals each takes half."""
    one, two = signal(input), signal(other)
    out = function(*(enter(v) if signal(v) is not None else v for v in (input, other)))
    name = function.__name__.strip("_")
    edges = []
    if one is not None:
        edge = one_jet(run, name, one.jets, [-1])
        edges.append(edge if other.ndim > 1 else edge[..., 0])
    if two is not None:
        edge = one_jet(run, name, two.jets, [-2 if other.ndim > 1 else -1])
        edge = edge if other.ndim > 1 else edge[..., None]
        edges.append(edge if input.ndim > 1 and other.ndim > 1 else edge[..., 0, :])
    parts = [p for p in (one, two) if p is not None]
    about = Signal(
        shared(run, name, edges[0], edges[-1], out.shape),
        nonnegative=len(parts) == 2 and all(p.nonnegative for p in parts),
        behind=frozenset[str]().union(*(p.behind for p in parts)),
    )
    return proportional(run, name, out, about, degree=len(parts))


@rule_of("__rmatmul__")
def reversed_matmul(run: Run, function: Callable[..., Any], input: Any, other: Any) -> Tensor:
    """Share in proportion."""
    return matmul(run, torch.matmul, other, input)


@rule_of("prod")
def prod(
    run: Run,
    function: Callable[..., Any],
    input: Tensor,
    dim: int | None = None,
    keepdim: bool = False,
    *,
    dtype: torch.dtype | None = None,
) -> Tensor:
    """Give an equal part to each factor that is not one, which has no part in a product."""
    if dim is None:
        raise run.refusal("prod", "over all jets at once mixes the jets: name its dim=")
    if dtype not in (None, input.dtype):
        with run:
            return input.to(dtype).prod(dim, keepdim)
    about, values = known(input), input.detach()
    factors = (values != 1).to(values.dtype)
    many = factors.sum(dim, keepdim=True)
    shares = torch.where(many == 0, 1 / values.shape[dim], factors / many)
    out = share_out(input, values.prod(dim, keepdim=True), shares)
    out = out if keepdim else out.squeeze(dim)
    jets = reduced(run, "prod", about.jets, out, dim, keepdim)
    return mark(out, about.plain(jets=jets, nonnegative=about.nonnegative, gate=about.gate))
