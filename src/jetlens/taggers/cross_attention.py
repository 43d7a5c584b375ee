"""Streams of particles and objects that ask each other: a transformer with cross-attention."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import torch
from torch import Tensor, nn

from jetlens.core.batch import JetBatch
from jetlens.core.errors import BadValueError, look_up
from jetlens.core.registry import taggers
from jetlens.data.scaling import Scaling
from jetlens.taggers.base import Inputs, Tagger
from jetlens.taggers.crossing import Crossing, pairs_of
from jetlens.taggers.layers import dense
from jetlens.taggers.streams import Stream, StreamSettings, mean, of_stream

TAKEN = ("constituents", "objects")
"""The collections that are taken where no inputs are named."""


@taggers.register("cross-attention")
class CrossAttention(Tagger):
    """Multi-scale transformer: a stream for each list of particles, joined by cross-attention.

    Each stream embeds its particles and lets them attend to each other. With ``fusion="cross"``
    streams then ask each other: each particle of a pair's first stream attends to all of its
    second, and what comes back is added to it. The mean over real particles of every stream that
    asks, or that is not asked, goes through dense layers. With ``fusion="concatenate"`` the means
    of all streams do, and nothing is asked. The order of a jet's particles does not matter, but in
    streams with ``places``.

    Parameters
    ----------
    inputs
        Feature names of one or more lists of particles; each is a stream.
    classes
        The classes.
    scaling
        How physical values become inputs.
    fusion
        ``"cross"`` or ``"concatenate"``.
    streams
        By collection, any of ``width`` (40), ``heads`` (5), ``layers`` (2), ``feed_forward``
        (twice the width) and ``places`` (0: all particles are alike; else how many places there
        are, each of which is a thing of its own, with an embedding and a scaling of its own), such
        as ``{"objects": {"width": 20, "heads": 4, "places": 9}}``. Constituents or
        objects that are no input are passed over, so that models with and without them share
        their settings.
    cross
        Which stream asks which, in pairs; left out, each asks every other. With
        ``[["constituents", "objects"]]`` the dense layers see the constituents alone, after they
        have asked the objects, as in the study.
    cross_heads
        Heads of cross-attention; they divide the width of each stream that asks.
    cross_layers
        Layers of cross-attention.
    hidden
        The widths of the dense layers behind the streams.
    activation
        ``"gelu"``, ``"silu"`` or ``"relu"``.
    dropout
        The chance that a number is dropped in training.

    Attributes
    ----------
    joins
        The streams whose means the dense layers take, in their order.
    joined_streams
        The stream of each feature that `joined` gives.
    head
        The dense layers; its first is `torch.nn.Linear` on what `joined` gives.

    Raises
    ------
    BadValueError
        If heads do not divide a width, or settings contradict each other.
    UnknownNameError
        If `streams` or `cross` name a collection that is no input.

    References
    ----------
    Hammad, Moretti and Nojiri, "Multi-scale cross-attention transformer encoder for event
    classification", arXiv:2401.00452.
    """

    def __init__(
        self,
        inputs: Mapping[str, Sequence[str]],
        classes: Sequence[str],
        scaling: Scaling | None = None,
        *,
        fusion: Literal["cross", "concatenate"] = "cross",
        streams: Mapping[str, Mapping[str, int]] | None = None,
        cross: Sequence[Sequence[str]] | None = None,
        cross_heads: int = 8,
        cross_layers: int = 1,
        hidden: Sequence[int] = (128, 64),
        activation: str = "gelu",
        dropout: float = 0.0,
    ) -> None:
        super().__init__(inputs, classes, scaling)
        self.streams = {name: dict(some) for name, some in (streams or {}).items()}
        self.pairs = pairs_of(fusion, cross, tuple(self.inputs))
        self.cross = None if cross is None else tuple(tuple(pair) for pair in cross)
        self.fusion, self.cross_heads, self.cross_layers = fusion, cross_heads, cross_layers
        self.hidden, self.activation, self.dropout = tuple(hidden), activation, dropout
        for name in self.streams:
            look_up("stream (one of the inputs)", name, dict.fromkeys((*self.inputs, *TAKEN)))
        settings = {name: StreamSettings.of(name, self.streams.get(name, {})) for name in inputs}
        own = {name: stream.places for name, stream in settings.items() if stream.places}
        self.places = {**self.places, **own}
        if cross_layers < 1:
            raise BadValueError(f"cross_layers={cross_layers}: expected 1 or more")
        self.encoders = nn.ModuleDict(
            {
                name: Stream(len(features), settings[name], activation, dropout)
                for name, features in self.inputs.items()
            }
        )
        self.crossings = nn.ModuleList(
            Crossing(self.pairs, settings, cross_heads, activation, dropout)
            for _ in range(cross_layers if self.pairs else 0)
        )
        asking, asked = ({pair[i] for pair in self.pairs} for i in (0, 1))
        self.joins = tuple(name for name in self.inputs if name in asking or name not in asked)
        self.norms = nn.ModuleDict(
            {name: nn.LayerNorm(settings[name].width) for name in self.joins}
        )
        self.joined_streams = tuple(n for name in self.joins for n in [name] * settings[name].width)
        sizes = [len(self.joined_streams), *self.hidden, len(self.classes)]
        self.head = dense(sizes, activation, dropout)

    @classmethod
    def inputs_for(cls, jets: JetBatch) -> dict[str, list[str]]:
        """Return all features of the jets' constituents and objects, or of those that they hold.

        Raises
        ------
        BadValueError
            If they hold neither.
        """
        found = {n: list(jets[n].names) for n in TAKEN if n in jets.collections}
        if not found:
            raise BadValueError(
                f"the tagger 'cross-attention' takes {' and '.join(TAKEN)}, but the jets hold "
                f"{', '.join(jets.collections)}: name the streams, as in "
                'tagger.inputs = { tracks = ["*"] }'
            )
        return found

    def forward(self, inputs: Inputs, masks: Inputs) -> Tensor:
        """Return the logits ``[jet, class]``."""
        logits: Tensor = self.head(self.joined(inputs, masks))
        return logits

    def joined(self, inputs: Inputs, masks: Inputs) -> Tensor:
        """Return what the head takes, ``[jet, feature]``: the streams' means beside each other.

        `joined_streams` names the stream of each feature. A stream without real particles in a jet
        gives zeros there.

        Raises
        ------
        BadValueError
            If a mask is missing, or does not fit its stream.
        """
        taken = {name: of_stream(name, inputs, masks) for name in self.inputs}
        x = {name: encode(*taken[name]) for name, encode in self.encoders.items()}
        for crossing in self.crossings:
            x = crossing(x, {name: mask for name, (_, mask) in taken.items()})
        means = [mean(self.norms[name](x[name]), taken[name][1]) for name in self.joins]
        return torch.cat(means, 1)
