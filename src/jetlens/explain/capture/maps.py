"""Arrays of attention in the jets' own order and padding, filled chunk by chunk."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from jetlens.core import attention
from jetlens.core.attention import Tokens
from jetlens.core.attribution import Table
from jetlens.explain.capture.rows import Places, Row
from jetlens.taggers.chunks import Packed

MEAN, MAX, MIN = "mean", "max", "min"
REDUCED: dict[str, Callable[..., Tensor]] = {
    MEAN: Tensor.mean,
    MAX: Tensor.amax,
    MIN: Tensor.amin,
}
"""Ways to put heads together."""


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
        # numpy asks for huge pages, which torch does not: fresh memory comes several times faster
        self._values = np.full(sizes, np.nan, kind)

    def fill(self, layer: int, found: Tensor, asking: Row, asked: Row) -> None:
        """Set a layer of a chunk of jets to weights ``[jet, head, query, key]``.

        Real ones go where their particles stood; padding stays NaN.
        """
        weights, heads = found.cpu().numpy(), slice(found.shape[1])
        rows = self._packed.rows[asking.jets].tolist()
        moves = zip(rows, asking.moves(self.query), asked.moves(self.key), strict=True)
        for jet, (row, (q, to_q), (k, to_k)) in enumerate(moves):
            into = self._values[row, layer, heads]
            if type(to_q) is type(to_k) is type(q) is type(k) is slice:
                into[:, to_q, to_k] = weights[jet, :, q, k]
            else:
                from_q, from_k, onto_q, onto_k = map(_numbers, (q, k, to_q, to_k))
                into[:, onto_q[:, None], onto_k] = weights[jet][:, from_q[:, None], from_k]

    def table(self) -> Table:
        """Return the array and what its axes are."""
        names = dict(zip(("query", "key"), self.pair, strict=True))
        along: tuple[Sequence[str] | Tokens, ...] = (
            *(self.layers, self.heads),
            *(self.query, self.key),
        )
        axes = dict(zip(attention.axes(*self.pair), along, strict=True))
        return Table(self._values, axes, names)


def _numbers(places: Places) -> NDArray[np.intp]:
    if isinstance(places, slice):
        return np.arange(places.start or 0, places.stop)
    return places
