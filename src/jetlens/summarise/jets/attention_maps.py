"""The attention that an attribution holds: maps by stream, layer and head, tokens by particle."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from jetlens.core import attention as core
from jetlens.core.errors import UnsupportedError, look_up
from jetlens.summarise.jets.particle_order import Order, missing

LAST = ""

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Maps:
    """The attention of one stream to another.

    Attributes
    ----------
    values
        ``[jet, layer, head, query, key]``; padding is NaN.
    layers, heads
        Their names.
    query, key
        Positions of the collections' tokens, by place; -1 where a place has none.
    """

    values: NDArray[np.floating]
    layers: tuple[str, ...]
    heads: tuple[str, ...]
    query: NDArray[np.int64]
    key: NDArray[np.int64]

    def between(self, query: Order, key: Order) -> NDArray[np.floating]:
        """Return the attention ``[jet, layer, head, rank, rank]`` of first particles to others.

        It is zero where there is no particle of that rank.
        """
        jets, layers, heads = self.values.shape[:3]
        if not (len(self.query) and len(self.key)):
            return np.zeros((jets, layers, heads, query.there.shape[1], key.there.shape[1]))
        # ranks without a particle point anywhere
        asks, asked = (
            tokens[np.minimum(order.place, len(tokens) - 1)]
            for tokens, order in ((self.query, query), (self.key, key))
        )
        found = self.values[
            np.arange(jets)[:, None, None, None, None],
            np.arange(layers)[:, None, None, None],
            np.arange(heads)[:, None, None],
            asks[:, None, None, :, None],
            asked[:, None, None, None, :],
        ]
        there = query.there[:, :, None] & key.there[:, None, :]
        return np.where(there[:, None, None], found, found.dtype.type(0))

    def received(self) -> Floats:
        """Return the attention that each place receives ``[jet, layer, head, place]``.

        It is the mean over the particles that ask; zero for padding.
        """
        values, asks = self.values, self.query[self.query >= 0]
        if len(asks) != values.shape[3]:  # there are tokens that are no particles
            values = values[..., asks, :]
        real = ~np.isnan(values[:, :1, :1]).all(axis=-1)  # [jet, 1, 1, query]
        asking = np.maximum(real.sum(axis=-1), 1)[..., None]
        # attention is never negative, so that this drops padding and nothing else
        each = np.fmax(values, 0).sum(axis=-2, dtype=np.float64) / asking
        found = np.zeros((*each.shape[:-1], len(self.key)))
        there = self.key >= 0
        found[..., there] = each[..., self.key[there]]
        return found


def maps(
    attribution: xr.Dataset,
    query: str,
    key: str,
    *,
    layer: str | None = LAST,
    head: str = "",
) -> Maps:
    """Return the attention of a stream to another.

    Parameters
    ----------
    attribution
        What an explainer of attention returns.
    query, key
        The streams: the one that asks, and the one that is asked.
    layer
        The layer's name; empty for the last one, None for all.
    head
        The head's name; empty for all.

    Raises
    ------
    UnsupportedError
        If there is no attention, or none of these streams.
    UnknownNameError
        If there is no such layer or head, or a stream's name is nearly right.
    """
    q, k = _streams(attribution, query, key)
    values = core.attention(attribution, q, k)
    layer_axis, head_axis, asking, asked = core.axes(q, k)
    layers = [str(n) for n in attribution[layer_axis].values]
    heads = [str(n) for n in attribution[head_axis].values]
    if layer is not None:
        at = len(layers) - 1 if layer == LAST else _find("layer", layer, layers)
        values, layers = values.isel({layer_axis: slice(at, at + 1)}), [layers[at]]
    if head:
        at = _find("head", head, heads)
        values, heads = values.isel({head_axis: slice(at, at + 1)}), [heads[at]]
    return Maps(
        values.values,
        tuple(layers),
        tuple(heads),
        _tokens(attribution, asking, query),
        _tokens(attribution, asked, key),
    )


def _streams(attribution: xr.Dataset, query: str, key: str) -> tuple[str, str]:
    """Return the streams of which two collections' particles are tokens."""
    there = core.pairs(attribution)
    if not there:
        raise UnsupportedError(
            "this attribution has no attention: explain a tagger that attends, with 'attention'"
        )
    of = {stream: stream.split("+") for pair in there for stream in pair}
    for kind, name in (("attending", query), ("attended", key)):
        known = dict.fromkeys(c for collections in of.values() for c in collections)
        if name not in known:
            raise missing(f"{kind} stream", name, known)
    # a stream of several collections, or the collection's own
    fitting = [(q, k) for q, k in there if query in of[q] and key in of[k]]
    if not fitting:
        said = ", ".join(f"{q} to {k}" for q, k in there)
        raise UnsupportedError(f"there is no attention of {query} to {key} here, but of {said}")
    return min(fitting, key=lambda pair: len(of[pair[0]]) + len(of[pair[1]]))


def _find(kind: str, name: str, known: list[str]) -> int:
    return look_up(f"{kind} of attention", name, {n: i for i, n in enumerate(known)})


def _tokens(attribution: xr.Dataset, axis: str, collection: str) -> NDArray[np.int64]:
    """Return a collection's tokens by place, -1 where a place has none."""
    where, place = core.tokens(attribution, axis).of(collection)
    found = np.full(place.max(initial=-1) + 1, -1, np.int64)
    found[place] = where
    return found
