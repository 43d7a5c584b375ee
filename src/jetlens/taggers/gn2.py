"""GN2: a transformer over a jet's tracks with heads for flavour, track origin and vertices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from jetlens.core.batch import JetBatch
from jetlens.core.errors import BadValueError, UnknownNameError, look_up
from jetlens.core.registry import taggers
from jetlens.data.readers.ftag_variables import (
    JET_FEATURES,
    NEWER_NAMES,
    ORIGINS,
    TRACK_FEATURES,
)
from jetlens.data.scaling import Scaling
from jetlens.taggers.attention import AttentionPooling
from jetlens.taggers.base import Inputs, Tagger
from jetlens.taggers.layers import ACTIVATIONS, EncoderLayer, dense

ORIGIN, VERTEX = "tracks.origin", "tracks.vertex"
TASKS: dict[str, tuple[str, ...]] = {ORIGIN: ORIGINS, VERTEX: ()}


@dataclass(frozen=True)
class Size:
    """The widths of the network's parts."""

    width: int
    layers: int
    heads: int
    feed_forward: int
    out: int
    hidden: tuple[int, ...]


SIZES = {
    "small": Size(width=64, layers=3, heads=2, feed_forward=128, out=64, hidden=(64, 32)),
    "gn2": Size(width=256, layers=4, heads=8, feed_forward=512, out=128, hidden=(128, 64, 32)),
}
"""``small`` trains on a laptop; ``gn2`` is the published network of 2.3 million parameters."""


@taggers.register("gn2")
class GN2(Tagger):
    """GN2-style flavour tagger: tracks with their jet's variables through a transformer.

    The jet's variables are joined to each of its tracks. A dense initialiser, pre-norm encoder
    layers and a projection give each track its embedding; attention pooling gives the jet's, from
    which the flavour follows. Two more heads help in training and can be explained: each track's
    origin, and for each pair of tracks whether they share a vertex.

    Parameters
    ----------
    inputs
        Feature names of ``jets`` and ``tracks``.
    classes
        The flavours.
    scaling
        How physical values become inputs.
    size
        ``"small"`` or ``"gn2"``.
    auxiliary
        The auxiliary tasks: ``"tracks.origin"`` and ``"tracks.vertex"``, one of them or none.
    activation
        ``"gelu"``, ``"silu"`` or, as in the paper, ``"relu"``.
    dropout
        The chance that a number is dropped in the encoder in training.

    References
    ----------
    ATLAS Collaboration, arXiv:2505.19689.
    """

    def __init__(
        self,
        inputs: Mapping[str, Sequence[str]],
        classes: Sequence[str],
        scaling: Scaling | None = None,
        *,
        size: Literal["small", "gn2"] = "small",
        auxiliary: Sequence[str] = tuple(TASKS),
        activation: str = "gelu",
        dropout: float = 0.0,
    ) -> None:
        tasks = {task: look_up("auxiliary task", task, TASKS) for task in auxiliary}
        super().__init__(inputs, classes, scaling, tasks)
        sizes = look_up("size", size, SIZES)
        look_up("activation", activation, ACTIVATIONS)
        for name in ("jets", "tracks"):
            if not self.inputs.get(name):
                raise BadValueError(f"gn2 needs features of {name!r}: inputs are {self.inputs}")
        for name in set(self.inputs) - {"jets", "tracks"}:
            raise UnknownNameError("collection for gn2", name, ("jets", "tracks"))
        self.size, self.activation, self.dropout = size, activation, dropout
        self.auxiliary = tuple(auxiliary)
        features = sum(map(len, self.inputs.values()))
        self.initialiser = dense([features, sizes.width, sizes.width], activation)
        self.encoder = nn.ModuleList(
            EncoderLayer(sizes.width, sizes.heads, sizes.feed_forward, activation, dropout)
            for _ in range(sizes.layers)
        )
        self.norm = nn.LayerNorm(sizes.width)
        self.project = nn.Linear(sizes.width, sizes.out)
        self.pool = AttentionPooling(sizes.out)
        self.jet_head = dense([sizes.out, *sizes.hidden, len(self.classes)], activation)
        if ORIGIN in self.tasks:
            widths = [2 * sizes.out, *sizes.hidden, len(self.tasks[ORIGIN])]
            self.origin_head = dense(widths, activation)
        if VERTEX in self.tasks:
            self.vertex_head = PairHead(2 * sizes.out, sizes.hidden, activation)

    @classmethod
    def inputs_for(cls, jets: JetBatch) -> dict[str, list[str]]:
        """Return the published inputs, as these jets name them.

        Raises
        ------
        BadValueError
            If the jets have no tracks.
        """
        if "tracks" not in jets.collections:
            raise BadValueError(
                f"the tagger 'gn2' takes tracks, but the jets hold {', '.join(jets.collections)}: "
                "take another tagger, or jets with tracks"
            )
        found = {}
        for name, features in (("jets", JET_FEATURES), ("tracks", TRACK_FEATURES)):
            there = jets[name].names
            found[name] = [
                f.name if f.name in there else NEWER_NAMES.get(f.name, f.name) for f in features
            ]
        return found

    def forward(self, inputs: Inputs, masks: Inputs) -> Tensor:
        """Return the logits ``[jet, class]``; the auxiliary heads are not computed."""
        _, pooled = self.embed(inputs, masks)
        logits: Tensor = self.jet_head(pooled)
        return logits

    def outputs(self, inputs: Inputs, masks: Inputs) -> dict[str, Tensor]:
        """Return the logits, and what the auxiliary heads say.

        ``"tracks.origin"`` is ``[jet, track, origin]``; ``"tracks.vertex"`` ``[jet, track, track]``
        is the log-odds that two tracks share a vertex, zero on the diagonal and in padding.
        """
        tracks, pooled = self.embed(inputs, masks)
        out = {"jet": self.jet_head(pooled)}
        if self.tasks:
            with_jet = torch.cat([tracks, pooled[:, None].expand_as(tracks)], -1)
        if ORIGIN in self.tasks:
            out[ORIGIN] = self.origin_head(with_jet)
        if VERTEX in self.tasks:
            out[VERTEX] = self.vertex_head(with_jet, masks["tracks"])
        return out

    def embed(self, inputs: Inputs, masks: Inputs) -> tuple[Tensor, Tensor]:
        """Return embeddings of the tracks ``[jet, track, out]`` and of the jets ``[jet, out]``."""
        tracks, mask = inputs["tracks"], masks["tracks"]
        tracks = tracks.masked_fill(~mask[..., None], 0.0)  # what stands in padding is ignored
        jets = inputs["jets"][:, None].expand(-1, tracks.shape[1], -1)
        x = self.initialiser(torch.cat([jets, tracks], -1))
        for layer in self.encoder:
            x = layer(x, mask)
        x = self.project(self.norm(x))
        return x, self.pool(x, mask)


class PairHead(nn.Module):
    """Log-odds for each pair of real tracks, the same whichever of the two comes first.

    Its first layer sees a pair as the sum and the product of projections of either track. It is
    computed once for each pair of real tracks, so that memory goes with their number.
    """

    def __init__(self, width: int, hidden: Sequence[int], activation: str) -> None:
        super().__init__()
        self.sum = nn.Linear(width, hidden[0])
        self.product = nn.Linear(width, hidden[0])
        self.rest = nn.Sequential(ACTIVATIONS[activation](), dense([*hidden, 1], activation))

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """Return ``[jet, track, track]`` of tracks ``[jet, track, width]``."""
        jets, tracks = mask.shape
        pairs = (mask[:, :, None] & mask[:, None, :]).triu(1)
        jet, one, other = pairs.nonzero(as_tuple=True)
        first, second = jet * tracks + one, jet * tracks + other
        summed, multiplied = self.sum(x).flatten(0, 1), self.product(x).flatten(0, 1)
        hidden = summed.index_select(0, first) + summed.index_select(0, second)
        hidden = hidden + multiplied.index_select(0, first) * multiplied.index_select(0, second)
        upper = x.new_zeros(jets, tracks, tracks)
        upper[jet, one, other] = self.rest(hidden)[:, 0]
        return upper + upper.transpose(1, 2)
