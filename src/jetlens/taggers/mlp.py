"""A dense network over expert variables alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from torch import Tensor

from jetlens.core.batch import JetBatch
from jetlens.core.errors import BadValueError
from jetlens.core.registry import taggers
from jetlens.data.scaling import Scaling
from jetlens.taggers.base import Inputs, Tagger
from jetlens.taggers.inputs import EXPERTS
from jetlens.taggers.layers import dense


@taggers.register("mlp")
class MLP(Tagger):
    """Dense layers over the jets' own variables, without images or particles.

    Parameters
    ----------
    inputs
        The expert variables: features of ``jets``.
    classes
        The classes.
    scaling
        How physical values become inputs.
    hidden
        The dense layers' widths.
    dropout
        The chance that a number is dropped between the dense layers in training.

    References
    ----------
    Agarwal et al., arXiv:2011.13466.
    """

    def __init__(
        self,
        inputs: Mapping[str, Sequence[str]],
        classes: Sequence[str],
        scaling: Scaling | None = None,
        *,
        hidden: Sequence[int] = (64, 64),
        dropout: float = 0.0,
    ) -> None:
        super().__init__(inputs, classes, scaling)
        if set(self.inputs) != {EXPERTS}:
            raise BadValueError(
                f"inputs of 'mlp' are {', '.join(self.inputs)}: expected {EXPERTS!r} alone"
            )
        self.hidden, self.dropout = tuple(hidden), dropout
        features = len(self.inputs[EXPERTS])
        self.head = dense([features, *self.hidden, len(self.classes)], "relu", dropout)

    @classmethod
    def inputs_for(cls, jets: JetBatch) -> dict[str, list[str]]:
        """Return all of the jets' own variables."""
        return {EXPERTS: list(jets[EXPERTS].names)}

    def forward(self, inputs: Inputs, masks: Inputs) -> Tensor:
        """Return the logits ``[jet, class]``."""
        logits: Tensor = self.head(inputs[EXPERTS])
        return logits
