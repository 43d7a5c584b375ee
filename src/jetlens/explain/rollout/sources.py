"""The tokens that there are before any attention, and which of them calls are given."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from jetlens.core.attention import CLASS, NOWHERE, REGISTER, Tokens
from jetlens.explain.rollout.feeds import NONE, Feed
from jetlens.explain.tokens.calls import Call


@dataclass(frozen=True)
class Entry:
    """What the tokens of an axis are given, ``[token]``: a source, or a token behind a call."""

    source: NDArray[np.intp]
    call: NDArray[np.intp]
    at: NDArray[np.intp]


_Name = tuple[str, str, int]


def _names(tokens: Tokens, call: Call) -> list[_Name]:
    """Return what tells tokens from others: their place, or the stream that has them for its own.

    Where only a network's own tokens ask, as class tokens do, they are those of the stream asked.
    """
    alone = call.query.stream in (CLASS, REGISTER)
    stream = call.key.stream if alone else tokens.stream
    met: Counter[str] = Counter()
    found = []
    for collection, place in zip(tokens.collection, tokens.place, strict=True):
        if place != NOWHERE:
            found.append(("", collection, place))
        else:
            found.append((stream, collection, met[collection]))
            met[collection] += 1
    return found


def groups(calls: Sequence[Call]) -> list[Tokens]:
    """Return all tokens that there are before any attention, each with the first stream of it."""
    owned: set[_Name] = set()
    found = []
    for call in calls:
        for tokens in (call.key, call.query):
            if tokens.stream in (CLASS, REGISTER):
                continue
            new = [i for i, name in enumerate(_names(tokens, call)) if name not in owned]
            owned |= {*_names(tokens, call)}
            if new:
                found.append(tokens.at(new))
    return found


def entries(
    calls: Sequence[Call], given: Sequence[Feed], of: Sequence[Tokens]
) -> list[tuple[Entry, Entry]]:
    """Return what the queries and the keys of each call are given; sources are in order `of`."""
    sources: dict[_Name, int] = {}
    for call in calls:  # in the order of the groups
        for tokens in (call.key, call.query):
            if tokens.stream not in (CLASS, REGISTER):
                for name in _names(tokens, call):
                    sources.setdefault(name, len(sources))
    assert len(sources) == sum(map(len, of))

    def entry(tokens: Tokens, call: Call, feed: Sequence[int]) -> Entry:
        names = _names(tokens, call)
        at = [
            NONE if number == NONE else _names(calls[number].query, calls[number]).index(name)
            for name, number in zip(names, feed, strict=True)
        ]
        return Entry(
            np.array([sources.get(name, NONE) for name in names], dtype=np.intp),
            np.array(feed, dtype=np.intp),
            np.array(at, dtype=np.intp),
        )

    return [
        (entry(call.query, call, feed.query), entry(call.key, call, feed.key))
        for call, feed in zip(calls, given, strict=True)
    ]
