"""Products: with a constant they scale, with a gate the signal takes all, else each takes half."""

from __future__ import annotations

import string
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from jetlens.explain.relevance.activations import passing
from jetlens.explain.relevance.currency import enter
from jetlens.explain.relevance.jets import one_jet, shared
from jetlens.explain.relevance.signal import Signal, known, mark, signal
from jetlens.explain.relevance.sums import passing_to, proportional
from jetlens.explain.relevance.table import rule_of

if TYPE_CHECKING:
    from jetlens.explain.relevance.interception import Interception as Run


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
        return input * beta + product


@rule_of("einsum")
def einsum(run: Run, function: Callable[..., Any], equation: str, *operands: Any) -> Tensor:
    """Share in proportion; of several signals each takes an equal part."""
    if len(operands) == 1 and isinstance(operands[0], list | tuple):
        operands = tuple(operands[0])
    axes, right = _spelt_out(run, equation, operands)
    equation = ",".join(axes) + "->" + right
    signals = [i for i, v in enumerate(operands) if signal(v) is not None]
    out = torch.einsum(equation, *(enter(v) if i in signals else v for i, v in enumerate(operands)))
    each = [_kept_axes(run, known(operands[i]).jets, axes[i], right) for i in signals]
    jets = each[0].expand(out.shape)
    for more in each[1:]:
        jets = shared(run, "einsum", jets, more, out.shape)
    behind = frozenset[str]().union(*(known(operands[i]).behind for i in signals))
    return proportional(run, "einsum", out, Signal(jets, behind=behind), degree=len(signals))


def _spelt_out(run: Run, equation: str, operands: Sequence[Any]) -> tuple[list[str], str]:
    """Return the axes of an equation's operands and of its output, letter by letter."""
    if not isinstance(equation, str):
        raise run.refusal("einsum", "is known with an equation in letters only")
    left, arrow, right = equation.replace(" ", "").partition("->")
    axes = left.split(",")
    if not arrow:
        once = sorted(a for a in set(left) - set(",.") if left.count(a) == 1)
        right = ("..." if "..." in left else "") + "".join(once)
    free = "".join(a for a in string.ascii_letters if a not in left)
    counts = [v.ndim - len(a.replace("...", "")) for v, a in zip(operands, axes, strict=True)]
    widest = max((n for n, a in zip(counts, axes, strict=True) if "..." in a), default=0)
    spelt = [a.replace("...", free[widest - n : widest]) for n, a in zip(counts, axes, strict=True)]
    return spelt, right.replace("...", free[:widest])


def _kept_axes(run: Run, jets: Tensor, axes: str, kept: str) -> Tensor:
    """Return whose numbers are the results of an einsum, with axes of length 1 for all others."""
    jets = one_jet(run, "einsum", jets, [i for i, a in enumerate(axes) if a not in kept])
    for i in reversed(range(len(axes))):
        if axes[i] not in kept:
            jets = jets.squeeze(i)
    axes = "".join(a for a in axes if a in kept)
    jets = jets.permute([axes.index(a) for a in kept if a in axes])
    for i, letter in enumerate(kept):
        if letter not in axes:
            jets = jets.unsqueeze(i)
    return jets
