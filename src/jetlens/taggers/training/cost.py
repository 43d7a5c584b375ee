"""What a training costs: parameters that are trained, and floating-point operations."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry, sdpa_backward_flop_count, sdpa_flop_count

from jetlens.taggers.base import Tagger


def _attention(query: Any, key: Any, value: Any, *_: Any, **__: Any) -> int:
    return int(sdpa_flop_count(query.shape, key.shape, value.shape))


def _attention_backward(gradient: Any, query: Any, key: Any, value: Any, *_: Any, **__: Any) -> int:
    return int(sdpa_backward_flop_count(gradient.shape, query.shape, key.shape, value.shape))


_aten = torch.ops.aten
_OWN: Mapping[Any, Callable[..., int]] = {
    # torch counts fused attention on GPUs alone
    _aten._scaled_dot_product_flash_attention_for_cpu: _attention,
    _aten._scaled_dot_product_flash_attention_for_cpu_backward: _attention_backward,
}


class Counting(TorchDispatchMode):
    """Counts floating-point operations of matrix products, convolutions and attention.

    A multiplication and an addition are two. What goes number by number (activations, norms) is not
    counted.

    Attributes
    ----------
    total
        How many there were while it was active.
    """

    def __init__(self) -> None:
        super().__init__()
        self.total = 0

    def __torch_dispatch__(
        self,
        func: Any,
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        """Run an operation and add up what it costs."""
        kwargs = kwargs or {}
        out = func(*args, **kwargs)
        packet = func.overloadpacket
        if packet in _OWN:
            self.total += _OWN[packet](*args, **kwargs)
        elif packet in flop_registry:
            self.total += int(flop_registry[packet](*args, **kwargs, out_val=out))
        return out


def cost(tagger: Tagger, jets: int, steps: int, step: int, jet: int) -> dict[str, int]:
    """Return what a training cost.

    Parameters
    ----------
    tagger
        The tagger.
    jets, steps
        How many jets were trained on, and how many steps were taken.
    step, jet
        What a step costs, and a jet's way through the frozen part if that was taken once, in
        floating-point operations.

    Returns
    -------
    ``parameters``, those that are ``trained``, ``steps``, and floating-point operations:
    ``flops_step`` of a step, ``flops_frozen`` of the frozen part, ``flops`` of all; what validation
    takes is not among them.
    """
    every = list(tagger.parameters())
    return {
        "parameters": sum(p.numel() for p in every),
        "trained": sum(p.numel() for p in every if p.requires_grad),
        "steps": steps,
        "flops_step": step,
        "flops_frozen": jets * jet,
        "flops": steps * step + jets * jet,
    }
