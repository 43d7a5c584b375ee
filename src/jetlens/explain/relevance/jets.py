"""Whose the numbers of a tensor are; a function that mixes jets is refused."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from torch import Tensor

from jetlens.explain.relevance.run import Run

_MIXES = "mixes the jets: what it makes is no jet's own"


def one_jet(run: Run, name: str, jets: Tensor, dims: Iterable[int]) -> Tensor:
    """Return the first place along each of `dims`, along which all numbers are of one jet.

    Raises
    ------
    UnsupportedError
        If they are not.
    """
    for dim in dims:
        edge = jets.narrow(dim, 0, 1) if jets.shape[dim] else jets
        if jets.shape[dim] > 1 and jets.stride(dim) and not bool((jets == edge).all()):
            raise run.refusal(name, _MIXES)
        jets = edge
    return jets


def edges(run: Run, name: str, jets: Tensor, axes: int) -> Tensor:
    """Return the first place along each of the last `axes`."""
    return one_jet(run, name, jets, range(-1, -axes - 1, -1))


def reduced(
    run: Run,
    name: str,
    jets: Tensor,
    out: Tensor,
    dim: Any = None,
    keepdim: bool = False,
    **_: Any,
) -> Tensor:
    """Return whose numbers are the results of a reduction over `dim`."""
    dims = [dim] if isinstance(dim, int) else list(dim or range(jets.ndim))
    dims = sorted((d % jets.ndim for d in dims), reverse=True)
    jets = one_jet(run, name, jets, dims)
    if not keepdim:
        for d in dims:
            jets = jets.squeeze(d)
    return jets.expand(out.shape)


def same_view(one: Tensor, other: Tensor) -> bool:
    """Whether two tensors of the same shape are the same memory, seen in the same way."""
    along = zip(one.shape, one.stride(), other.stride(), strict=True)
    return one.data_ptr() == other.data_ptr() and all(n == 1 or a == b for n, a, b in along)


def shared(run: Run, name: str, one: Tensor, other: Tensor, shape: Iterable[int]) -> Tensor:
    """Return whose numbers are made of two tensors', number by number.

    Raises
    ------
    UnsupportedError
        If the two are of different jets somewhere.
    """
    one, other = (jets.expand(tuple(shape)) for jets in (one, other))
    if not same_view(one, other) and not bool((one == other).all()):
        raise run.refusal(name, _MIXES)
    return one
