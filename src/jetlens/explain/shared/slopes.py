"""The gradient of what is explained with respect to a tagger's inputs."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from jetlens.core.errors import UnsupportedError
from jetlens.explain.base import Choose, OnePassExplainer, Scores
from jetlens.explain.targets import Target
from jetlens.taggers.base import Inputs, Tagger
from jetlens.taggers.chunks import Packed


class Slopes(NamedTuple):
    """A forward and a backward pass of some jets."""

    said: Tensor
    """What the target is made of: logits ``[jet, class]``, or an auxiliary output."""
    value: Tensor
    """``[jet]``, what is explained."""
    slopes: Inputs
    """d value / d input by collection, of the inputs' shapes."""


def slopes(
    tagger: Tagger,
    target: Target,
    inputs: Inputs,
    masks: Inputs,
    choose: Callable[[Tensor], Tensor],
) -> Slopes:
    """Differentiate what is explained of some jets, in one pass forward and one backward.

    Parameters
    ----------
    tagger
        The tagger, at rest.
    target
        What is explained.
    inputs, masks
        The jets, as the tagger takes them.
    choose
        From what the tagger says to each jet's class ``[jet]``.

    Raises
    ------
    UnsupportedError
        If nothing leads back from what the tagger says to its inputs.
    """
    wanting = {name: values.detach().requires_grad_() for name, values in inputs.items()}
    with torch.enable_grad():
        said = target.outputs(tagger, wanting, masks)
        value = target.value(said, masks, choose(said.detach()))
        if not value.requires_grad:
            raise UnsupportedError(
                f"target {target.text!r} has no gradient: the tagger computes it under "
                "torch.no_grad, from detached tensors or from none of its inputs; 'permutation' "
                "explains without gradients"
            )
        found = torch.autograd.grad(value.sum(), list(wanting.values()), materialize_grads=True)
    return Slopes(said.detach(), value.detach(), dict(zip(wanting, found, strict=True)))


def fixed(chosen: Tensor) -> Callable[[Tensor], Tensor]:
    """Return what chooses these classes ``[jet]``, whatever the tagger says."""
    return lambda said: chosen


def all_slopes(
    tagger: Tagger, packed: Packed, target: Target, choose: Choose
) -> tuple[Inputs, Tensor]:
    """Return the gradient of all packed jets, and what the tagger says of them.

    Raises
    ------
    UnsupportedError
        If there is no gradient, or one that is not finite; the message says where.
    """
    found = {name: torch.zeros_like(values) for name, values in packed.inputs.items()}
    saids = []
    for jets in packed.chunks():
        inputs, masks = packed.cut(jets)

        def here(said: Tensor, jets: slice = jets) -> Tensor:
            return choose(said, jets)

        said, _, some = slopes(tagger, target, inputs, masks, here)
        saids.append(said)
        for name, values in some.items():
            if name in masks:
                values = values.masked_fill(~masks[name][..., None], 0)
                found[name][jets, : values.shape[1]] = values
            else:
                found[name][jets] = values
    check_finite(found, tagger, packed, target)
    said = torch.cat(saids) if saids else next(iter(packed.inputs.values())).new_zeros(0)
    return found, said


class SlopeExplainer(OnePassExplainer):
    """An explainer that begins with the gradient in the tagger's inputs."""

    def run(
        self, tagger: Tagger, packed: Packed, target: Target, choose: Choose
    ) -> tuple[Scores, Tensor]:
        """Return the gradient, and what the tagger says."""
        found, said = all_slopes(tagger, packed, target, choose)
        return Scores(found), said


def check_finite(found: Inputs, tagger: Tagger, packed: Packed, target: Target) -> None:
    """Refuse gradients of packed jets that are not finite.

    Raises
    ------
    UnsupportedError
        The message says of which jet and feature.
    """
    for name, values in found.items():
        bad = ~torch.isfinite(values)
        if not bad.any():
            continue
        first = tuple(bad.nonzero()[0].tolist())
        feature = tagger.inputs[name][first[1 if values.ndim == 4 else -1]]
        raise UnsupportedError(
            f"the gradient of {target.text!r} with respect to {name}.{feature} is "
            f"{float(values[first])} for jet {int(packed.rows[first[0]])} of the batch "
            f"({int(bad.flatten(1).any(1).sum())} such jets): expected finite numbers; is there a "
            "root or a logarithm of zero in the tagger?"
        )
