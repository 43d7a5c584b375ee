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

from jetlens.core.errors import BadValueError, UnknownNameError
from jetlens.core.registry import explainers
from jetlens.explain.base import Context, PackedExplainer, Scores
from jetlens.explain.capture.capture import capture, seen
from jetlens.explain.capture.maps import ALL, MAX, MEAN, Maps
from jetlens.explain.capture.received import ASKING, EVERY
from jetlens.explain.targets import Target
from jetlens.explain.tokens.apart import glance
from jetlens.explain.tokens.calls import Call
from jetlens.explain.tokens.naming import names
from jetlens.taggers.base import Inputs, Tagger
from jetlens.taggers.chunks import Packed
from jetlens.taggers.predict import Predictions


@explainers.register("attention")
@dataclass(frozen=True, kw_only=True)
class Attention(PackedExplainer):
    """The attention of every stream of tokens to every other, ``attention_<query>_<key>``.

    It is the tagger's own: the functions are intercepted as they are called, and the output goes on
    from the very weights that are returned. The importance of a particle is the mean attention that
    it gets: of the tokens that ask, over heads, then over those of the layers in which it is asked.

    Parameters
    ----------
    heads
        ``"all"``, or their ``"mean"`` or ``"max"``.
    layers
        ``"all"``, their ``"mean"``, or some: a name (or pattern) of a module, or a list of such.
    streams
        What queries and keys are, where that cannot be found out: by the layer's name or a pattern,
        ``"constituents"``, ``"class+constituents"``, or a pair of such for queries and keys.
    asking
        Whose attention makes a particle (or patch) important: that of ``"every"`` real token, or
        the ``"class"`` token's.
    residual
        Whether half of each token passes attention by, where a stream asks itself: rownorm(A + I)
        in the place of A, as in a rollout. It shifts what every token receives alike, and only
        rescales what a class token gives to the others.
    """

    needs: ClassVar[str] = "attention"
    at_once: ClassVar[int | None] = 512

    heads: str = ALL
    layers: str | Sequence[str] = ALL
    streams: Mapping[str, Any] | None = None
    asking: str = EVERY
    residual: bool = False

    def __post_init__(self) -> None:
        if self.heads not in (ALL, MEAN, MAX):
            raise UnknownNameError("reduction of heads (heads=)", self.heads, (ALL, MEAN, MAX))
        if self.asking not in ASKING:
            raise UnknownNameError("kind of asking tokens", self.asking, ASKING)
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
        chosen, mean = self._chosen(met), self.layers == MEAN
        maps = Maps(packed, met, self.heads, chosen, mean, self.asking, self.residual)
        said = capture(tagger, packed, met, maps)
        return said, target.chosen(said.logits, context.label), maps.scores()

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
