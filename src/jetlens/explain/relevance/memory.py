"""Memory that tensors share: what is written into one of them is read from all.

Nothing is written in truth. A function that writes gives a new tensor, which from then on stands
for the old one; so that views of the same memory see it too, each is known as a part of its base.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor

from jetlens.explain.relevance.functions.writing import put
from jetlens.explain.relevance.run import Run
from jetlens.explain.relevance.signal import mark, signal
from jetlens.explain.relevance.table import rule_of

_NOW = "jetlens_now"  # what a tensor became when it was written into
_SHAPED = "jetlens_shaped"  # what it became when it was given another shape in place
_PART = "jetlens_part"


class _Part(NamedTuple):
    """Which numbers of another tensor a tensor is, and whether without their relevance."""

    base: Tensor
    places: Tensor | None
    detached: bool = False


def base_of(tensor: Tensor) -> Tensor | None:
    """Return the tensor that one is a view of, if it is a view."""
    part: _Part | None = getattr(tensor, _PART, None)
    if part is not None:
        return part.base
    about = signal(tensor)
    return tensor._base if about is None else about.base


@rule_of("detach", "data")
def detach(run: Run, function: Callable[..., Any], x: Tensor) -> Tensor:
    """Return the numbers alone, in the same memory."""
    out = x.detach()
    setattr(out, _PART, _Part(x, None, detached=True))
    return out


def without_its_relevance(tensor: Tensor) -> bool:
    """Whether a tensor is a part of one that carries relevance, without carrying any."""
    part: _Part | None = getattr(tensor, _PART, None)
    if part is not None:
        return part.detached
    return signal(tensor) is None and tensor._base is not None and hasattr(tensor._base, _PART)


def latest(run: Run, tensor: Tensor) -> Tensor:
    """Return what stands for a tensor now."""
    return _latest(run, tensor, shaped=True)


def _latest(run: Run, tensor: Tensor, shaped: bool) -> Tensor:
    while True:
        if shaped and hasattr(tensor, _SHAPED):
            tensor = getattr(tensor, _SHAPED)
        elif hasattr(tensor, _NOW):
            tensor = getattr(tensor, _NOW)
        else:
            break
    base = base_of(tensor)
    now = None if base is None else _latest(run, base, shaped=False)
    if base is None or now is None or now is base:
        return tensor
    places = _places(tensor, base)
    with torch.enable_grad(), run:
        again = now.reshape(-1)[places]
    detached = hasattr(tensor, _PART) and getattr(tensor, _PART).detached
    if detached:
        again = again.detach()
    setattr(again, _PART, _Part(now, places, detached))
    setattr(tensor, _NOW, again)
    return again


def reshaped(into: Tensor, out: Tensor) -> Tensor:
    """Let a view stand for the tensor that was given another shape in place."""
    setattr(into, _SHAPED, out)
    return out


def written(run: Run, name: str, into: Tensor, out: Tensor, given: Any) -> Tensor:
    """Let `out` stand for `into` in all of its memory, and return it.

    Raises
    ------
    UnsupportedError
        If the two differ in shape or type, or the memory's jets cannot be told.
    """
    if out.shape != into.shape or out.dtype != into.dtype:
        raise run.refusal(
            name,
            f"writes {tuple(out.shape)} of {out.dtype} into {tuple(into.shape)} of {into.dtype}",
        )
    about = signal(out)
    if any(out is g for g in given) or (about is not None and about.base is not None):
        # memory of its own, so that it stands for one tensor alone
        out = out.clone() if about is None else mark(out.clone(), about.alone())
    base = base_of(into)
    if base is not None:
        places = _places(into, base)

        def take(x: Tensor) -> Tensor:
            return x.reshape(-1)[places]

        def place(x: Tensor, value: Tensor) -> None:
            x.view(-1)[places] = value

        whole = put(run, name, base, out, take, place)
        written(run, name, base, whole, ())
        setattr(out, _PART, _Part(whole, places))
    setattr(into, _NOW, out)
    return out


def _places(tensor: Tensor, base: Tensor) -> Tensor:
    """Return which numbers of `base`, counted in the order of its axes, a tensor's are."""
    part: _Part | None = getattr(tensor, _PART, None)
    if part is not None and part.places is not None:
        return part.places
    if tensor.dtype != base.dtype:
        raise TypeError(f"a tensor of {tensor.dtype} shares its memory with one of {base.dtype}")
    size = base.untyped_storage().nbytes() // base.element_size()
    there = torch.full((size,), -1, device=base.device)
    numbers = torch.arange(base.numel(), device=base.device).view(base.shape)
    there.as_strided(base.shape, base.stride(), base.storage_offset()).copy_(numbers)
    return there.as_strided(tensor.shape, tensor.stride(), tensor.storage_offset())
