"""Functions that put what belongs together into one place, as in sums over segments."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from jetlens.explain.relevance.currency import enter
from jetlens.explain.relevance.functions.sums import proportional
from jetlens.explain.relevance.functions.writing import candidates
from jetlens.explain.relevance.jets import shared
from jetlens.explain.relevance.run import Run
from jetlens.explain.relevance.signal import known, mark, signal
from jetlens.explain.relevance.table import rule_of

_LARGEST = ("amax", "amin")


@rule_of("index_add", "scatter_add")
def add_at(
    run: Run,
    function: Callable[..., Any],
    input: Tensor,
    dim: int,
    index: Tensor,
    source: Tensor,
    *,
    alpha: float = 1,
) -> Tensor:
    """Share in proportion among what is added up at each place."""
    name = function.__name__
    if alpha != 1:
        with run:
            source = source * alpha
    if signal(source) is None or signal(input) is not None or bool(input.any()):
        with run:
            added = getattr(torch, name)(torch.zeros_like(input.detach()), dim, index, source)
            return torch.add(input, added)
    if name == "scatter_add" and source.shape != index.shape:
        with run:
            source = source[tuple(slice(n) for n in index.shape)]
    about = known(source)
    jets = _owners(run, name, input, dim, index, about.jets)
    out = function(input, dim, index, enter(source))
    return proportional(run, name, out, about.plain(jets=jets, nonnegative=about.nonnegative))


@rule_of("scatter_reduce")
def scatter_reduce(
    run: Run,
    function: Callable[..., Any],
    input: Tensor,
    dim: int,
    index: Tensor,
    src: Tensor,
    reduce: str,
    *,
    include_self: bool = True,
) -> Tensor:
    """Share sums and means in proportion; the largest and the smallest numbers take all."""
    if reduce not in ("sum", "mean", *_LARGEST):
        raise run.refusal("scatter_reduce", f"by reduce={reduce!r} has no rule of relevance")
    ones = torch.ones(index.shape, dtype=input.dtype, device=input.device)
    count = torch.zeros_like(input.detach()).scatter_add(dim, index, ones)
    if reduce in _LARGEST:
        return _largest(run, input, dim, index, src, reduce, include_self)
    with run:
        if not include_self:
            input = input.masked_fill(count > 0, 0.0)
        out = input.scatter_add(dim, index, src)
        if reduce == "mean":
            out = out / (count + 1 if include_self else count.clamp(min=1))
    return out


def _largest(
    run: Run, input: Tensor, dim: int, index: Tensor, src: Tensor, reduce: str, own: bool
) -> Tensor:
    if src.shape != index.shape:
        with run:
            src = src[tuple(slice(n) for n in index.shape)]
    about = known(input if signal(src) is None else src)
    if signal(src) is None:
        src = run.constant(src, about.jets.gather(dim, index), run.layer("scatter_reduce"))
        jets = about.jets
    elif signal(input) is None:
        jets = _owners(run, "scatter_reduce", input, dim, index, about.jets)
        input = run.constant(input, jets, run.layer("scatter_reduce"))
    else:
        jets = known(input).jets
        shared(run, "scatter_reduce", jets.gather(dim, index), about.jets, index.shape)
    # of equal numbers each takes an equal part, as the gradient does
    out = input.scatter_reduce(dim, index, src, reduce, include_self=own)
    behind = known(input).behind | known(src).behind
    return mark(out, about.plain(jets=jets, behind=behind))


def _owners(run: Run, name: str, base: Tensor, dim: int, index: Tensor, inside: Tensor) -> Tensor:
    """Return whose the places are that numbers of known jets are put to."""
    for jets in candidates(run.ledger.numbers, base.shape):
        there = jets.index_select(dim, index) if index.ndim == 1 else jets.gather(dim, index)
        if there.shape == inside.shape and bool((there == inside).all()):
            return jets
    raise run.refusal(name, "mixes the jets, or the jets of what it adds to cannot be told")
