"""Functions that put numbers into places of a tensor: what is overwritten gets no relevance."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from jetlens.explain.relevance.functions.joining import masked_fill
from jetlens.explain.relevance.functions.movement import move
from jetlens.explain.relevance.run import Run
from jetlens.explain.relevance.signal import known, mark, signal
from jetlens.explain.relevance.table import rule_of

Take = Callable[[Tensor], Tensor]
Place = Callable[[Tensor, Tensor], Any]


def put(run: Run, name: str, base: Tensor, value: Any, take: Take, place: Place) -> Tensor:
    """Return a copy of `base` with `value` at some places; constants absorb what comes to them.

    Parameters
    ----------
    base, value
        At least one of them carries relevance.
    take, place
        Return, and write in place, the numbers at the places.

    Raises
    ------
    UnsupportedError
        If it cannot be told whose the numbers are, or a place is written more than once.
    """
    base_about, about = signal(base), signal(value)
    shape = take(base.detach()).shape
    _once(run, name, base, shape, take, place)
    value = torch.as_tensor(value, dtype=base.dtype, device=base.device)
    while value.ndim > len(shape) and value.shape[0] == 1:
        value = value[0] if about is None else move(run, Tensor.__getitem__, value, 0)
    if about is not None:
        inside = known(value).jets.expand(shape)
        value = value if value.shape == shape else move(run, Tensor.expand, value, shape)
    if base_about is None:
        jets = _owners(run, name, base, inside, take, place)
        base = run.constant(base, jets, run.layer(name))
    else:
        jets = base_about.jets
        if about is None:
            value = run.constant(value.expand(shape), take(jets), run.layer(name))
        elif not bool((take(jets) == inside).all()):  # rows of other jets are put there
            jets = jets.clone(memory_format=torch.contiguous_format)
            place(jets, inside)
    out = base.clone(memory_format=torch.contiguous_format)
    place(out, value)
    behind = known(base).behind | known(value).behind
    nonnegative = known(value).nonnegative and bool((base.detach() >= 0).all())
    return mark(out, known(base).plain(jets=jets, behind=behind, nonnegative=nonnegative))


def _once(run: Run, name: str, base: Tensor, shape: torch.Size, take: Take, place: Place) -> None:
    """Refuse what would write to one place more than once: what stands there is not what was."""
    numbers = torch.arange(shape.numel(), dtype=torch.int32, device=base.device).view(shape)
    there = torch.zeros(base.shape, dtype=torch.int32, device=base.device)
    place(there, numbers)
    if not torch.equal(take(there), numbers):
        raise run.refusal(
            name, "writes to one place more than once: add up what belongs together (index_add)"
        )


def _owners(run: Run, name: str, base: Tensor, inside: Tensor, take: Take, place: Place) -> Tensor:
    """Return whose the numbers of a constant are, into which those of known jets are written."""
    numbers = run.ledger.numbers
    if inside.numel() == base.numel():
        jets = torch.empty(base.shape, dtype=numbers.dtype, device=base.device)
        place(jets, inside)
        return jets
    for jets in candidates(numbers, base.shape):
        if bool((take(jets) == inside).all()):
            return jets
    raise run.refusal(name, "writes into a tensor whose jets cannot be told")


def candidates(numbers: Tensor, shape: Sequence[int]) -> list[Tensor]:
    """Return in which ways jets may stand along one of a tensor's axes, alone or with others."""
    found = []
    for axis, size in enumerate(shape):
        each, rest = divmod(size, len(numbers))
        if rest or not each:
            continue
        wide = (-1, *[1] * (len(shape) - 1 - axis))
        ways = [numbers] if each == 1 else [numbers.repeat_interleave(each), numbers.repeat(each)]
        found += [way.view(wide).expand(tuple(shape)) for way in ways]
    return found


@rule_of("__setitem__")
def set_item(run: Run, function: Callable[..., Any], x: Tensor, where: Any, value: Any) -> Tensor:
    """Write into a part of a tensor."""
    return put(run, "setitem", x, value, lambda t: t[where], lambda t, v: t.__setitem__(where, v))


@rule_of("scatter")
def scatter(
    run: Run,
    function: Callable[..., Any],
    input: Tensor,
    dim: int,
    index: Tensor,
    src: Any = None,
    *,
    value: Any = None,
    reduce: str | None = None,
) -> Tensor:
    """Write to places by their numbers; relevance is gathered from there."""
    if reduce is not None:
        raise run.refusal("scatter", "is known without reduce=: write it with scatter_reduce")
    src = value if src is None else src
    if not isinstance(src, Tensor):
        hidden = torch.zeros_like(input, dtype=torch.bool).scatter(dim, index, True)
        return masked_fill(run, torch.masked_fill, input, hidden, src)
    if src.shape != index.shape:
        with run:
            src = src[tuple(slice(n) for n in index.shape)]

    def place(t: Tensor, v: Tensor) -> Tensor:
        return t.scatter_(dim, index, v)

    return put(run, "scatter", input, src, lambda t: t.gather(dim, index), place)


@rule_of("index_copy")
def index_copy(
    run: Run, function: Callable[..., Any], input: Tensor, dim: int, index: Tensor, source: Tensor
) -> Tensor:
    """Write slices to places by their numbers."""

    def place(t: Tensor, v: Tensor) -> Tensor:
        return t.index_copy_(dim, index, v)

    return put(run, "index_copy", input, source, lambda t: t.index_select(dim, index), place)


@rule_of("index_fill")
def index_fill(
    run: Run, function: Callable[..., Any], input: Tensor, dim: int, index: Tensor, value: Any
) -> Tensor:
    """Write a constant to slices by their numbers."""
    filled = torch.zeros_like(input, dtype=torch.bool).index_fill(dim, index, True)
    return masked_fill(run, torch.masked_fill, input, filled, value)


@rule_of("index_put")
def index_put(
    run: Run,
    function: Callable[..., Any],
    input: Tensor,
    indices: Sequence[Tensor],
    values: Tensor,
    accumulate: bool = False,
) -> Tensor:
    """Write to places by their numbers along several axes."""
    if accumulate:
        raise run.refusal("index_put", "is known without accumulate=: write it with index_add")
    return set_item(run, function, input, tuple(indices), values)


@rule_of("masked_scatter")
def masked_scatter(
    run: Run, function: Callable[..., Any], input: Tensor, mask: Tensor, source: Tensor
) -> Tensor:
    """Write the first numbers to where the mask is True."""
    mask = mask.expand(input.shape)
    with run:
        source = source.reshape(-1)[: int(mask.sum())]
    return set_item(run, function, input, mask, source)


@rule_of("copy")
def copy(
    run: Run, function: Callable[..., Any], input: Tensor, src: Tensor, non_blocking: bool = False
) -> Tensor:
    """Write all of a tensor anew."""
    with run:
        return src.expand(input.shape).to(input.dtype, copy=True)


@rule_of("fill", "zero")
def fill(run: Run, function: Callable[..., Any], input: Tensor, value: float = 0.0) -> Tensor:
    """Write one constant everywhere, so that no relevance is left."""
    if signal(value) is not None:
        raise run.refusal("fill", "is known with a constant only")
    return torch.full_like(input.detach(), float(value))
