"""Streams that ask each other: which asks which, and the layer in which they do."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence

from torch import Tensor, nn

from jetlens.core.errors import BadValueError, UnknownNameError, look_up
from jetlens.taggers.base import Inputs
from jetlens.taggers.layers import CrossLayer
from jetlens.taggers.streams import StreamSettings

FUSIONS = ("cross", "concatenate")


def pairs_of(
    fusion: str, cross: Sequence[Sequence[str]] | None, names: Sequence[str]
) -> tuple[tuple[str, str], ...]:
    """Return which stream asks which.

    Parameters
    ----------
    fusion
        One of `FUSIONS`.
    cross
        The pairs; left out, each asks every other.
    names
        The streams.

    Raises
    ------
    BadValueError
        If what was asked for contradicts itself.
    UnknownNameError
        If a name is none of the streams.
    """
    if fusion not in FUSIONS:
        raise UnknownNameError("fusion", fusion, FUSIONS)
    if fusion == "concatenate":
        if cross:
            raise BadValueError(f"cross={cross!r} with fusion='concatenate': nothing asks there")
        return ()
    if cross is None:
        return tuple(itertools.permutations(names, 2))
    pairs: list[tuple[str, str]] = []
    for pair in cross:
        if isinstance(pair, str) or len(pair) != 2:
            raise BadValueError(
                f"cross holds {pair!r}: expected the stream that asks and the one that is asked, "
                'as in ["constituents", "objects"]'
            )
        for name in pair:
            look_up("stream (one of the inputs)", name, dict.fromkeys(names))
        query, key = pair
        if query == key:
            raise BadValueError(f"cross holds {pair!r}: a stream asks itself in its own layers")
        if (query, key) in pairs:
            raise BadValueError(f"cross holds {pair!r} twice")
        pairs.append((query, key))
    if not pairs:
        raise BadValueError("cross=[]: nothing asks; say so by fusion='concatenate'")
    return tuple(pairs)


class Crossing(nn.ModuleDict):
    """One layer in which streams ask each other, all at once.

    Parameters
    ----------
    pairs
        Which stream asks which.
    settings
        By stream.
    heads
        Heads of attention.
    activation, dropout
        As of `jetlens.taggers.layers.dense`.
    """

    def __init__(
        self,
        pairs: Sequence[tuple[str, str]],
        settings: Mapping[str, StreamSettings],
        heads: int,
        activation: str,
        dropout: float,
    ) -> None:
        layers = {}
        for query, key in pairs:
            own, other = settings[query], settings[key]
            try:
                layers[f"{query}_{key}"] = CrossLayer(
                    own.width, other.width, heads, own.inner, activation, dropout
                )
            except BadValueError as error:
                raise BadValueError(f"cross_heads, where {query!r} ask {key!r}: {error}") from None
        super().__init__(layers)
        self.pairs = tuple(pairs)

    def forward(self, x: Mapping[str, Tensor], masks: Inputs) -> dict[str, Tensor]:
        """Return all streams ``[jet, particle, width]``, those that asked with what came back."""
        after = dict(x)
        for query, key in self.pairs:
            after[query] = self[f"{query}_{key}"](after[query], x[key], masks[key])
        return after
