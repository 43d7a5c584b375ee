"""Where relevance becomes relevance over output, and back.

Euler: if f is homogeneous of degree d in its inputs, then ``sum_i x_i df/dx_i = d f``. So sharing
the relevance R of f in proportion to ``x_i df/dx_i`` is: divide R by ``d f`` (`leave`), go back by
the ordinary gradient of f, multiply by the input (`enter`). Sums have degree 1; products of two
signals have degree 2, and each of the two gets half.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function

from jetlens.explain.relevance.ledger import Ledger, stabilised
from jetlens.explain.relevance.signal import signal


class _Enter(Function):
    @staticmethod
    def forward(
        ctx: Any, x: Tensor, share: float, seen: Callable[[Tensor], None] | None, hidden: bool
    ) -> Tensor:
        ctx.save_for_backward(x)
        ctx.share, ctx.seen, ctx.hidden = share, seen, hidden
        return x.view_as(x)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None, None]:
        (x,) = ctx.saved_tensors
        relevance = gradient * x
        if ctx.hidden:  # minus infinity has no part in anything
            relevance.masked_fill_(x.isinf(), 0)
        if ctx.share != 1:
            relevance *= ctx.share
        if ctx.seen is not None:
            ctx.seen(relevance)
        return relevance, None, None, None


def enter(x: Tensor, share: float = 1.0, seen: Callable[[Tensor], None] | None = None) -> Tensor:
    """Return `x`; on the way back, gradients become relevance: ``share * x * gradient``.

    `seen` is told the relevance.
    """
    about = signal(x)
    entered: Tensor = _Enter.apply(x, share, seen, about is not None and about.hidden)
    return entered


class _ShareOut(Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, out: Tensor, shares: Tensor) -> Tensor:
        ctx.save_for_backward(shares)
        return out

    @staticmethod
    def backward(ctx: Any, relevance: Tensor) -> tuple[Tensor, None, None]:
        (shares,) = ctx.saved_tensors
        return relevance * shares, None, None


def share_out(x: Tensor, out: Tensor, shares: Tensor) -> Tensor:
    """Return `out`; on the way back, `x` gets its relevance in these shares."""
    shared: Tensor = _ShareOut.apply(x, out, shares)
    return shared


class _Leave(Function):
    @staticmethod
    def forward(
        ctx: Any, out: Tensor, degree: float, epsilon: float, told: Callable[..., None]
    ) -> Tensor:
        ctx.save_for_backward(out)
        ctx.degree, ctx.epsilon, ctx.told = degree, epsilon, told
        return out.view_as(out)

    @staticmethod
    def backward(ctx: Any, relevance: Tensor) -> tuple[Tensor, None, None, None]:
        (out,) = ctx.saved_tensors
        gradient = over(relevance, out, ctx.epsilon)
        ctx.told(relevance, gradient, out)
        return (gradient if ctx.degree == 1 else gradient / ctx.degree), None, None, None


def leave(
    out: Tensor,
    ledger: Ledger,
    layer: str,
    jets: Tensor,
    *,
    epsilon: float,
    degree: float = 1.0,
    constant: tuple[str, Tensor] | None = None,
    told: Callable[[Tensor], None] | None = None,
) -> Tensor:
    """Return `out`; on the way back, relevance becomes relevance over output.

    Parameters
    ----------
    out
        The output of a homogeneous function of entered inputs, plus a constant.
    ledger, layer, jets
        Where the stabiliser's and the constant's parts are entered.
    epsilon
        The stabiliser.
    degree
        The function's degree.
    constant
        Why and how much was added to the function; broadcasts to `out`.
    told
        Is handed the gradient times the output, before it is divided by the degree.
    """

    def account(relevance: Tensor, gradient: Tensor, out: Tensor) -> None:
        absorb_stabiliser(ledger, layer, relevance, gradient, out, jets, epsilon)
        if constant is not None:
            ledger.add(layer, constant[0], ledger.dot(gradient, constant[1], jets))
        if told is not None:
            told(gradient * out)

    left: Tensor = _Leave.apply(out, degree, epsilon, account)
    return left


def over(relevance: Tensor, out: Tensor, epsilon: float) -> Tensor:
    """Return ``relevance / (out + epsilon sign(out))``; without epsilon, 0 where `out` is 0."""
    if epsilon:
        denominator = stabilised(out, epsilon)
        return torch.div(relevance, denominator, out=denominator)
    return (relevance / out).masked_fill_(out == 0, 0)


def absorb_stabiliser(
    ledger: Ledger,
    layer: str,
    relevance: Tensor,
    gradient: Tensor,
    out: Tensor,
    jets: Tensor,
    epsilon: float,
) -> None:
    """Enter what the denominators' stabiliser took: ``gradient * epsilon * sign(out)``."""
    if epsilon:
        signs = torch.copysign(out.new_tensor(epsilon), out)
        taken = ledger.total(signs.mul_(gradient), jets)
    else:
        taken = ledger.total(relevance * (out == 0), jets)
    ledger.add(layer, "stabiliser", taken)
