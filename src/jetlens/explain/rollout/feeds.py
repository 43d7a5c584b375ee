"""Which call of attention made the tokens that a later one is given."""

from __future__ import annotations

import math
from collections.abc import Sequence, Sized
from dataclasses import dataclass

import torch
from torch import Tensor

from jetlens.explain.tokens.calls import Call
from jetlens.explain.tokens.following import follow
from jetlens.explain.tokens.probe import Probe
from jetlens.taggers.base import Tagger

EVERY = slice(None)
NONE = -1
"""No call: tokens as they are before any attention."""


@dataclass(frozen=True)
class Feed:
    """What a call is given.

    Attributes
    ----------
    query, key
        For each token the number of the last call whose output it holds, or `NONE`.
    """

    query: tuple[int, ...]
    key: tuple[int, ...]


def feeds(
    tagger: Tagger, made_up: Probe, calls: Sequence[Call]
) -> tuple[list[Feed], dict[int, list[bool]]]:
    """Follow the outputs of calls.

    Parameters
    ----------
    tagger
        The tagger, at rest.
    made_up
        Jets, of which the first is taken.
    calls
        The tagger's calls of attention.

    Returns
    -------
    What each call is given, and which of their tokens the logits are read from: of those calls that
    reach them, and no later call's query.
    """
    axes = [call.axes for call in calls]
    moved, reached = follow(tagger, made_up, axes, [{i: EVERY} for i in range(len(calls))])
    given = [Feed(_last(asking), _last(asked)) for asking, asked in moved]
    held = {i for feed, there in zip(given, reached, strict=True) if there for i in feed.query}
    read = [i for i, there in enumerate(reached) if there and i not in held]
    # a class token is one of many: whole ranges of tokens first, then those that reach the logits
    ranges = [(i, part) for i in read or [len(calls) - 1] for part in _ranges(calls[i].query)]
    _, reached = follow(tagger, made_up, axes, [{i: part} for i, part in ranges])
    inside = [place for place, there in zip(ranges, reached, strict=True) if there]
    tokens = [(i, at) for i, part in inside for at in range(part.start, part.stop)]
    found = {i: [False] * len(calls[i].query) for i, _ in ranges}
    _, reached = follow(tagger, made_up, axes, [{i: at} for i, at in tokens])
    for (i, at), there in zip(tokens, reached, strict=True):
        found[i][at] = there
    return given, found


def _ranges(tokens: Sized) -> list[slice]:
    """Return ranges that cover tokens, about as many as each of them holds."""
    length = max(1, math.isqrt(len(tokens)))
    return [slice(at, min(at + length, len(tokens))) for at in range(0, len(tokens), length)]


def _last(moved: Tensor) -> tuple[int, ...]:
    """Return the last call that changes each token of ``[call, token]``."""
    numbers = torch.arange(len(moved))[:, None]
    return tuple(torch.where(moved, numbers, NONE).amax(0).tolist())
