"""Attention: how much each token looks at each other, layer by layer and head by head.

A_ij = softmax_j(q_i k_j / sqrt(d)), as the tagger computes it.

References
----------
Vaswani et al., "Attention is all you need", arXiv:1706.03762; Hammad, Moretti and Nojiri,
arXiv:2401.00452 (jets).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, ClassVar

from torch import Tensor

from jetlens.core import attention
from jetlens.core.errors import BadValueError, UnknownNameError
from jetlens.core.registry import explainers
from jetlens.explain.base import Context, PackedExplainer, Scores
from jetlens.explain.capture.capture import capture, check_any
from jetlens.explain.capture.importance import Received
from jetlens.explain.capture.maps import MAX, MEAN, REDUCED, Map
from jetlens.explain.capture.naming import names
from jetlens.explain.capture.probe import probe
from jetlens.explain.capture.rows import Row, beyond
from jetlens.explain.capture.tokens import Call, Streams, calls, glance
from jetlens.explain.targets import Target
from jetlens.taggers.base import Inputs, Tagger
from jetlens.taggers.chunks import Packed
from jetlens.taggers.predict import Predictions

ALL = "all"


@explainers.register("attention")
@dataclass(frozen=True, kw_only=True)
class Attention(PackedExplainer):
    """The attention of every stream of tokens to every other, ``attention_<query>_<key>``.

    It is the tagger's own: the functions are intercepted as they are called, and the output goes on
    from the very weights that are returned. The importance of a particle is the mean attention that
    it gets: of all real tokens that ask, over heads, then over the layers in which it is asked.

    Parameters
    ----------
    heads
        ``"all"``, or their ``"mean"`` or ``"max"``.
    layers
        ``"all"``, their ``"mean"``, or some: a name (or pattern) of a module, or a list of such.
    streams
        What queries and keys are, where that cannot be found out: by the layer's name or a pattern,
        ``"constituents"``, ``"class+constituents"``, or a pair of such for queries and keys.
    """

    needs: ClassVar[str] = "attention"
    at_once: ClassVar[int | None] = 512

    heads: str = ALL
    layers: str | Sequence[str] = ALL
    streams: Mapping[str, Any] | None = None

    def __post_init__(self) -> None:
        if self.heads not in (ALL, MEAN, MAX):
            raise UnknownNameError("reduction of heads (heads=)", self.heads, (ALL, MEAN, MAX))
        if not names(self.layers):
            raise BadValueError(f"layers={self.layers!r}: expected 'all', 'mean', or names")

    def try_out(self, tagger: Tagger, inputs: Inputs, masks: Inputs) -> None:
        """Let attention that is used wrongly be told by its own words, not by torch's."""
        glance(tagger, inputs, masks)

    def found(
        self, tagger: Tagger, packed: Packed, target: Target, context: Context
    ) -> tuple[Predictions, Tensor, Scores]:
        """Take what the tagger says, and its attention, from one pass."""
        met = seen(tagger, packed, self.streams)
        maps = Maps(packed, met, self.heads, self._chosen(met), self.layers == MEAN)
        said = capture(tagger, packed, met, maps)
        chosen = target.chosen(said.logits, context.label)
        return said, chosen, Scores(tables=maps.tables(), importance=maps.importance())

    def _chosen(self, met: Sequence[Call]) -> set[str]:
        """Return the layers that are asked for."""
        there = [call.layer for call in met]
        if self.layers in (ALL, MEAN):
            return set(there)
        chosen = set()
        for wanted in names(self.layers):
            fitting = {name for name in there if fnmatchcase(name, wanted)}
            if not fitting:
                raise UnknownNameError("layer of attention", wanted, there)
            chosen |= fitting
        return chosen


def seen(tagger: Tagger, packed: Packed, streams: Streams | None) -> list[Call]:
    """Return the tagger's calls of attention.

    Raises
    ------
    UnsupportedError
        If there are none that can be seen, or it cannot be known between what they are.
    """
    met = calls(tagger, probe(packed), streams)
    check_any(tagger, met)
    return met


class Maps:
    """Maps of streams, filled as attention comes.

    Parameters
    ----------
    packed
        The jets.
    met
        The tagger's calls of attention.
    heads
        ``"all"``, ``"mean"``, ``"max"`` or ``"min"``.
    chosen
        The layers of which there are maps; what particles receive is of all layers.
    mean
        Whether to give the mean of these layers instead.
    """

    def __init__(
        self, packed: Packed, met: Sequence[Call], heads: str, chosen: set[str], mean: bool
    ) -> None:
        self._calls, self._heads, self._chosen, self._mean = met, heads, chosen, mean
        self._received = Received(packed, met)
        self._maps: dict[tuple[str, str], Map] = {}
        self._sums: dict[tuple[str, str], tuple[Tensor, Row, Row]] = {}
        places = {name: mask.shape[1] for name, mask in packed.masks.items()}
        for pair, those in by_pair([c for c in met if c.layer in chosen]).items():
            query, key = (
                attention.joined([beyond(t, places) for t in tokens])[0]
                for tokens in zip(*((c.query, c.key) for c in those), strict=True)
            )
            count = max(c.heads for c in those)
            if mean and heads == ALL and any(c.heads != count for c in those):
                raise BadValueError(
                    f"layers='mean': the layers from {pair[0]} to {pair[1]} have different numbers "
                    "of heads; take their mean too, heads='mean'"
                )
            self._maps[pair] = Map(
                pair,
                (MEAN,) if mean else [c.layer for c in those],
                [str(i) for i in range(count)] if heads == ALL else (heads,),
                query,
                key,
                packed,
            )

    def take(self, number: int, found: Tensor, asking: Row, asked: Row) -> None:
        """Fill in the weights of a call."""
        self._received.take(found, asking, asked)
        call = self._calls[number]
        if call.layer not in self._chosen:
            return
        if self._heads != ALL:
            found = REDUCED[self._heads](found, 1, keepdim=True)
        into = self._maps[pair_of(call)]
        if not self._mean:
            into.fill(into.layers.index(call.layer), found, asking, asked)
        elif pair_of(call) in self._sums:
            self._sums[pair_of(call)][0].add_(found)
        else:
            self._sums[pair_of(call)] = (found.clone(), asking, asked)

    def close(self, jets: slice) -> None:
        """Fill in means over layers."""
        for pair, (total, asking, asked) in self._sums.items():
            count = sum(pair_of(c) == pair for c in self._calls)
            self._maps[pair].fill(0, total.div_(count), asking, asked)
        self._sums.clear()

    def tables(self) -> dict[str, Any]:
        """Return all maps by the names of their variables."""
        return {attention.variable(*pair): m.table() for pair, m in self._maps.items()}

    def importance(self) -> dict[str, Tensor]:
        """Return the mean attention that each particle receives, by collection."""
        return self._received.importance()


def pair_of(call: Call) -> tuple[str, str]:
    """Return the streams of a call."""
    return call.query.stream, call.key.stream


def by_pair(met: Sequence[Call]) -> dict[tuple[str, str], list[Call]]:
    """Return calls by their streams, in order."""
    found: dict[tuple[str, str], list[Call]] = {}
    for call in met:
        found.setdefault(pair_of(call), []).append(call)
    return found
