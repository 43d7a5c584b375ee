"""The attention that each particle receives, and that which goes to padding."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from jetlens.explain.tokens.calls import Call
from jetlens.explain.tokens.importance import Importance
from jetlens.explain.tokens.rows import Row
from jetlens.taggers.chunks import Packed


class Received:
    """Means over the real tokens that ask, over heads, and over calls.

    Parameters
    ----------
    packed
        The jets.
    calls
        The calls of attention.
    """

    def __init__(self, packed: Packed, calls: Sequence[Call]) -> None:
        self._sums = Importance(packed, [call.key for call in calls])
        self._times = {
            name: sum(name in call.key.collection for call in calls) for name in packed.inputs
        }
        some = next(iter(packed.inputs.values()))
        self._all, self._padding = some.new_zeros(len(packed)), some.new_zeros(len(packed))

    def take(self, found: Tensor, asking: Row, asked: Row) -> None:
        """Add the weights ``[jet, head, query, key]`` of a call."""
        shares = asking.shares.to(found.dtype)[:, None, None]
        given = (shares @ found).mean((1, 2))
        self._sums.add(given, asked)
        self._all[asked.jets] += given.sum(1)
        self._padding[asked.jets] += given.masked_fill(asked.real, 0).sum(1)

    def importance(self) -> dict[str, Tensor]:
        """Return the means, by collection; of a stream, over the calls in which it is asked."""
        return {name: x / self._times[name] for name, x in self._sums.by_collection().items()}

    def by_padding(self) -> Tensor:
        """Return which share of all attention goes to padding, ``[jet]``; 0 where nothing asks."""
        return self._padding / self._all.where(self._all > 0, 1)
