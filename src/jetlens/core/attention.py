"""Attention maps inside an attribution: how they are named, their axes, and whose each token is.

The attention of stream ``q`` to stream ``k`` is the variable ``attention_<q>_<k>`` with dimensions
``("jet", layer_<q>_<k>, head_<q>_<k>, query_<q>_<k>, key_<q>_<k>)``. Layers and heads have names. A
place along the query or key axis is a token; ``query_<q>_<k>_collection`` says which collection it
comes from (or that it is a ``"class"`` or ``"register"`` token of the network's own), and
``query_<q>_<k>_place`` where it stands there (-1 where it stands nowhere). Padding is NaN.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from jetlens.core.errors import BadValueError, UnsupportedError, expected

ATTENTION = "attention_"
TO_PADDING = "attention_to_padding"
"""The share of all attention of a jet's real tokens that goes to padding, ``[jet]``."""

COLLECTION, PLACE = "_collection", "_place"
CLASS, REGISTER = "class", "register"

NOWHERE = -1
"""The place of a token that stands in no collection."""


@dataclass(frozen=True)
class Tokens:
    """The tokens along an axis, in order.

    Attributes
    ----------
    collection
        The collection that each comes from, `CLASS` or `REGISTER`.
    place
        Its place there, or `NOWHERE`.
    """

    collection: tuple[str, ...]
    place: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.place)

    @property
    def stream(self) -> str:
        """What a sequence of such tokens is called: its collections, or what else is in it."""
        names = [c for c in self.collection if c not in (CLASS, REGISTER)]
        return "+".join(dict.fromkeys(names or self.collection))

    def of(self, collection: str) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Return where the tokens of a collection's places are along the axis, and the places."""
        place = np.asarray(self.place, dtype=np.intp)
        own = np.asarray([c == collection for c in self.collection], dtype=bool)
        where = np.flatnonzero(own & (place != NOWHERE))
        return where, place[where]

    def at(self, where: Sequence[int]) -> Tokens:
        """Return some of the tokens."""
        return Tokens(tuple(self.collection[i] for i in where), tuple(self.place[i] for i in where))

    def among(self, every: Tokens) -> NDArray[np.intp]:
        """Return where these tokens are among more of the same kind, as `joined` puts them."""
        return joined([every, self])[1][1]

    def coordinates(self, axis: str) -> dict[str, xr.Variable]:
        """Return the coordinates that say whose the tokens along an axis are."""
        return {
            axis + COLLECTION: xr.Variable(axis, np.array(self.collection, dtype=str)),
            axis + PLACE: xr.Variable(axis, np.array(self.place, dtype=np.int64)),
        }


def axes(query: str, key: str) -> tuple[str, str, str, str]:
    """Return the dimensions of a map beside the jets: layer, head, query and key."""
    layer, head, asking, asked = (
        f"{kind}_{query}_{key}" for kind in ("layer", "head", "query", "key")
    )
    return layer, head, asking, asked


def variable(query: str, key: str) -> str:
    """Return the name of the attention of one stream to another."""
    return f"{ATTENTION}{query}_{key}"


def pairs(attribution: xr.Dataset) -> tuple[tuple[str, str], ...]:
    """Return which streams attend to which: ``(query, key)``, in the order of the maps."""
    found = (v for name, v in attribution.data_vars.items() if str(name).startswith(ATTENTION))
    return tuple((str(v.attrs["query"]), str(v.attrs["key"])) for v in found if v.ndim == 5)


def attention(attribution: xr.Dataset, query: str, key: str) -> xr.DataArray:
    """Return the attention of one stream to another.

    Raises
    ------
    UnsupportedError
        If there is none; the message says what there is.
    """
    name = variable(query, key)
    if name not in attribution:
        known = [f"{q} to {k}" for q, k in pairs(attribution)]
        raise UnsupportedError(
            f"there is no attention of {query} to {key}: {expected(f'{query} to {key}', known)}"
        )
    return attribution[name]


def tokens(attribution: xr.Dataset, axis: str) -> Tokens:
    """Return whose the tokens along an axis are."""
    return Tokens(
        tuple(str(c) for c in attribution[axis + COLLECTION].values),
        tuple(int(p) for p in attribution[axis + PLACE].values),
    )


def token_axes(dataset: xr.Dataset) -> tuple[str, ...]:
    """Return the axes of a dataset that run over tokens."""
    return tuple(str(d) for d in dataset.dims if f"{d}{COLLECTION}" in dataset.coords)


def joined(parts: Sequence[Tokens]) -> tuple[Tokens, list[NDArray[np.intp]]]:
    """Put the tokens of sequences that differ in their collections' lengths into one.

    Returns
    -------
    All tokens, and for each part where its own are among them.

    Raises
    ------
    BadValueError
        If they are no such sequences.
    """
    blocks = [_blocks(part) for part in parts]
    longest: dict[tuple[str, int], list[_Token]] = {}
    for part in sorted(blocks, key=len, reverse=True):  # one with all blocks has them in order
        for name, block in part.items():
            longest[name] = max(longest.get(name, []), block, key=len)
    everything = [token for block in longest.values() for token in block]
    where = {token: i for i, token in enumerate(everything)}
    found = []
    for part in blocks:
        own = [where.get(token) for block in part.values() for token in block]
        if None in own or own != sorted(own, key=lambda i: -1 if i is None else i):
            raise BadValueError("attention among other tokens cannot be put together")
        found.append(np.array(own, dtype=np.intp))
    return Tokens(tuple(t[0] for t in everything), tuple(t[1] for t in everything)), found


_Token = tuple[str, int, int]


def _blocks(part: Tokens) -> dict[tuple[str, int], list[_Token]]:
    """Cut a sequence into runs of one collection; tokens that stand in the same place are told
    apart by a number.
    """
    found: dict[tuple[str, int], list[_Token]] = {}
    runs: Counter[str] = Counter()
    met: Counter[tuple[str, int]] = Counter()
    before = None
    for collection, place in zip(part.collection, part.place, strict=True):
        if collection != before:
            runs[collection] += 1
            before = collection
        block = found.setdefault((collection, runs[collection]), [])
        block.append((collection, place, met[collection, place]))
        met[collection, place] += 1
    return found
