"""Attention rollout: how much of each input token reaches each token at the end.

R = prod over layers of rownorm(A + I), with A the mean over heads. Streams that ask each other are
rolled out together: R_q <- (R_q + A_qk R_k) / 2.

References
----------
Abnar and Zuidema, "Quantifying attention flow in transformers", arXiv:2005.00928.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from torch import Tensor

from jetlens.core.errors import BadValueError, UnknownNameError
from jetlens.core.registry import explainers
from jetlens.explain.base import Context, PackedExplainer, Scores
from jetlens.explain.capture.capture import capture, seen
from jetlens.explain.capture.maps import MEAN, REDUCED, Maps
from jetlens.explain.capture.received import ASKING, EVERY
from jetlens.explain.rollout.feeds import feeds
from jetlens.explain.rollout.flow import ROLLOUT, Flow
from jetlens.explain.targets import Target
from jetlens.explain.tokens.apart import glance
from jetlens.explain.tokens.known import known
from jetlens.explain.tokens.probe import like, probe
from jetlens.taggers.base import Inputs, Tagger
from jetlens.taggers.chunks import Packed
from jetlens.taggers.predict import Predictions


@explainers.register("attention-rollout")
@dataclass(frozen=True, kw_only=True)
class AttentionRollout(PackedExplainer):
    """Attention of all layers multiplied up, half of each layer's input passing it by.

    ``attention_<q>_<k>`` has one layer: of each token of stream q at the end, the shares that come
    from the tokens of k that went in; over all k they add up to one. The importance of a particle
    is its share in the tokens that the logits are read from, be they a class token, learned queries
    or all real ones: their mean; of several streams, the mean of these.

    Parameters
    ----------
    rule
        ``"rollout"``; or ``"mean"``, the mean of all layers' attention, stream by stream, with the
        mean attention that a particle gets as its importance.
    heads
        How heads are put together: ``"mean"``, ``"max"`` or ``"min"``.
    streams
        What queries and keys are, where that cannot be found out, as for ``attention``.
    asking
        Of the rule ``"mean"``, whose attention makes a particle (or patch) important: that of
        ``"every"`` real token, or the ``"class"`` token's.
    residual
        Of the rule ``"mean"``, whether half of each token passes attention by, as for
        ``attention``; in a rollout it always does.
    """

    needs: ClassVar[str] = "attention"
    at_once: ClassVar[int | None] = 1024

    rule: str = ROLLOUT
    heads: str = "mean"
    streams: Mapping[str, Any] | None = None
    asking: str = EVERY
    residual: bool = False

    def __post_init__(self) -> None:
        if self.rule not in (ROLLOUT, MEAN):
            raise UnknownNameError("rule of rollout", self.rule, (ROLLOUT, MEAN))
        if self.heads not in REDUCED:
            raise UnknownNameError("reduction of heads (heads=)", self.heads, REDUCED)
        if self.asking not in ASKING:
            raise UnknownNameError("kind of asking tokens", self.asking, ASKING)
        if self.asking != EVERY and self.rule == ROLLOUT:
            raise BadValueError(
                f"asking={self.asking!r} goes with rule='mean': a rollout is read where the logits "
                "are"
            )
        if self.residual and self.rule == ROLLOUT:
            raise BadValueError("residual=True goes with rule='mean': a rollout has it always")

    def try_out(self, tagger: Tagger, inputs: Inputs, masks: Inputs) -> None:
        """Let attention that is used wrongly be told by its own words, not by torch's."""
        glance(tagger, inputs, masks)

    def found(
        self, tagger: Tagger, packed: Packed, target: Target, context: Context
    ) -> tuple[Predictions, Tensor, Scores]:
        """Take what the tagger says, and its attention, from one pass."""
        met = seen(tagger, packed, self.streams)
        taker: Flow | Maps
        if self.rule == MEAN:
            every = {call.layer for call in met}
            heads, asking, residual = self.heads, self.asking, self.residual
            taker = Maps(packed, met, heads, every, mean=True, asking=asking, residual=residual)
        else:
            what = "feeds", repr(self.streams), like(packed)
            given, read = known(tagger, what, lambda: feeds(tagger, probe(packed), met))
            taker = Flow(packed, met, given, read, self.heads)
        said = capture(tagger, packed, met, taker)
        return said, target.chosen(said.logits, context.label), taker.scores()
