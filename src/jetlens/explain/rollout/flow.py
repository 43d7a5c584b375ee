"""How much of each token that goes in reaches the tokens behind each call of attention.

R <- (R_q + A R_k) / 2, with R_q and R_k what reached the queries and the keys before. Where queries
and keys are the same tokens this is attention rollout, (A + I) / 2 multiplied up; where one stream
asks another, what had reached the other comes along. Each row adds up to one over all tokens.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from jetlens.core import attention
from jetlens.core.attention import Tokens
from jetlens.explain.base import Scores
from jetlens.explain.capture.maps import REDUCED, Map
from jetlens.explain.capture.received import Received
from jetlens.explain.rollout.feeds import NONE, Feed
from jetlens.explain.rollout.sources import Entry, entries, groups
from jetlens.explain.tokens.calls import Call
from jetlens.explain.tokens.importance import Importance
from jetlens.explain.tokens.rows import Row, beyond
from jetlens.taggers.chunks import Packed

ROLLOUT = "rollout"


class Flow:
    """What reaches the tokens behind each call, for one chunk of jets after the other.

    Parameters
    ----------
    packed
        The jets.
    calls
        The tagger's calls of attention.
    given
        What each is given.
    read
        Of which calls which tokens the logits are read from.
    heads
        How heads are put together.
    """

    def __init__(
        self,
        packed: Packed,
        calls: Sequence[Call],
        given: Sequence[Feed],
        read: Mapping[int, Sequence[bool]],
        heads: str,
    ) -> None:
        self._packed, self._calls, self._given, self._heads = packed, calls, given, heads
        self._read = {number: np.asarray(tokens) for number, tokens in read.items()}
        self._groups = groups(calls)
        self._sources = Tokens(
            tuple(c for group in self._groups for c in group.collection),
            tuple(p for group in self._groups for p in group.place),
        )
        self._entries = entries(calls, given, self._groups)
        self._states: list[Tensor] = []
        self._together: list[Tensor] = []
        self._importance = Importance(packed, [self._sources])
        self._received = Received(packed, calls)
        last = {call.query.stream: number for number, call in enumerate(calls)}
        reach = self._reach()
        places = {name: mask.shape[1] for name, mask in packed.masks.items()}
        self._maps = {
            (number, i): Map(
                (name, group.stream),
                (ROLLOUT,),
                (heads,),
                beyond(calls[number].query, places),
                beyond(group, places),
                packed,
            )
            for name, number in last.items()
            for i, group in enumerate(self._groups)
            if i in reach[number]
        }

    def take(self, number: int, found: Tensor, asking: Row, asked: Row, some: slice) -> None:
        """Go through a call with weights ``[jet, head, query, key]``, once all jets' are there."""
        self._received.take(number, found, asking, asked, some)
        self._together.append(REDUCED[self._heads](found, 1))
        if some.stop < len(asking.real):
            return
        together = torch.cat(self._together) * asked.real[:, None]
        self._together.clear()
        total = together.sum(-1, keepdim=True)
        together = together / total.where(total > 0, 1.0)
        query, key = self._entries[number]
        before, own = self._before(query, asking)
        keys, _ = self._before(key, asked)
        # a learned query has nothing of its own that could pass by
        after = (before + together @ keys) / (1 + own[:, None])
        self._states.append(after.where(total > 0, before))

    def close(self, jets: slice) -> None:
        """Put away what came out of a chunk of jets."""
        reached, streams = [], []
        for number, tokens in self._read.items():
            row = Row(self._calls[number].query, self._packed, jets)
            readers = _readers(row, tokens).to(self._states[number])
            reached.append((readers[:, None] @ self._states[number])[:, 0])
            streams.append(readers.sum(1, keepdim=True))
        count = torch.stack(streams).sum(0).clamp(min=1)  # of streams that have particles at all
        mean = torch.stack(reached).sum(0) / count
        self._importance.add(mean, Row(self._sources, self._packed, jets))
        parts: dict[int, tuple[Tensor, ...]] = {}
        columns = [Row(group, self._packed, jets) for group in self._groups]
        for (number, i), into in self._maps.items():
            if number not in parts:
                parts[number] = self._states[number].split([len(c.there) for c in columns], 2)
            row = Row(self._calls[number].query, self._packed, jets)
            into.fill(0, parts[number][i][:, None], row, columns[i])
        self._states.clear()

    def scores(self) -> Scores:
        """Return the last state of each stream, by the streams that it comes from.

        Importance is what reaches the tokens that the logits are read from.
        """
        return Scores(
            tables={attention.variable(*m.pair): m.table() for m in self._maps.values()},
            importance=self._importance.by_collection(),
            per_jet={attention.TO_PADDING: self._received.by_padding()},
            attrs=self._importance.patches(),
        )

    def _reach(self) -> list[set[int]]:
        """Return which groups of sources come to each call."""
        of = np.repeat(np.arange(len(self._groups)), [len(g) for g in self._groups])
        found: list[set[int]] = []
        for both in self._entries:
            here: set[int] = set()
            for entry in both:
                here |= {*of[entry.source[(entry.call == NONE) & (entry.source != NONE)]].tolist()}
                here = here.union(*(found[i] for i in {*entry.call.tolist()} - {NONE}))
            found.append(here)
        return found

    def _before(self, entry: Entry, row: Row) -> tuple[Tensor, Tensor]:
        """Return what had reached tokens ``[jet or 1, token, source]``, and if anything had."""
        sources = Row(self._sources, self._packed, row.jets)
        source, call, at = (x[row.there] for x in (entry.source, entry.call, entry.at))
        like = next(iter(self._packed.inputs.values()))
        state = like.new_zeros(1, len(source), len(sources.there))
        first = np.flatnonzero((call == NONE) & (source != NONE))
        state[0, first, _inverse(sources, self._sources)[source[first]]] = 1
        for number in np.unique(call[call != NONE]):
            of_call = self._calls[number].query
            rows = np.flatnonzero(call == number)
            where = _inverse(Row(of_call, self._packed, row.jets), of_call)[at[rows]]
            if len(rows) == len(call) == self._states[number].shape[1] and (rows == where).all():
                state = self._states[number]
                continue
            state = state.expand(self._states[number].shape[0], -1, -1).clone()
            state[:, rows] = self._states[number][:, where]
        return state, torch.as_tensor((source != NONE) | (call != NONE)).to(like)


def _inverse(row: Row, tokens: Tokens) -> NDArray[np.intp]:
    """Return where tokens are among those that a chunk of jets has."""
    found = np.full(len(tokens), NONE, dtype=np.intp)
    found[row.there] = np.arange(len(row.there))
    return found


def _readers(row: Row, read: NDArray[np.bool_]) -> Tensor:
    """Return the weights ``[jet, token]`` of the tokens that logits are read from."""
    real = row.real & torch.as_tensor(read[row.there], device=row.real.device)
    return real.double() / real.sum(1, keepdim=True).clamp(min=1)
