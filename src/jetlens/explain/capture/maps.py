"""Arrays of attention in the jets' own order and padding, filled chunk by chunk."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor

from jetlens.core import attention
from jetlens.core.attention import Tokens
from jetlens.core.attribution import Table
from jetlens.explain.capture.rows import Row
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
        self._values = torch.from_numpy(np.empty(sizes, kind))

    def fill(self, layer: int, found: Tensor, asking: Row, asked: Row) -> None:
        """Set a layer of a chunk of jets to weights ``[jet, head, query, key]``."""
        if not (asking.complete and asked.complete):
            real = asking.real[:, None, :, None] & asked.real[:, None, None, :]
            found = found.masked_fill(~real, torch.nan)
        if found.shape[1:] != self._values.shape[2:] or not (asking.in_place and asked.in_place):
            found = self._spread(found, asking, asked)
        self._values[self._packed.rows[asking.jets], layer] = found.cpu()

    def _spread(self, found: Tensor, asking: Row, asked: Row) -> Tensor:
        """Put weights where they belong among all tokens; NaN elsewhere."""
        jets, heads, queries, keys = found.shape
        block = found.new_full((jets, *self._values.shape[2:]), torch.nan)
        q, k = asking.places(self.query), asked.places(self.key)
        if all(bool((p == torch.arange(p.shape[1], device=p.device)).all()) for p in (q, k)):
            block[:, :heads, :queries, :keys] = found
        else:
            to = (q[:, None, :, None] * len(self.key) + k[:, None, None, :]).flatten(2)
            flat = block[:, :heads].flatten(2)
            flat.scatter_(2, to.expand(-1, heads, -1), found.flatten(2))
            block[:, :heads] = flat.view(jets, heads, len(self.query), len(self.key))
        return block

    def table(self) -> Table:
        """Return the array and what its axes are."""
        names = dict(zip(("query", "key"), self.pair, strict=True))
        along: tuple[Sequence[str] | Tokens, ...] = (
            *(self.layers, self.heads),
            *(self.query, self.key),
        )
        axes = dict(zip(attention.axes(*self.pair), along, strict=True))
        return Table(self._values.numpy(), axes, names)
