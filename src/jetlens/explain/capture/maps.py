"""Arrays of attention in the jets' own order and padding, filled chunk by chunk."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from jetlens.core import attention, memory
from jetlens.core.attention import Tokens
from jetlens.core.attribution import Table
from jetlens.core.errors import BadValueError
from jetlens.explain.base import Scores
from jetlens.explain.capture.received import EVERY, Received
from jetlens.explain.tokens.calls import Call
from jetlens.explain.tokens.rows import Places, Row, beyond
from jetlens.taggers.chunks import Packed

ALL, MEAN, MAX, MIN = "all", "mean", "max", "min"
REDUCED: dict[str, Callable[..., Tensor]] = {
    MEAN: Tensor.mean,
    MAX: Tensor.amax,
    MIN: Tensor.amin,
}
"""Ways to put heads together."""
WHOLE = slice(None)


class Map:
    """The attention of one stream to another.

    Parameters
    ----------
    pair
        The two streams: the one that asks, and the one that is asked.
    layers, heads
        Their names.
    query, key
        All tokens.
    packed
        The jets.
    """

    def __init__(
        self,
        pair: tuple[str, str],
        layers: Sequence[str],
        heads: Sequence[str],
        query: Tokens,
        key: Tokens,
        packed: Packed,
    ) -> None:
        self.pair, self.layers, self.heads = pair, tuple(layers), tuple(heads)
        self.query, self.key, self._packed = query, key, packed
        sizes = (len(packed), len(layers), len(heads), len(query), len(key))
        kind = torch.empty(0, dtype=next(iter(packed.inputs.values())).dtype).numpy().dtype
        self._values = memory.empty(sizes, kind)
        torch.from_numpy(self._values).fill_(torch.nan)

    def fill(self, layer: int, found: Tensor, asking: Row, asked: Row, some: slice = WHOLE) -> None:
        """Set a layer of some of a chunk's jets to weights ``[jet, head, query, key]``.

        Real ones go where their particles stood; padding stays NaN.
        """
        found, heads = found.cpu(), slice(found.shape[1])
        rows = self._packed.rows[asking.jets][some].numpy()
        moves = zip(asking.moves(self.query)[some], asked.moves(self.key)[some], strict=True)
        first = 0
        for _, group in itertools.groupby(moves, _alike):  # jets of one length stand together
            (q, to_q), (k, to_k) = (alike := list(group))[0]
            jets = slice(first, first := first + len(alike))
            if all(isinstance(places, slice) for places in (q, to_q, k, to_k)):
                into = self._values[:, layer, heads, to_q, to_k]
                into[rows[jets]] = found[jets, :, q, k].numpy()
            else:
                from_q, from_k, onto_q, onto_k = map(_numbers, (q, k, to_q, to_k))
                one = found[jets].numpy()[0][:, from_q[:, None], from_k]
                self._values[int(rows[jets][0]), layer, heads][:, onto_q[:, None], onto_k] = one

    def table(self) -> Table:
        """Return the array and what its axes are."""
        names = dict(zip(("query", "key"), self.pair, strict=True))
        along: tuple[Sequence[str] | Tokens, ...] = (
            *(self.layers, self.heads),
            *(self.query, self.key),
        )
        axes = dict(zip(attention.axes(*self.pair), along, strict=True))
        return Table(self._values, axes, names)


def _alike(moves: tuple[tuple[Places, Places], tuple[Places, Places]]) -> object:
    """Return what is equal for jets whose tokens go from slices to slices, the same ones."""
    (q, to_q), (k, to_k) = moves
    if isinstance(q, slice) and isinstance(to_q, slice) and isinstance(k, slice):
        return moves if isinstance(to_k, slice) else object()
    return object()


def _numbers(places: Places) -> NDArray[np.intp]:
    if isinstance(places, slice):
        return np.arange(places.start or 0, places.stop)
    return places


class Maps:
    """Maps of streams, filled as attention comes.

    Parameters
    ----------
    packed
        The jets.
    met
        The tagger's calls of attention.
    heads
        ``"all"``, ``"mean"``, ``"max"`` or ``"min"``.
    chosen
        The layers of which there are maps, and whose attention makes particles important.
    mean
        Whether to give the mean of these layers instead.
    asking
        Whose attention makes particles important, one of `jetlens.explain.capture.received.ASKING`.
    residual
        Whether half of each token passes by where a stream asks itself: rownorm(A + I).
    """

    def __init__(
        self,
        packed: Packed,
        met: Sequence[Call],
        heads: str,
        chosen: set[str],
        mean: bool,
        asking: str = EVERY,
        residual: bool = False,
    ) -> None:
        self._residual = residual
        self._calls, self._heads, self._chosen, self._mean = met, heads, chosen, mean
        self._received = Received(packed, met, asking, chosen)
        self._maps: dict[tuple[str, str], Map] = {}
        self._sums: dict[tuple[str, str], tuple[Tensor, Row, Row]] = {}
        places = {name: mask.shape[1] for name, mask in packed.masks.items()}
        for pair, those in by_pair([c for c in met if c.layer in chosen]).items():
            query, key = (
                attention.joined([beyond(t, places) for t in tokens])[0]
                for tokens in zip(*((c.query, c.key) for c in those), strict=True)
            )
            count = max(c.heads for c in those)
            if mean and heads == ALL and any(c.heads != count for c in those):
                raise BadValueError(
                    f"layers='mean': the layers from {pair[0]} to {pair[1]} have different numbers "
                    "of heads; take their mean too, heads='mean'"
                )
            self._maps[pair] = Map(
                pair,
                (MEAN,) if mean else [c.layer for c in those],
                [str(i) for i in range(count)] if heads == ALL else (heads,),
                query,
                key,
                packed,
            )

    def take(self, number: int, found: Tensor, asking: Row, asked: Row, some: slice) -> None:
        """Fill in the weights of a call, of some of a chunk's jets."""
        call = self._calls[number]
        if self._residual and call.query == call.key:
            found = (found + torch.eye(found.shape[-1], dtype=found.dtype, device=found.device)) / 2
        self._received.take(number, found, asking, asked, some)
        if call.layer not in self._chosen:
            return
        if self._heads != ALL:
            found = REDUCED[self._heads](found, 1, keepdim=True)
        into = self._maps[pair_of(call)]
        if not self._mean:
            into.fill(into.layers.index(call.layer), found, asking, asked, some)
            return
        if pair_of(call) not in self._sums:
            total = found.new_zeros(len(asking.real), *found.shape[1:])
            self._sums[pair_of(call)] = (total, asking, asked)
        self._sums[pair_of(call)][0][some] += found

    def close(self, jets: slice) -> None:
        """Fill in means over layers."""
        for pair, (total, asking, asked) in self._sums.items():
            count = sum(pair_of(c) == pair for c in self._calls)
            self._maps[pair].fill(0, total.div_(count), asking, asked)
        self._sums.clear()

    def scores(self) -> Scores:
        """Return all maps by the names of their variables, and what is received, by whom."""
        return Scores(
            tables={attention.variable(*pair): m.table() for pair, m in self._maps.items()},
            importance=self._received.importance(),
            per_jet={attention.TO_PADDING: self._received.by_padding()},
            attrs=self._received.patches(),
        )


def pair_of(call: Call) -> tuple[str, str]:
    """Return the streams of a call."""
    return call.query.stream, call.key.stream


def by_pair(met: Sequence[Call]) -> dict[tuple[str, str], list[Call]]:
    """Return calls by their streams, in order."""
    found: dict[tuple[str, str], list[Call]] = {}
    for call in met:
        found.setdefault(pair_of(call), []).append(call)
    return found
