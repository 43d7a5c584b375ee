"""Functions of single numbers: the relevance of a number is that of what it became."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function

from jetlens.explain.relevance.run import Run
from jetlens.explain.relevance.signal import known, mark, signal
from jetlens.explain.relevance.table import rule_of


class _Pass(Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, out: Tensor) -> Tensor:
        return out

    @staticmethod
    def backward(ctx: Any, relevance: Tensor) -> tuple[Tensor, None]:
        return relevance, None


def passing(x: Tensor, out: Tensor) -> Tensor:
    """Return `out`, computed from `x` number by number, with the relevance of `x`."""
    passed: Tensor = _Pass.apply(x, out)
    return passed


_GATES = {"sigmoid", "hardsigmoid"}
_POSITIVE = {"relu", "relu6", "softplus", "exp", "sqrt", "abs", "square", *_GATES}
_RISING = {
    *("elu", "selu", "celu", "leaky_relu", "softsign", "tanh", "hardtanh", "log1p", "expm1"),
    *("gelu", "silu", "mish", "hardswish", "clamp", "clip", "clamp_min", "asinh", "arcsinh"),
}
"""Above zero these do not fall: what they make of non-negative numbers is at least that of zero."""


@rule_of(
    *("relu", "relu6", "gelu", "silu", "mish", "elu", "selu", "celu", "leaky_relu", "softplus"),
    *(
        "softsign",
        "tanh",
        "hardtanh",
        "hardswish",
        "sigmoid",
        "hardsigmoid",
        "logsigmoid",
        "log_sigmoid",
    ),
    *(
        "tanhshrink",
        "hardshrink",
        "softshrink",
        "threshold",
        "_threshold",
        "exp",
        "expm1",
        "log",
        "log1p",
    ),
    *("sqrt", "rsqrt", "square", "abs", "neg", "positive", "negative", "reciprocal", "clamp"),
    *("clip", "clamp_min", "clamp_max", "erf", "sin", "cos", "tan", "atan", "arctan", "asinh"),
    *("arcsinh", "nan_to_num", "log2", "log10", "exp2", "sinh", "cosh", "__neg__", "__abs__"),
    *("rrelu", "arctanh", "atanh", "pow", "__pow__", "__rpow__", "absolute", "round"),
    *("floor", "ceil", "trunc", "special_erf", "special_expit"),
)
def activation(run: Run, function: Callable[..., Any], x: Tensor, *args: Any, **kwargs: Any) -> Any:
    """Pass the relevance on."""
    if signal(x) is None or any(signal(a) is not None for a in args):
        raise run.refusal(function.__name__, "is known with a constant second argument only")
    about = known(x)
    out = function(x.detach(), *args, **kwargs)
    name = function.__name__
    nonnegative = name in _POSITIVE
    if about.nonnegative and name in _RISING:
        nonnegative = float(function(x.new_zeros(1), *args, **kwargs)) >= 0
    return mark(passing(x, out), about.plain(nonnegative=nonnegative, gate=name in _GATES))


@rule_of("sign", "sgn", "heaviside")
def step(run: Run, function: Callable[..., Any], x: Tensor, *args: Any, **kwargs: Any) -> Tensor:
    """Take it for a constant, as comparisons are."""
    out: Tensor = function(x, *args, **kwargs)
    return out.detach()


@rule_of("prelu")
def prelu(run: Run, function: Callable[..., Any], input: Tensor, weight: Tensor) -> Tensor:
    """Pass the relevance on."""
    out = torch.prelu(input.detach(), weight)
    about = known(input)
    return mark(passing(input, out), about.plain(nonnegative=about.nonnegative))


@rule_of("dropout", "dropout1d", "dropout2d", "dropout3d", "alpha_dropout", "feature_dropout")
def dropout(
    run: Run,
    function: Callable[..., Any],
    input: Tensor,
    p: float = 0.5,
    training: bool = True,
    inplace: bool = False,
) -> Tensor:
    """Do nothing, as in evaluation."""
    if training and p:
        raise run.refusal(function.__name__, "drops numbers by chance: hand it self.training")
    return input
