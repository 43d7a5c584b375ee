"""Which call of attention made the tokens that a later one is given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from jetlens.explain.tokens.calls import Call
from jetlens.explain.tokens.following import follow
from jetlens.explain.tokens.probe import Probe
from jetlens.taggers.base import Tagger

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
    moved, reached = follow(tagger, made_up, axes, [{i: None} for i in range(len(calls))])
    given = [Feed(_last(asking), _last(asked)) for asking, asked in moved]
    held = {i for feed, there in zip(given, reached, strict=True) if there for i in feed.query}
    read = [i for i, there in enumerate(reached) if there and i not in held]
    tokens = [(i, at) for i in read or [len(calls) - 1] for at in range(len(calls[i].query))]
    _, reached = follow(tagger, made_up, axes, [{i: at} for i, at in tokens])
    found: dict[int, list[bool]] = {}
    for (number, _), there in zip(tokens, reached, strict=True):
        found.setdefault(number, []).append(there)
    return given, found


def _last(moved: Tensor) -> tuple[int, ...]:
    """Return the last call that changes each token of ``[call, token]``."""
    numbers = torch.arange(len(moved))[:, None]
    return tuple(torch.where(moved, numbers, NONE).amax(0).tolist())
