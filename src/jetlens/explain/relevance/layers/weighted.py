"""Layers with weights: one forward, and on the way back the layer's rule (`formulas`)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch.nn.functional as F
from torch import Tensor
from torch.autograd import Function

from jetlens.explain.relevance.jets import edges
from jetlens.explain.relevance.layers.formulas import FORMULAS
from jetlens.explain.relevance.layers.layer import Layer
from jetlens.explain.relevance.layers.operations import Convolution, Dense, Operation, convolution
from jetlens.explain.relevance.plan import Plan
from jetlens.explain.relevance.run import Run
from jetlens.explain.relevance.signal import Signal, known, mark, signal
from jetlens.explain.relevance.table import rule_of


@dataclass(frozen=True)
class Affine:
    """A normalisation ``scale * input + shift`` by channel, which the layer behind it may take in.

    Attributes
    ----------
    axis
        The channels' axis, counted from the end.
    owner
        The normalisation's own weight, by which what is computed is kept.
    """

    input: Tensor
    scale: Tensor
    shift: Tensor
    axis: int
    owner: Tensor

    def folded(
        self, plan: Plan, operation: Operation, weight: Tensor, bias: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        """Return the weight and the bias of the two as one layer."""

        def compute() -> tuple[Tensor, Tensor]:
            added = operation.response(weight, self.shift)
            merged = operation.scaled(weight, self.scale, "inputs")
            return merged, added if bias is None else bias + added

        found: tuple[Tensor, Tensor] = plan.once(weight, ("behind", id(self.owner)), compute)
        return found


class _Weighted(Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, out: Tensor, layer: Layer) -> Tensor:
        ctx.save_for_backward(x, out)
        ctx.layer = layer
        return out.view_as(out)

    @staticmethod
    def backward(ctx: Any, relevance: Tensor) -> tuple[Tensor, None, None]:
        layer: Layer = ctx.layer
        formula = FORMULAS[type(layer.rule)]
        return formula(layer, layer.rule, relevance, *ctx.saved_tensors), None, None


def weighted(
    run: Run, x: Tensor, operation: Operation, weight: Tensor, bias: Tensor | None, kind: str
) -> Tensor:
    """Apply a layer to a signal."""
    about = known(x)
    kinds = {kind, *run.inside} if about.behind else {kind, *run.inside, "first"}
    name = run.layer(kind, weight)
    out = operation.forward(x.detach(), weight, bias)
    jets = edges(run, kind, about.jets, -operation.axis).expand(out.shape)
    fold = about.made
    if isinstance(fold, Affine) and fold.axis == operation.axis and not operation.padded:
        weight, bias = fold.folded(run.plan, operation, weight, bias)
        x = fold.input
    rule = run.plan.rule(kinds, name)
    if rule.inputs_only and known(x).bounds is None:
        raise run.refusal(kind, f"by rule {rule.name!r} needs bounded inputs, but sees others")
    return applied(Layer(run, name, rule, operation, weight, bias, x, jets, frozenset(kinds)), out)


def applied(layer: Layer, out: Tensor) -> Tensor:
    """Return a layer's output, carrying relevance."""
    left: Tensor = _Weighted.apply(layer.input, out, layer)
    return mark(left, Signal(layer.jets, behind=frozenset({layer.name}), made=layer))


@rule_of("linear")
def linear(
    run: Run,
    function: Callable[..., Any],
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
) -> Tensor:
    """Apply the layer's rule."""
    if signal(input) is None or signal(weight) is not None or signal(bias) is not None:
        with run:  # a weight that is a signal itself
            out = input @ weight.transpose(-2, -1)
            return out if bias is None else out + bias
    return weighted(run, input, Dense(), weight, bias, "linear")


@rule_of("conv1d", "conv2d", "conv3d")
def conv(
    run: Run,
    function: Callable[..., Any],
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: int | Sequence[int] = 1,
    padding: int | Sequence[int] | str = 0,
    dilation: int | Sequence[int] = 1,
    groups: int = 1,
) -> Tensor:
    """Apply the layer's rule."""
    _constant_weights(run, function, input, weight, bias)
    if isinstance(padding, str):
        padding, input = _padding(run, padding, dilation, input, weight)
    operation = convolution(weight.ndim - 2, stride, padding, dilation, groups)
    return weighted(run, input, operation, weight, bias, "conv")


@rule_of("conv_transpose1d", "conv_transpose2d", "conv_transpose3d")
def conv_transpose(
    run: Run,
    function: Callable[..., Any],
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: int | Sequence[int] = 1,
    padding: int | Sequence[int] = 0,
    output_padding: int | Sequence[int] = 0,
    groups: int = 1,
    dilation: int | Sequence[int] = 1,
) -> Tensor:
    """Apply the layer's rule."""
    _constant_weights(run, function, input, weight, bias)
    axes = weight.ndim - 2
    plain = convolution(axes, stride, padding, dilation, groups)
    extra = convolution(axes, output_padding, 0, 1, 1).stride
    operation = Convolution(axes, plain.stride, plain.padding, plain.dilation, groups, True, extra)
    return weighted(run, input, operation, weight, bias, "conv")


def _constant_weights(
    run: Run, function: Callable[..., Any], input: Tensor, weight: Tensor, bias: Tensor | None
) -> None:
    if signal(input) is None or signal(weight) is not None or signal(bias) is not None:
        raise run.refusal(function.__name__, "is known with constant weights only")
    if input.ndim != weight.ndim:
        raise run.refusal(function.__name__, "is known with an axis of jets only")


def _padding(
    run: Run, padding: str, dilation: int | Sequence[int], input: Tensor, weight: Tensor
) -> tuple[tuple[int, ...], Tensor]:
    """Return "valid" or "same" padding in numbers; uneven padding is put there beforehand."""
    axes = weight.ndim - 2
    if padding == "valid":
        return (0,) * axes, input
    by = convolution(axes, 1, 0, dilation, 1).dilation
    whole = [d * (k - 1) for d, k in zip(by, weight.shape[2:], strict=True)]
    if all(n % 2 == 0 for n in whole):
        return tuple(n // 2 for n in whole), input
    with run:
        edges = [e for n in reversed(whole) for e in (n // 2, n - n // 2)]
        return (0,) * axes, F.pad(input, edges)
