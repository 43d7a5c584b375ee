"""Functions that move or choose numbers: the ordinary gradient already moves their relevance."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from jetlens.explain.relevance.jets import edges, reduced
from jetlens.explain.relevance.run import Run
from jetlens.explain.relevance.signal import known, mark, shares
from jetlens.explain.relevance.table import rule_of


@rule_of(
    *("reshape", "view", "view_as", "reshape_as", "flatten", "unflatten", "squeeze", "unsqueeze"),
    *("permute", "transpose", "t", "T", "mT", "H", "mH", "swapaxes", "movedim", "contiguous"),
    *("expand", "expand_as", "repeat", "tile", "clone", "alias", "flip", "roll", "rot90"),
    *("__getitem__", "select", "narrow", "index_select", "gather", "take_along_dim", "diagonal"),
    *("masked_select", "split", "split_with_sizes", "chunk", "unbind", "tensor_split", "unfold"),
    *("repeat_interleave", "broadcast_to", "atleast_2d", "atleast_3d", "ravel", "moveaxis"),
    *("swapdims", "_pack_padded_sequence", "__iter__"),
)
def move(run: Run, function: Callable[..., Any], x: Tensor, *args: Any, **kwargs: Any) -> Any:
    """Move the numbers, and what is known of them, by the same function."""
    if function is F.unfold:
        return _windows(run, x, *args, **kwargs)
    about = known(x)
    out = function(x, *args, **kwargs)
    # what is known may lie in memory in another way, which `view` would refuse
    alike = _SAFE.get(function.__name__, function)
    jets = alike(about.jets, *args, **kwargs)
    bounds = None
    if about.bounds is not None:
        bounds = tuple(alike(b, *args, **kwargs) for b in about.bounds)
    if out is x:
        return x
    whole = x if about.base is None else about.base
    if isinstance(out, Tensor):
        base = whole if shares(out, x) else None
        return mark(out, replace(about, jets=jets, bounds=bounds, base=base, made=None))
    if function.__name__ == "__iter__":
        return iter(x.unbind(0))
    several = type(out) in (tuple, list) or isinstance(out, tuple)
    assert several
    for i, part in enumerate(out):
        if part.requires_grad:
            limits = None if bounds is None else (bounds[0][i], bounds[1][i])
            base = whole if shares(part, x) else None
            mark(part, replace(about, jets=jets[i], bounds=limits, base=base, made=None))
    return out


_SAFE: dict[str, Callable[..., Any]] = {
    "view": torch.Tensor.reshape,
    "view_as": torch.Tensor.reshape_as,
}


def _windows(
    run: Run, x: Tensor, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1
) -> Tensor:
    """Move numbers into windows by `torch.nn.functional.unfold`, which knows no whole numbers."""
    rows, columns = (padding, padding) if isinstance(padding, int) else padding
    with run:
        x = F.pad(x, (columns, columns, rows, rows))
    about, out = known(x), F.unfold(x, kernel_size, dilation, 0, stride)
    jets = edges(run, "unfold", about.jets, x.ndim - 1)[..., 0].expand(out.shape)
    return mark(out, about.plain(jets=jets, nonnegative=about.nonnegative))


@rule_of("max", "min", "amax", "amin", "sort", "topk", "median", "maximum", "minimum")
def winner(run: Run, function: Callable[..., Any], x: Tensor, *args: Any, **kwargs: Any) -> Any:
    """Give all to the largest (smallest, chosen) number."""
    other = args[0] if args else kwargs.get("other")
    if isinstance(other, Tensor):  # the one or the other of two tensors
        larger = function.__name__.startswith("max")
        with run:
            return torch.where((x >= other) == larger, x, other)
    out = function(x, *args, **kwargs)
    about = known(x)
    value = out if isinstance(out, Tensor) else out[0]
    if function.__name__ in ("sort", "topk"):
        dim = kwargs.get("dim", _dim(function, args))
        jets = about.jets.gather(dim, out[1])
    elif value.ndim == 0:
        raise run.refusal(function.__name__, "over all jets at once mixes the jets")
    else:
        jets = reduced(run, function.__name__, about.jets, value, *args, **kwargs)
    mark(value, replace(about.plain(), jets=jets, nonnegative=about.nonnegative))
    return out


def _dim(function: Callable[..., Any], args: tuple[Any, ...]) -> int:
    where = 1 if function.__name__ == "topk" else 0
    return int(args[where]) if len(args) > where else -1


@rule_of(
    *("max_pool1d", "max_pool2d", "max_pool3d", "adaptive_max_pool1d", "adaptive_max_pool2d"),
    *("boolean_dispatch", "_max_pool1d", "_max_pool2d", "max_pool2d_with_indices"),
    *("_adaptive_max_pool1d", "_adaptive_max_pool2d", "fn"),
)
def max_pool(run: Run, function: Callable[..., Any], x: Tensor, *args: Any, **kwargs: Any) -> Any:
    """Give all to the largest number of each window."""
    out = function(x, *args, **kwargs)
    value = out if isinstance(out, Tensor) else out[0]
    about = known(x)
    windows = value.ndim - 2 if value.ndim > 2 else 1
    jets = edges(run, function.__name__, about.jets, windows).expand(value.shape)
    mark(value, replace(about.plain(), jets=jets, nonnegative=about.nonnegative))
    return out
