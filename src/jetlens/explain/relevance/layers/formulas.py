"""What each rule computes for a layer ``z_k = sum_i x_i w_ik + b_k``, on the way back.

Each function has the relevance of the outputs, the input and the output at hand, and returns the
relevance of the input. Denominators are sums of contributions ``c_ik = x_i w_ik``; ``c^+`` and
``c^-`` are their positive and negative parts, for which an input of either sign is split in two.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from jetlens.explain.relevance.currency import absorb_stabiliser, over
from jetlens.explain.relevance.layers.layer import Layer
from jetlens.explain.relevance.plan import parts
from jetlens.explain.relevance.rules import (
    AlphaBeta,
    Epsilon,
    Flat,
    Gamma,
    Rule,
    WSquared,
    Z,
    ZBox,
    ZPlus,
)
from jetlens.explain.relevance.signal import known

Weights = tuple[Tensor, Tensor]

_ROUNDING = 16
"""How many units in the last place a difference must have to be told from zero."""


def proportional(layer: Layer, rule: Rule, relevance: Tensor, x: Tensor, out: Tensor) -> Tensor:
    """Share in proportion to ``c_ik``."""
    gradient = over(relevance, out, rule.epsilon)
    layer.absorb("bias", gradient, layer.bias)
    _absorb_stabiliser(layer, rule, relevance, gradient, out)
    return layer.back(gradient, layer.weight).mul_(x)


def alpha_beta(layer: Layer, rule: AlphaBeta, relevance: Tensor, x: Tensor, out: Tensor) -> Tensor:
    """Share alpha in proportion to ``c_ik^+`` and -beta in proportion to ``c_ik^-``."""
    alpha, beta = rule.alpha, float(rule.beta or 0)
    weight, bias, epsilon = layer.weight, layer.bias, rule.epsilon
    above = _positive(layer, x, epsilon)
    none, below = above <= epsilon, None  # neurons without contributions of the sign
    stabiliser = above.new_zeros(len(layer.run.ledger.numbers))
    if beta:
        least = above * (-_ROUNDING * torch.finfo(out.dtype).eps)
        below = out - above  # the output is both together
        torch.minimum(below, least, out=below)
        if epsilon:  # memory is used again: fresh pages cost more than what is computed
            lacking = below >= least.sub_(epsilon)
            torch.div(relevance, below, out=below)
            torch.mul(below, ~lacking, out=least)
            stabiliser += _total(layer, least, layer.jets) * (beta * epsilon)
        else:
            below = over(relevance, below, 0.0)
    above = torch.div(relevance, above, out=above).masked_fill_(none, 0)
    if epsilon:
        stabiliser += _total(layer, above, layer.jets) * (alpha * epsilon)
    layer.run.ledger.add(layer.name, "stabiliser", stabiliser)

    def scaled() -> tuple[Weights, Weights]:
        plus, minus = parts(layer.plan, weight)
        return (plus * alpha, minus * -beta), (minus * alpha, plus * -beta)

    weights = layer.plan.once(weight, ("alpha-beta", alpha, beta), scaled)
    found = _back(layer, x, above, below, weights)
    missing = _total(layer, relevance, layer.jets) - _total(layer, found, known(layer.input).jets)
    missing = missing - stabiliser
    if bias is not None:
        taken = [layer.absorb("bias", above, bias.clamp(min=0) * alpha)]
        if below is not None:
            taken.append(layer.absorb("bias", below, bias.clamp(max=0) * -beta))
        missing = missing - sum(t for t in taken if t is not None)
    layer.run.ledger.add(layer.name, "one-signed", missing)
    return found


def gamma(layer: Layer, rule: Gamma, relevance: Tensor, x: Tensor, out: Tensor) -> Tensor:
    """Share in proportion to ``c_ik + gamma c_ik^s``, ``s`` the sign of the output."""
    weight, bias, more = layer.weight, layer.bias, rule.gamma
    up = out >= 0
    positive = _positive(layer, x, 0.0)
    denominator = torch.where(up, positive, out - positive).mul_(more).add_(out)
    gradient = over(relevance, denominator, rule.epsilon)
    above = gradient * up
    below: Tensor | None = gradient - above
    assert below is not None
    if not bool(below.any()):  # as after a ReLU
        below = None

    def scaled() -> tuple[Weights, Weights]:
        plus, minus = (weight + more * part for part in parts(layer.plan, weight))
        return (plus, minus), (minus, plus)

    weights = layer.plan.once(weight, ("gamma", more), scaled)
    if bias is not None:
        layer.absorb("bias", above, bias + more * bias.clamp(min=0))
        if below is not None:
            layer.absorb("bias", below, bias + more * bias.clamp(max=0))
    _absorb_stabiliser(layer, rule, relevance, gradient, denominator)
    return _back(layer, x, above, below, weights)


def flat(layer: Layer, rule: Flat, relevance: Tensor, x: Tensor, out: Tensor) -> Tensor:
    """Share in equal parts."""
    ones = layer.plan.once(layer.weight, "ones", lambda: torch.ones_like(layer.weight))
    return _whatever_the_input(layer, relevance, x, ones, None, 0.0)


def w_squared(layer: Layer, rule: WSquared, relevance: Tensor, x: Tensor, out: Tensor) -> Tensor:
    """Share in proportion to ``w_ik^2``."""
    squares = layer.plan.once(layer.weight, "squares", layer.weight.square)
    bias = None if layer.bias is None else layer.bias.square()
    return _whatever_the_input(layer, relevance, x, squares, bias, rule.epsilon)


def _whatever_the_input(
    layer: Layer, relevance: Tensor, x: Tensor, weight: Tensor, bias: Tensor | None, epsilon: float
) -> Tensor:
    # one jet's denominators are every jet's
    sums = layer.operation.forward(torch.ones_like(x[:1] if x.ndim > 1 else x), weight, bias)
    alone = sums == 0  # neurons without inputs are their biases
    gradient = relevance / (sums + epsilon).masked_fill_(alone, torch.inf)
    if bool(alone.any()):
        layer.run.ledger.add(layer.name, "bias", _total(layer, relevance * alone, layer.jets))
    layer.absorb("bias", gradient, bias)
    if epsilon:
        layer.absorb("stabiliser", gradient, gradient.new_full((1,), epsilon))
    return layer.back(gradient, weight)


def z_box(layer: Layer, rule: ZBox, relevance: Tensor, x: Tensor, out: Tensor) -> Tensor:
    """Share in proportion to ``c_ik - low_i w_ik^+ - high_i w_ik^-``; biases cancel."""
    bounds = known(layer.input).bounds
    assert bounds is not None
    low, high = bounds
    plus, minus = parts(layer.plan, layer.weight)
    forward = layer.operation.forward
    sums = forward(x, layer.weight) - forward(low, plus) - forward(high, minus)
    gradient = over(relevance, sums, rule.epsilon)
    _absorb_stabiliser(layer, rule, relevance, gradient, sums)
    found = layer.back(gradient, layer.weight).mul_(x)
    return found - layer.back(gradient, plus) * low - layer.back(gradient, minus) * high


def _positive(layer: Layer, x: Tensor, epsilon: float) -> Tensor:
    """Return the sum of the positive contributions to each neuron, the bias' and a stabiliser."""
    plus, minus = parts(layer.plan, layer.weight)
    if layer.bias is not None:
        added = layer.bias.clamp(min=0) + epsilon
    else:
        channels = layer.jets.shape[layer.operation.axis]
        added = layer.weight.new_full((channels,), epsilon)
    if known(layer.input).nonnegative:
        return layer.operation.forward(x, plus, added)
    above = layer.operation.forward(x.clamp(min=0), plus, added)
    return above.add_(layer.operation.forward(x.clamp(max=0), minus))


def _back(
    layer: Layer,
    x: Tensor,
    above: Tensor,
    below: Tensor | None,
    weights: tuple[Weights, Weights],
) -> Tensor:
    """Hand on what two denominators gave, to inputs above and below zero by weights of their own.

    Inputs that are known to be non-negative take half of the work.
    """

    def back(to_above: Tensor, to_below: Tensor) -> Tensor:
        found = layer.back(above, to_above)
        return found if below is None else found.add_(layer.back(below, to_below))

    if known(layer.input).nonnegative:
        return back(*weights[0]).mul_(x)
    return back(*weights[0]).mul_(x.clamp(min=0)).add_(back(*weights[1]).mul_(x.clamp(max=0)))


def _absorb_stabiliser(
    layer: Layer, rule: Rule, relevance: Tensor, gradient: Tensor, out: Tensor
) -> None:
    absorb_stabiliser(
        layer.run.ledger, layer.name, relevance, gradient, out, layer.jets, rule.epsilon
    )


def _total(layer: Layer, relevance: Tensor, jets: Tensor) -> Tensor:
    return layer.run.ledger.total(relevance, jets)


FORMULAS: dict[type[Rule], Callable[[Any, Any, Tensor, Tensor, Tensor], Tensor]] = {
    Z: proportional,
    Epsilon: proportional,
    Gamma: gamma,
    AlphaBeta: alpha_beta,
    ZPlus: alpha_beta,
    Flat: flat,
    WSquared: w_squared,
    ZBox: z_box,
}
