"""The attention that each particle receives, and that which goes to padding."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import torch
from torch import Tensor

from jetlens.core.attention import CLASS
from jetlens.core.errors import UnsupportedError
from jetlens.explain.tokens.calls import Call
from jetlens.explain.tokens.importance import Importance
from jetlens.explain.tokens.rows import Row
from jetlens.taggers.chunks import Packed

EVERY = "every"
ASKING = (EVERY, CLASS)
"""Whose attention makes a particle important: that of every real token, or the class token's."""


class Received:
    """Means over the tokens that ask, over heads, and over calls.

    Parameters
    ----------
    packed
        The jets.
    calls
        The calls of attention.
    asking
        One of `ASKING`.
    layers
        The names of the layers that count; left out, all.

    Raises
    ------
    UnsupportedError
        If the class token is to ask, and there is none.
    """

    def __init__(
        self,
        packed: Packed,
        calls: Sequence[Call],
        asking: str = EVERY,
        layers: Collection[str] | None = None,
    ) -> None:
        self._asking = asking
        self._counted = [
            (layers is None or call.layer in layers)
            and (asking == EVERY or CLASS in call.query.collection)
            for call in calls
        ]
        counted = [call for call, counts in zip(calls, self._counted, strict=True) if counts]
        if not counted:
            raise UnsupportedError(
                "asking='class': no class token asks in the layers of attention; asking='every' "
                "takes the mean over all tokens"
            )
        self._sums = Importance(packed, [call.key for call in counted])
        self._times = {
            name: sum(name in call.key.collection for call in counted) for name in packed.inputs
        }
        some = next(iter(packed.inputs.values()))
        self._given: list[Tensor] = []
        self._by_classes: list[Tensor] = []
        self._all, self._padding = some.new_zeros(len(packed)), some.new_zeros(len(packed))

    def take(self, number: int, found: Tensor, asking: Row, asked: Row, some: slice) -> None:
        """Add the weights ``[jet, head, query, key]`` of the call of this number, of some jets."""
        self._given.append(_mean(found, asking.shares[some]))
        by_classes = self._counted[number] and self._asking != EVERY
        if by_classes:
            self._by_classes.append(_mean(found, _classes(asking)[some]))
        if some.stop < len(asking.real):
            return
        given = torch.cat(self._given)
        self._all[asked.jets] += given.sum(1)
        self._padding[asked.jets] += given.masked_fill(asked.real, 0).sum(1)
        if self._counted[number]:
            self._sums.add(torch.cat(self._by_classes) if by_classes else given, asked)
        self._given.clear()
        self._by_classes.clear()

    def importance(self) -> dict[str, Tensor]:
        """Return the means, by collection; of a stream, over the calls in which it is asked."""
        return {name: x / self._times[name] for name, x in self._sums.by_collection().items()}

    def patches(self) -> dict[str, str]:
        """Return what is said of the pixels that share one importance."""
        return self._sums.patches()

    def by_padding(self) -> Tensor:
        """Return which share of all attention goes to padding, ``[jet]``; 0 where nothing asks."""
        return self._padding / self._all.where(self._all > 0, 1)


def _mean(found: Tensor, shares: Tensor) -> Tensor:
    """Return the mean ``[jet, key]`` over heads and, by their shares, over queries."""
    total: Tensor = (shares.to(found.dtype)[:, None, None] @ found).sum(1)[:, 0]
    return total / found.shape[1]


def _classes(row: Row) -> Tensor:
    """Return the weights ``[jet, token]`` of a mean over class tokens."""
    own = torch.tensor([name == CLASS for name in row.here.collection], device=row.real.device)
    return (row.real & own).double() / own.sum()
