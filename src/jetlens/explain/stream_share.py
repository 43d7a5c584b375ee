"""How much of what the head takes comes from each stream: activations times their weights."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from jetlens.core.attribution import Table
from jetlens.core.errors import UnsupportedError
from jetlens.core.registry import explainers
from jetlens.explain.base import Context, Scores, ScoringExplainer
from jetlens.explain.targets import Target
from jetlens.taggers.base import Inputs, Tagger
from jetlens.taggers.chunks import Packed


@explainers.register("stream-share")
@dataclass(frozen=True, kw_only=True)
class StreamShare(ScoringExplainer):
    """Share of each stream in the activations that enter the head, times their weights.

    ``stream_share`` (``"jet"``, ``"stream"``) is the sum over a stream's activations z and the
    weights a of the head's first layer of ``|z a|``, over that of all streams; a jet for which
    nothing enters the head has none (NaN). It is the same for every target.

    The tagger says of what the head takes which stream it comes from: it has ``joined(inputs,
    masks)`` ``[jet, feature]``, ``joined_streams``, the stream of each feature, and ``head``, whose
    first layer is linear.

    References
    ----------
    Hammad, Ko, Lu and others, arXiv:2305.13781; Hammad, Moretti and Nojiri, arXiv:2401.00452.
    """

    needs: ClassVar[str] = "streams"

    def score(
        self, tagger: Tagger, packed: Packed, chosen: Tensor, target: Target, context: Context
    ) -> Scores:
        """Add up what enters the head, stream by stream."""
        joined, streams, weight = _joining(tagger)
        names = list(dict.fromkeys(streams))
        of_stream = torch.tensor([[s == name for name in names] for s in streams]).to(weight)
        sizes = weight.abs().sum(0)[:, None] * of_stream  # [feature, stream]
        nothing = weight.new_zeros((0, len(names)))
        with torch.no_grad():
            found = [joined(*packed.cut(jets)).abs() @ sizes for jets in packed.chunks()]
        total = torch.cat([nothing, *found])
        return Scores(tables={"stream_share": Table(total / total.sum(1, True), {"stream": names})})


def _joining(tagger: Tagger) -> tuple[Callable[[Inputs, Inputs], Tensor], tuple[str, ...], Tensor]:
    """Return what the head takes, the streams of its features, and its first layer's weights.

    Raises
    ------
    UnsupportedError
        If the tagger does not say, or there is one stream alone.
    """
    joined = getattr(tagger, "joined", None)
    streams = getattr(tagger, "joined_streams", None)
    head = getattr(tagger, "head", None)
    first = head[0] if isinstance(head, nn.Sequential) and len(head) else head
    if not callable(joined) or streams is None or not isinstance(first, nn.Linear):
        raise UnsupportedError(
            f"the tagger ({type(tagger).__name__}) does not say which stream the activations "
            "before its head come from: 'stream-share' explains 'cross-attention', and taggers "
            "with joined(inputs, masks), joined_streams and a linear head; 'permutation' any"
        )
    if len(set(streams)) < 2:
        raise UnsupportedError(
            f"all that enters the head is of one stream, {streams[0]!r}: 'stream-share' compares "
            "two or more (of 'cross-attention', those that ask; cross = [[\"constituents\", "
            '"objects"], ["objects", "constituents"]] lets both)'
        )
    return joined, tuple(streams), first.weight.detach()
