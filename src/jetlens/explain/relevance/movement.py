"""Functions that move numbers: the ordinary gradient already moves their relevance.

Constants that are joined in (class tokens, padding) absorb the relevance that comes to them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import torch
import torch.nn.functional as F
from torch import Tensor

from jetlens.explain.relevance.signal import Signal, known, mark, signal
from jetlens.explain.relevance.table import rule_of

if TYPE_CHECKING:
    from jetlens.explain.relevance.interception import Interception as Run


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
    about = known(x)
    out = function(x, *args, **kwargs)
    jets = function(about.jets, *args, **kwargs)
    bounds = None
    if about.bounds is not None:
        bounds = tuple(function(b, *args, **kwargs) for b in about.bounds)
    if isinstance(out, Tensor):
        return mark(out, replace(about, jets=jets, bounds=bounds, view=out._is_view(), made=None))
    if function.__name__ == "__iter__":
        return iter(x.unbind(0))
    several = type(out) in (tuple, list) or isinstance(out, tuple)
    assert several
    for i, part in enumerate(out):
        if part.requires_grad:
            limits = None if bounds is None else (bounds[0][i], bounds[1][i])
            view = part._is_view()
            mark(part, replace(about, jets=jets[i], bounds=limits, view=view, made=None))
    return out


@rule_of("to", "float", "double", "half", "bfloat16", "type", "type_as", "cpu", "cuda")
def cast(run: Run, function: Callable[..., Any], x: Tensor, *args: Any, **kwargs: Any) -> Any:
    """Change the precision or the device."""
    out = function(x, *args, **kwargs)
    about = signal(x)
    if about is None or not out.requires_grad:  # integers carry no relevance
        return out
    return mark(out, replace(about, made=None))


@rule_of("max", "min", "amax", "amin", "sort", "topk", "kthvalue", "median", "maximum", "minimum")
def winner(run: Run, function: Callable[..., Any], x: Tensor, *args: Any, **kwargs: Any) -> Any:
    """Give all to the largest (smallest, chosen) number."""
    if args and isinstance(args[0], Tensor):  # of two tensors
        one, other, about = joined(run, function.__name__, x, args[0])
        return mark(function(one, other), about)
    out = function(x, *args, **kwargs)
    about = known(x)
    value = out if isinstance(out, Tensor) else out[0]
    if function.__name__ in ("sort", "topk"):
        dim = kwargs.get("dim", _dim(function, args))
        jets = about.jets.gather(dim, out[1])
    elif value.ndim == 0:
        raise run.refusal(function.__name__, "over all jets at once mixes the jets")
    else:
        jets = reduced(about.jets, value, *args, **kwargs)
    mark(value, replace(about.plain(), jets=jets, nonnegative=about.nonnegative))
    return out


def _dim(function: Callable[..., Any], args: tuple[Any, ...]) -> int:
    where = 1 if function.__name__ == "topk" else 0
    return int(args[where]) if len(args) > where else -1


def reduced(jets: Tensor, out: Tensor, dim: Any = None, keepdim: bool = False, **_: Any) -> Tensor:
    """Return whose numbers are the results of a reduction over `dim`."""
    if dim is None:
        dims: Sequence[int] = range(jets.ndim)
    else:
        dims = [dim] if isinstance(dim, int) else list(dim) or range(jets.ndim)
    for d in sorted((d % jets.ndim for d in dims), reverse=True):
        jets = jets.narrow(d, 0, 1) if keepdim else jets.select(d, 0)
    return jets.expand(out.shape)


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
    jets = edges(about.jets, windows).expand(value.shape)
    mark(value, replace(about.plain(), jets=jets, nonnegative=about.nonnegative))
    return out


def edges(jets: Tensor, axes: int) -> Tensor:
    """Return the first place along each of the last `axes`, which hold numbers of one jet."""
    for axis in range(1, axes + 1):
        jets = jets.narrow(-axis, 0, 1)
    return jets


@rule_of("cat", "concat", "concatenate")
def cat(
    run: Run, function: Callable[..., Any], tensors: Sequence[Tensor], dim: int = 0, **_: Any
) -> Tensor:
    """Join tensors; constants among them absorb what comes to them."""
    dim = _.get("axis", dim)
    first = next(s for s in map(signal, tensors) if s is not None)
    edge = first.jets.narrow(dim, 0, 1)
    several = first.jets.shape[dim] > 1 and not bool((first.jets == edge).all())
    if several and not all(signal(t) is not None for t in tensors):
        raise run.refusal("cat", "joins constants to the jets as if they were more jets")
    entered = _with_constants(run, "cat", tensors, lambda t: edge.expand(t.shape))
    out = torch.cat(entered, dim)
    parts = [known(t) for t in entered]
    if all(p.jets.stride(dim) == 0 or p.jets.shape[dim] == 1 for p in parts):
        jets = edge.expand(out.shape)  # the axis of jets is another: no memory is needed
    else:
        jets = torch.cat([p.jets for p in parts], dim)
    return mark(out, _joint(parts, jets, lambda bounds: torch.cat(bounds, dim), tensors))


@rule_of("stack")
def stack(
    run: Run, function: Callable[..., Any], tensors: Sequence[Tensor], dim: int = 0
) -> Tensor:
    """Join tensors along a new axis."""
    return cat(run, torch.cat, [_unsqueezed(t, dim) for t in tensors], dim)


def _unsqueezed(tensor: Tensor, dim: int) -> Tensor:
    out = tensor.unsqueeze(dim)
    about = signal(tensor)
    return out if about is None else mark(out, replace(about, jets=about.jets.unsqueeze(dim)))


def _with_constants(
    run: Run, name: str, tensors: Sequence[Tensor], jets: Callable[[Tensor], Tensor]
) -> list[Tensor]:
    if all(signal(t) is not None for t in tensors):
        return list(tensors)
    layer = run.layer(name)
    return [t if signal(t) is not None else run.constant(t, jets(t), layer) for t in tensors]


def _joint(
    parts: Sequence[Signal],
    jets: Tensor,
    join: Callable[[list[Tensor]], Tensor],
    tensors: Sequence[Tensor],
) -> Signal:
    bounds = None
    if all(p.bounds is not None for p in parts):
        bounds = tuple(join([p.bounds[i] for p in parts]) for i in (0, 1))  # type: ignore[index]
    return Signal(
        jets,
        nonnegative=all(p.nonnegative for p in parts),
        bounds=bounds,  # type: ignore[arg-type]
        behind=frozenset[str]().union(*(p.behind for p in parts)),
        hidden=any(p.hidden for p in parts),
    )


def joined(
    run: Run, name: str, one: Any, other: Any, least: Sequence[int] = ()
) -> tuple[Tensor, Tensor, Signal]:
    """Broadcast two tensors to each other; a constant one absorbs what comes to it."""
    first = next(t for t in (one, other) if signal(t) is not None)
    one, other = (torch.as_tensor(t, dtype=first.dtype, device=first.device) for t in (one, other))
    shape = torch.broadcast_shapes(one.shape, other.shape, tuple(least))
    jets = known(first).jets.expand(shape)
    wide = []
    for tensor in (one, other):
        about = signal(tensor)
        spread = tensor.expand(shape)
        if about is None:
            spread = run.constant(spread, jets, run.layer(name))
        else:
            spread = mark(spread, replace(about.plain(), jets=about.jets.expand(shape)))
        wide.append(spread)
    parts = [known(t) for t in wide]
    return wide[0], wide[1], _joint(parts, jets, torch.cat, wide)


@rule_of("where")
def where(
    run: Run, function: Callable[..., Any], condition: Tensor, one: Any, other: Any
) -> Tensor:
    """Choose between two tensors."""
    one, other, about = joined(run, "where", one, other, condition.shape)
    return mark(torch.where(condition, one, other), about)


@rule_of("masked_fill")
def masked_fill(
    run: Run, function: Callable[..., Any], x: Tensor, mask: Tensor, value: Any
) -> Tensor:
    """Put a constant where the mask is True."""
    about = known(x)
    out = where(run, torch.where, mask, value, x)
    bounds = about.bounds
    if bounds is not None:
        bounds = (bounds[0].masked_fill(mask, value), bounds[1].masked_fill(mask, value))
    nonnegative = about.nonnegative and float(value) >= 0
    hidden = about.hidden or float(value) == -torch.inf
    return mark(
        out,
        replace(known(out), nonnegative=nonnegative, gate=about.gate, bounds=bounds, hidden=hidden),
    )


@rule_of("tril", "triu")
def triangle(
    run: Run, function: Callable[..., Any], x: Tensor, *args: Any, **kwargs: Any
) -> Tensor:
    """Put zeros on one side of the diagonal."""
    kept = function(torch.ones(x.shape[-2:], dtype=torch.bool, device=x.device), *args, **kwargs)
    return masked_fill(run, torch.masked_fill, x, ~kept, 0.0)


@rule_of("pad", "_pad", "constant_pad_nd")
def pad(
    run: Run,
    function: Callable[..., Any],
    input: Tensor,
    pad: Sequence[int],
    mode: str = "constant",
    value: float | None = None,
) -> Tensor:
    """Add numbers at the edges: constants, or copies."""
    about = known(input)
    out = F.pad(input, pad, mode, value)
    jets = edges(about.jets, len(pad) // 2).expand(out.shape)
    out = mark(out, replace(about.plain(), jets=jets, nonnegative=about.nonnegative))
    if mode != "constant":
        return out
    there = F.pad(torch.ones_like(input, dtype=torch.bool), pad, value=False)
    return masked_fill(run, torch.masked_fill, out, ~there, value or 0.0)


@rule_of("_pad_packed_sequence")
def unpack(
    run: Run,
    function: Callable[..., Any],
    data: Tensor,
    sizes: Tensor,
    batch_first: bool,
    value: float,
    length: int,
) -> tuple[Tensor, Tensor]:
    """Lay a packed sequence out again, with constants where it has ended."""
    about = known(data)
    out, lengths = function(data, sizes, batch_first, value, length)
    there, _ = function(torch.ones(len(data), dtype=data.dtype), sizes, batch_first, 0.0, length)
    first = 0 if batch_first else 1  # the jets of the first step are all jets
    jets = about.jets[: int(sizes[0])].unsqueeze(1 - first).expand(out.shape)
    out = mark(out, replace(about.plain(), jets=jets, nonnegative=about.nonnegative))
    gone = (there == 0).view(*there.shape, *[1] * (out.ndim - 2))
    return masked_fill(run, torch.masked_fill, out, gone, value), lengths


@rule_of("__setitem__")
def set_item(run: Run, function: Callable[..., Any], x: Tensor, where: Any, value: Any) -> Tensor:
    """Write into a part of a tensor."""
    base, about = x, signal(x)
    if about is None:
        inside = known(value).jets
        shape = (-1,) + (1,) * (x.ndim - 1)
        jets = run.ledger.numbers
        whole = jets.view(shape).expand(x.shape) if x.shape[0] == len(jets) else None
        if whole is None or not bool((whole[where] == inside).all()):
            raise run.refusal("__setitem__", "writes into a tensor whose jets cannot be told")
        base = run.constant(x, whole, run.layer("setitem"))
        about = known(base)
    place = base[where]
    if signal(value) is None:
        constant = torch.as_tensor(value, dtype=x.dtype, device=x.device).expand(place.shape)
        value = run.constant(constant, about.jets[where], run.layer("setitem"))
    out = base.clone()
    out[where] = value
    behind = about.behind | known(value).behind
    return mark(out, replace(about.plain(), behind=behind))
