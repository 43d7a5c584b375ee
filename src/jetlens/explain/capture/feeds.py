"""Which call of attention made the tokens that a later one is given.

Copies of one jet go through the tagger while attention keeps tokens apart, and in each of them the
output of another call is changed. Tokens change where that output is added up into them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from jetlens.explain.capture.probe import Probe, changed
from jetlens.explain.capture.tokens import Apart, Call, outputs
from jetlens.explain.running import as_written
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
    given, reached = _follow(tagger, made_up, calls, [(i, None) for i in range(len(calls))])
    held = {i for feed, there in zip(given, reached, strict=True) if there for i in feed.query}
    read = [i for i, there in enumerate(reached) if there and i not in held]
    tokens = [(i, at) for i in read or [len(calls) - 1] for at in range(len(calls[i].query))]
    _, reached = _follow(tagger, made_up, calls, tokens)
    found: dict[int, list[bool]] = {}
    for (number, _), there in zip(tokens, reached, strict=True):
        found.setdefault(number, []).append(there)
    return given, found


def _follow(
    tagger: Tagger, made_up: Probe, calls: Sequence[Call], changes: Sequence[tuple[int, int | None]]
) -> tuple[list[Feed], list[bool]]:
    """Return what each call is given, and which of the changes reach the logits."""
    copies = len(changes) + 1
    inputs, masks = (
        {k: v[:1].expand(copies, *v.shape[1:]).contiguous() for k, v in parts.items()}
        for parts in (made_up.inputs, made_up.masks)
    )
    run = _Following(tagger, calls, changes)
    with torch.no_grad(), as_written(), run:
        logits = outputs(tagger, inputs, masks)
    return run.feeds, changed(logits[:, None])[1:, 0].tolist()


class _Following(Apart):
    def __init__(
        self, tagger: Tagger, calls: Sequence[Call], changes: Sequence[tuple[int, int | None]]
    ) -> None:
        super().__init__(tagger, self._note)
        self._calls, self._changes = calls, changes
        self.feeds: list[Feed] = []

    def _note(self, layer: str, q: Tensor, k: Tensor) -> None:
        axes = self._calls[len(self.feeds)].axes
        self.feeds.append(Feed(*(_last(axes.unfold(x).transpose(1, 2)) for x in (q, k))))

    def attend(
        self, layer: str, q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None, scale: float | None
    ) -> tuple[Tensor, Tensor | None]:
        """Keep tokens apart, and change the output, or one token of it, where it is to be."""
        out, weights = super().attend(layer, q, k, v, mask, scale)
        number = len(self.feeds) - 1
        axes = self._calls[number].axes
        one = torch.zeros(len(self._changes) + 1, out.shape[-2], dtype=out.dtype, device=out.device)
        for jet, (call, token) in enumerate(self._changes, 1):
            if call == number:
                one[jet, slice(None) if token is None else token] = 1
        one = one.repeat_interleave(axes.inner, 0).repeat(axes.outer, 1)
        ahead = [1] * (out.ndim - axes.jets - 3)
        one = one.view(*[1] * axes.jets, len(one), *ahead, -1, 1)
        noise = torch.randn(out.shape[-1], generator=torch.Generator().manual_seed(number))
        return out + one * noise.to(out) * (1 + out.abs().max()), weights


def _last(rows: Tensor) -> tuple[int, ...]:
    """Return the last call that changes each row of ``[jet, row, ...]``."""
    moved = changed(rows)[1:]
    numbers = torch.arange(len(moved))[:, None]
    return tuple(torch.where(moved, numbers, NONE).amax(0).tolist())
