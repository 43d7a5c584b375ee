"""Normalisations: statistics are constants, so that what is left is linear."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from jetlens.explain.relevance.currency import enter
from jetlens.explain.relevance.functions.sums import passing_to, proportional
from jetlens.explain.relevance.jets import one_jet
from jetlens.explain.relevance.layers.layer import Layer
from jetlens.explain.relevance.layers.weighted import Affine, applied
from jetlens.explain.relevance.run import Run
from jetlens.explain.relevance.signal import known, mark
from jetlens.explain.relevance.table import rule_of


@rule_of("batch_norm")
def batch_norm(
    run: Run,
    function: Callable[..., Any],
    input: Tensor,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    """Fold it into the layer in front, or leave it to the layer behind, or share in proportion."""
    if training or running_mean is None or running_var is None:
        raise run.refusal("batch_norm", "takes its statistics from other jets in training mode")
    mean, variance = running_mean, running_var

    def compute() -> tuple[Tensor, Tensor]:
        scale = (variance + eps).rsqrt()
        scale = scale if weight is None else scale * weight
        return scale, -mean * scale if bias is None else bias - mean * scale

    scale, shift = run.plan.once(running_mean, ("affine", eps), compute)
    about = known(input)
    layer = about.made
    axis = 1 - input.ndim
    if isinstance(layer, Layer) and layer.operation.axis == axis:
        return _in_front(run, layer, input, scale, shift, running_mean)
    by = (-1,) + (1,) * (input.ndim - 2)
    out = enter(input) * scale.view(by) + shift.view(by)
    made = Affine(input, scale, shift, axis, running_mean)
    return proportional(
        run,
        "batch_norm",
        out,
        about.plain(made=made),
        constant=("bias", shift.view(by)),
        weight=running_mean,
    )


def _in_front(
    run: Run, layer: Layer, input: Tensor, scale: Tensor, shift: Tensor, owner: Tensor
) -> Tensor:
    """Apply the layer's rule to the weights of both as one."""

    def compute() -> tuple[Tensor, Tensor]:
        bias = shift if layer.bias is None else layer.bias * scale + shift
        return layer.operation.scaled(layer.weight, scale, "outputs"), bias

    weight, bias = run.plan.once(layer.weight, ("in front", id(owner)), compute)
    by = (-1,) + (1,) * (input.ndim - 2)
    out = torch.addcmul(shift.view(by), input.detach(), scale.view(by))
    return applied(replace(layer, weight=weight, bias=bias), out)


@rule_of("layer_norm")
def layer_norm(
    run: Run,
    function: Callable[..., Any],
    input: Tensor,
    normalized_shape: Sequence[int],
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-5,
) -> Tensor:
    """Share in proportion, the deviation held constant; a bias absorbs its part."""
    axes = list(range(-len(normalized_shape), 0))
    return _centred(run, "layer_norm", input, axes, weight, bias, eps)


@rule_of("group_norm")
def group_norm(
    run: Run,
    function: Callable[..., Any],
    input: Tensor,
    num_groups: int,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-5,
) -> Tensor:
    """Share in proportion, the deviation held constant; a bias absorbs its part."""
    about = known(input)
    grouped = mark(
        input.unflatten(1, (num_groups, -1)),
        replace(about, jets=about.jets.unflatten(1, (num_groups, -1))),
    )
    by = (num_groups, -1, *[1] * (input.ndim - 2))
    axes = list(range(2 - grouped.ndim, 0))
    out = _centred(run, "group_norm", grouped, axes, weight, bias, eps, by)
    return mark(out.flatten(1, 2), replace(about.plain(), behind=about.behind))


@rule_of("instance_norm")
def instance_norm(
    run: Run,
    function: Callable[..., Any],
    input: Tensor,
    running_mean: Tensor | None = None,
    running_var: Tensor | None = None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    use_input_stats: bool = True,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    """Share in proportion, the deviation held constant; a bias absorbs its part."""
    if not use_input_stats:
        return batch_norm(
            run, function, input, running_mean, running_var, weight, bias, False, momentum, eps
        )
    by = (-1, *[1] * (input.ndim - 2))
    axes = list(range(2 - input.ndim, 0))
    return _centred(run, "instance_norm", input, axes, weight, bias, eps, by)


def _centred(
    run: Run,
    name: str,
    x: Tensor,
    axes: list[int],
    weight: Tensor | None,
    bias: Tensor | None,
    eps: float,
    shape: Sequence[int] = (),
) -> Tensor:
    values, owner = x.detach(), weight
    one_jet(run, name, known(x).jets, axes)
    if shape:
        weight, bias = (None if w is None else w.view(*shape) for w in (weight, bias))
    scale = (values.var(axes, unbiased=False, keepdim=True) + eps).rsqrt()
    entered = enter(x)
    out = (entered - entered.mean(axes, keepdim=True)) * scale
    out = out if weight is None else out * weight
    out = out if bias is None else out + bias
    return proportional(
        run,
        name,
        out,
        known(x).plain(),
        weight=owner,
        constant=None if bias is None else ("bias", bias),
    )


@rule_of("rms_norm", "normalize")
def scaling(run: Run, function: Callable[..., Any], input: Tensor, *args: Any, **kw: Any) -> Tensor:
    """Pass the relevance on: the length is held constant, so that numbers are scaled only."""
    name, about = function.__name__, known(input)
    if name == "normalize":
        axes = [args[1] if len(args) > 1 else kw.get("dim", 1)]
    else:
        axes = list(range(-len(args[0] if args else kw["normalized_shape"]), 0))
    one_jet(run, name, about.jets, axes)
    return mark(passing_to(input, function(input.detach(), *args, **kw)), about.plain())
