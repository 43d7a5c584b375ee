"""The state that a network is in: its precision, where it is, and whether it is being trained."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import torch
from torch import nn


def dtype_of(tagger: nn.Module) -> torch.dtype:
    """Return float64 if the tagger's parameters are, else float32."""
    double = any(p.dtype == torch.float64 for p in tagger.parameters())
    return torch.float64 if double else torch.float32


def device_of(tagger: nn.Module) -> torch.device:
    """Return where the tagger's parameters are."""
    first = next(tagger.parameters(), None)
    return torch.device("cpu") if first is None else first.device


@contextlib.contextmanager
def at_rest(tagger: nn.Module) -> Iterator[None]:
    """Evaluate with dropout off and no parameter asking for gradients; leave all as it was."""
    training = [(m, m.training) for m in tagger.modules()]
    wanting = [p for p in tagger.parameters() if p.requires_grad]
    try:
        tagger.eval()
        for parameter in wanting:
            parameter.requires_grad_(False)
        yield
    finally:
        for module, mode in training:
            module.training = mode
        for parameter in wanting:
            parameter.requires_grad_(True)
