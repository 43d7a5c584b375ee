"""From one chunk of jets to their relevance, and an account of what was absorbed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from jetlens.core.errors import UnsupportedError
from jetlens.explain.passes.running import as_written
from jetlens.explain.relevance.functions import (  # noqa: F401  # each enters its rules
    activations,
    attention,
    composed,
    einsum,
    indices,
    joining,
    movement,
    multi_head,
    normalisation,
    products,
    recurrent,
    segments,
    softened,
    sums,
    writing,
)
from jetlens.explain.relevance.interception import UNSEEN, Interception, unseen
from jetlens.explain.relevance.layers import weighted  # noqa: F401  # as those do
from jetlens.explain.relevance.ledger import Ledger
from jetlens.explain.relevance.plan import Plan
from jetlens.explain.relevance.signal import known, signal
from jetlens.explain.targets import Target
from jetlens.taggers.base import Inputs, Tagger

TARGET = "target"
"""The layer by which the part of a target that is no sum of outputs is reported."""

Bounds = Mapping[str, tuple[Tensor, Tensor]]


@dataclass(frozen=True)
class Propagated:
    """What comes back for a chunk of jets.

    Attributes
    ----------
    relevance
        By collection, of the inputs' shapes.
    said
        What the tagger said, as `Target.outputs` gives it.
    value
        ``[jet]``, what was explained of it.
    ledger
        What was absorbed.
    """

    relevance: Inputs
    said: Tensor
    value: Tensor
    ledger: Ledger


def propagate(
    tagger: Tagger,
    plan: Plan,
    target: Target,
    inputs: Inputs,
    masks: Inputs,
    choose: Callable[[Tensor], Tensor],
    bounds: Bounds,
) -> Propagated:
    """Go once through the tagger and back.

    Parameters
    ----------
    tagger
        The tagger, at rest.
    plan
        The rules.
    target
        What is explained.
    inputs, masks
        Jets, as the tagger takes them.
    choose
        Gives each jet's class ``[jet]``, once it is known what the tagger says.
    bounds
        By collection, the least and the largest value of inputs, where a rule asks for them.

    Raises
    ------
    UnsupportedError
        If the tagger uses a function without a rule, or its output does not depend on its inputs by
        functions that carry relevance.
    """
    some = next(iter(inputs.values()))
    run = Interception(plan, len(some), some.device)
    with torch.enable_grad():
        with as_written(), run:
            leaves = {
                name: run.open(values, _wide(bounds.get(name), values))
                for name, values in inputs.items()
            }
            out = run.current(target.outputs(tagger, leaves, masks))
        if unseen(out):
            raise UnsupportedError(f"the tagger's output has numbers {UNSEEN}")
        if signal(out) is None or not out.requires_grad:
            raise UnsupportedError(
                "the tagger's output does not depend on its inputs by functions that carry "
                "relevance (are they detached, rounded, or behind a softmax of "
                "which attention='value' holds the weights?)"
            )
        said = out.detach().requires_grad_()
        value = target.value(said, masks, choose(said.detach()))
        (slope,) = torch.autograd.grad(value.sum(), said)
        value = value.detach()
        seed = torch.where(slope == 0, 0.0, slope * said.detach())
        # what stands at the end of a graph may be absent from it: its relevance is zero
        ends = [*leaves.values(), *(leaf for _, leaf, _ in run.sinks)]
        found = torch.autograd.grad(out, ends, seed, materialize_grads=True)
    if plan.needs_last:
        plan.set_last(known(out).behind)
    for (layer, _, jets), relevance in zip(run.sinks, found[len(leaves) :], strict=True):
        run.ledger.add(layer, "constants", run.ledger.total(relevance, jets))
    run.ledger.add(TARGET, "target", value - seed.flatten(1).sum(1))
    inputs_relevance = dict(zip(leaves, found[: len(leaves)], strict=True))
    return Propagated(inputs_relevance, said.detach(), value, run.ledger)


def _wide(bounds: tuple[Tensor, Tensor] | None, values: Tensor) -> tuple[Tensor, Tensor] | None:
    if bounds is None:
        return None
    low, high = (b.expand(values.shape) for b in bounds)
    return low, high
