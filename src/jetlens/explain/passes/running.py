"""What is known of a forward pass while it runs."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Mapping
from types import FrameType
from typing import Any

import torch
from torch import nn


def paths(module: nn.Module) -> dict[int, str]:
    """Return the paths of a module's parts by their ids."""
    return {id(part): path for path, part in module.named_modules()}


def caller(known: Mapping[int, str]) -> tuple[str, nn.Module] | None:
    """Return the innermost of the modules in whose forward pass something runs, and its path."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        inside = frame.f_locals.get("self")
        path = known.get(id(inside))
        if path is not None and isinstance(inside, nn.Module):
            return path, inside
        frame = frame.f_back
    return None


def where(module: nn.Module) -> str:
    """Say in which part of a module the running function was called."""
    found = caller(paths(module))
    if found is None:
        return ""
    path, part = found
    return f" in {path or 'the tagger'} ({type(part).__name__})"


def as_written() -> contextlib.AbstractContextManager[Any]:
    """Let functions that `torch.compile` has compiled run as they were written."""
    if "torch._dynamo" not in sys.modules:
        return contextlib.nullcontext()
    stance: contextlib.AbstractContextManager[Any] = torch.compiler.set_stance("force_eager")
    return stance
