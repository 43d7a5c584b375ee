"""Whole numbers that are read off the inputs: what is looked up by them is relevance of the input.

The numbers themselves have no gradient, so they remember the input that they were read from, as far
as they are moved about; the relevance of an embedded vector is summed over its width.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from torch import Tensor

from jetlens.explain.relevance.functions.activations import passing
from jetlens.explain.relevance.functions.movement import move
from jetlens.explain.relevance.run import Run
from jetlens.explain.relevance.signal import known, mark, signal
from jetlens.explain.relevance.table import HANDLERS, rule_of

_READ_FROM = "jetlens_read_from"
_LOOKED_UP = ("embedding", "one_hot")
_KEPT = ("clamp", "clip", "clamp_min", "clamp_max", "abs", "add", "sub", "__add__", "__sub__")
_CAST = ("to", "long", "int", "short", "float", "double", "half", "type", "type_as", "masked_fill")


def remember(number: Tensor, source: Tensor) -> Tensor:
    """Say from which input whole numbers were read."""
    setattr(number, _READ_FROM, source)
    return number


def read(
    run: Run,
    name: str,
    function: Callable[..., Any],
    args: tuple[Any, ...],
    kwargs: Mapping[str, Any],
) -> Any:
    """Run a function of constants; what whole numbers of the inputs lead to, carries relevance."""
    out = function(*args, **kwargs)
    first = args[0] if args else kwargs.get("input")
    source = getattr(first, _READ_FROM, None)
    if source is None or not isinstance(out, Tensor):
        return out
    if name in _LOOKED_UP:
        about = known(source)
        jets = about.jets.unsqueeze(-1).expand(out.shape)
        source = mark(source.unsqueeze(-1).expand(out.shape), replace(about.plain(), jets=jets))
    elif HANDLERS.get(name) is move:
        source = move(run, function, source, *args[1:], **kwargs)
    elif name not in (*_KEPT, *_CAST) or out.shape != source.shape:
        return out  # a comparison, a count: a constant
    if out.is_floating_point():
        return mark(passing(source, out), known(source).plain())
    return remember(out, source)


@rule_of(
    *("to", "float", "double", "half", "bfloat16", "type", "type_as", "cpu", "cuda"),
    *("long", "int", "short"),
)
def cast(run: Run, function: Callable[..., Any], x: Tensor, *args: Any, **kwargs: Any) -> Tensor:
    """Change the precision or the device; whole numbers remember the input."""
    out: Tensor = function(x, *args, **kwargs)
    about = signal(x)
    if about is None:
        return out
    if not out.is_floating_point():
        return remember(out, x)
    return mark(out, about if out is x else about.alone())
