"""A particle transformer: attention among particles that knows of pairs, read by a class token."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from jetlens.core.batch import JetBatch
from jetlens.core.errors import BadValueError, look_up
from jetlens.core.registry import taggers
from jetlens.data.scaling import Scaling
from jetlens.taggers.base import Inputs, Tagger
from jetlens.taggers.inputs import all_of, beside_experts, experts_in, with_experts
from jetlens.taggers.layers import ClassLayer, ParticleLayer, dense
from jetlens.taggers.pairwise import KINDS, PairBias, kind_of
from jetlens.taggers.streams import of_stream


@dataclass(frozen=True)
class Size:
    """The widths of the network's parts; `embed` ends in the width of a particle."""

    embed: tuple[int, ...]
    pair: tuple[int, ...]
    heads: int
    layers: int
    class_layers: int
    feed_forward: int


SIZES = {
    "small": Size((64, 64), (16, 16), heads=4, layers=3, class_layers=2, feed_forward=128),
    "ParT": Size(
        (128, 512, 128), (64, 64, 64), heads=8, layers=8, class_layers=2, feed_forward=512
    ),
}
"""``small`` trains on a laptop; ``ParT`` is the published network of 2.1 million parameters."""


@taggers.register("transformer")
class Transformer(Tagger):
    """Particle transformer: particles attend to each other, then a class token attends to them.

    To the scores of attention among particles a number is added that says what the two are to each
    other (`jetlens.taggers.pairwise`), one for each head, the same in all layers. The class token
    asks all particles and itself, layer by layer, and a dense layer reads it. The order of a jet's
    particles does not matter.

    Parameters
    ----------
    inputs
        The features of one list of particles; with ``jets``, the expert variables, too, which are
        joined to the class token in front of the last dense layers.
    classes
        The classes.
    scaling
        How physical values become inputs.
    size
        ``"small"`` or ``"ParT"``.
    pairs
        Whether attention knows of pairs. Left out, it does if the particles have ``pt``, ``deta``
        and ``dphi`` (then ``m2`` is used where it is there), or ``x``, ``y``, ``z`` and ``energy``.
    hidden
        Widths of dense layers between the class token and the logits; the paper has none.
    activation
        ``"gelu"``, ``"silu"`` or ``"relu"``.
    dropout
        The chance that a number is dropped in the particles' layers in training; in the paper 0.1.

    Raises
    ------
    BadValueError
        If there is not just one list of particles, or pairs are asked for of which nothing can be
        computed.

    References
    ----------
    Qu, Li and Qian, "Particle transformer for jet tagging", arXiv:2202.03772.
    """

    def __init__(
        self,
        inputs: Mapping[str, Sequence[str]],
        classes: Sequence[str],
        scaling: Scaling | None = None,
        *,
        size: Literal["small", "ParT"] = "small",
        pairs: bool | None = None,
        hidden: Sequence[int] = (),
        activation: str = "gelu",
        dropout: float = 0.0,
    ) -> None:
        super().__init__(inputs, classes, scaling)
        self.particles = beside_experts("transformer", self.inputs, "a list of particles")
        sizes = look_up("size", size, SIZES)
        self.size, self.pairs, self.hidden = size, pairs, tuple(hidden)
        self.activation, self.dropout = activation, dropout
        features, width = self.inputs[self.particles], sizes.embed[-1]
        kind = kind_of(features)
        if pairs and kind is None:
            known = " or ".join(", ".join(k.needs) for k in KINDS)
            raise BadValueError(
                f"pairs=true: {self.particles} have {', '.join(features)}, expected {known} among "
                "them"
            )
        self.pair_bias = None
        if kind is not None and pairs is not False:
            self.pair_bias = PairBias(
                kind, self.particles, features, self.scaling, sizes.pair, sizes.heads, activation
            )
        self.embed = dense([len(features), *sizes.embed], activation, normed=True)
        self.layers = nn.ModuleList(
            ParticleLayer(width, sizes.heads, sizes.feed_forward, activation, dropout)
            for _ in range(sizes.layers)
        )
        self.token = nn.Parameter(torch.empty(1, 1, width))
        nn.init.trunc_normal_(self.token, std=0.02)
        self.class_layers = nn.ModuleList(
            ClassLayer(width, sizes.heads, sizes.feed_forward, activation)
            for _ in range(sizes.class_layers)
        )
        self.norm = nn.LayerNorm(width)
        joined = width + experts_in(self.inputs)
        self.head = dense([joined, *self.hidden, len(self.classes)], activation)

    @classmethod
    def inputs_for(cls, jets: JetBatch) -> dict[str, list[str]]:
        """Return all features of the jets' list of particles."""
        return all_of("transformer", jets, "list of particles", lambda c: c.is_sequence)

    def forward(self, inputs: Inputs, masks: Inputs) -> Tensor:
        """Return the logits ``[jet, class]``."""
        x, mask = of_stream(self.particles, inputs, masks)
        bias = None if self.pair_bias is None else self.pair_bias(x, mask)
        x = self.embed(x)
        for layer in self.layers:
            x = layer(x, mask, bias)
        token = self.token.expand(len(x), -1, -1)
        for layer in self.class_layers:
            token = layer(token, x, mask)
        pooled = self.norm(token[:, 0])
        logits: Tensor = self.head(with_experts(pooled, inputs, self.inputs))
        return logits
