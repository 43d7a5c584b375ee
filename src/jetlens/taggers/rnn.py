"""A recurrent network that reads a jet's particles one after the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

import torch
from torch import Tensor, nn

from jetlens.core.batch import JetBatch
from jetlens.core.errors import BadValueError
from jetlens.core.registry import taggers
from jetlens.data.scaling import Scaling
from jetlens.taggers.base import Inputs, Tagger
from jetlens.taggers.inputs import all_of, beside_experts, experts_in, with_experts
from jetlens.taggers.layers import dense
from jetlens.taggers.particles import listed


@taggers.register("rnn")
class RNN(Tagger):
    """Gated recurrent units over a jet's particles; what they hold after the last decides.

    The state after a jet's last real particle, joined by the expert variables if there are any,
    goes through dense layers. The particles are taken in the order in which they come.

    Parameters
    ----------
    inputs
        The features of one list of particles; with ``jets``, the expert variables, too.
    classes
        The classes.
    scaling
        How physical values become inputs.
    width
        The numbers in a layer's state.
    layers
        The recurrent layers.
    hidden
        The dense layers' widths.
    dropout
        The chance that a number is dropped between the dense layers in training.

    References
    ----------
    Cho et al., arXiv:1406.1078; for jets: ATLAS Collaboration, ATL-PHYS-PUB-2017-003.
    """

    ordered: ClassVar[bool] = True

    def __init__(
        self,
        inputs: Mapping[str, Sequence[str]],
        classes: Sequence[str],
        scaling: Scaling | None = None,
        *,
        width: int = 64,
        layers: int = 1,
        hidden: Sequence[int] = (64, 64),
        dropout: float = 0.0,
    ) -> None:
        super().__init__(inputs, classes, scaling)
        self.particles = beside_experts("rnn", self.inputs, "a list of particles")
        if width < 1 or layers < 1:
            raise BadValueError(f"width={width}, layers={layers}: expected 1 or more of each")
        self.width, self.layers, self.dropout = width, layers, dropout
        self.hidden = tuple(hidden)
        self.gru = nn.GRU(len(self.inputs[self.particles]), width, layers, batch_first=True)
        features = width + experts_in(self.inputs)
        self.head = dense([features, *self.hidden, len(self.classes)], "relu", dropout)

    @classmethod
    def inputs_for(cls, jets: JetBatch) -> dict[str, list[str]]:
        """Return all features of the jets' list of particles."""
        return all_of("rnn", jets, "list of particles", lambda c: c.is_sequence)

    def forward(self, inputs: Inputs, masks: Inputs) -> Tensor:
        """Return the logits ``[jet, class]``."""
        particles, mask = listed("rnn", self.particles, inputs, masks)
        states, _ = self.gru(particles)
        # the state after the last real particle knows nothing of the padding behind it
        behind = torch.nn.functional.pad(mask[:, 1:], (0, 1))
        last = mask & ~behind
        x = states.masked_fill(~last[..., None], 0.0).sum(1)
        logits: Tensor = self.head(with_experts(x, inputs, self.inputs))
        return logits
