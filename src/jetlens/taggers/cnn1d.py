"""A residual convolutional network along a jet's ordered particles, after DeepAK8."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import ClassVar

from torch import Tensor, nn

from jetlens.core.batch import JetBatch
from jetlens.core.errors import BadValueError
from jetlens.core.registry import taggers
from jetlens.data.scaling import Scaling
from jetlens.taggers.base import Inputs, Tagger
from jetlens.taggers.inputs import all_of, beside_experts, experts_in, with_experts
from jetlens.taggers.layers import dense
from jetlens.taggers.particles import RealBatchNorm, listed


@taggers.register("cnn1d")
class CNN1D(Tagger):
    """DeepAK8-style tagger: convolutions along a jet's particles in blocks with a residual sum.

    Each block convolves neighbours in the list twice, with batch normalisation and ReLU, and adds
    what went in. The mean over a jet's real particles, joined by the expert variables if there are
    any, goes through dense layers. The particles are taken in the order in which they come.

    Parameters
    ----------
    inputs
        The features of one list of particles; with ``jets``, the expert variables, too.
    classes
        The classes.
    scaling
        How physical values become inputs.
    widths
        The blocks' channels.
    kernel
        How many neighbours a convolution sees, an odd number.
    hidden
        The dense layers' widths.
    dropout
        The chance that a number is dropped between the dense layers in training.

    References
    ----------
    CMS Collaboration, arXiv:2004.08262, section 6.5; He et al., "Deep residual learning",
    arXiv:1512.03385.
    """

    ordered: ClassVar[bool] = True

    def __init__(
        self,
        inputs: Mapping[str, Sequence[str]],
        classes: Sequence[str],
        scaling: Scaling | None = None,
        *,
        widths: Sequence[int] = (32, 64, 64),
        kernel: int = 3,
        hidden: Sequence[int] = (64, 64),
        dropout: float = 0.0,
    ) -> None:
        super().__init__(inputs, classes, scaling)
        self.particles = beside_experts("cnn1d", self.inputs, "a list of particles")
        if kernel < 1 or kernel % 2 == 0:
            raise BadValueError(f"kernel={kernel}: expected an odd number, 1 or more")
        if not widths or min(widths) < 1:
            raise BadValueError(
                f"widths={list(widths)}: expected the channels of one block or more, 1 or more each"
            )
        self.kernel, self.dropout = kernel, dropout
        self.widths, self.hidden = tuple(widths), tuple(hidden)
        channels = [len(self.inputs[self.particles]), *self.widths]
        self.blocks = nn.ModuleList(
            Block(before, after, kernel) for before, after in itertools.pairwise(channels)
        )
        features = channels[-1] + experts_in(self.inputs)
        self.head = dense([features, *self.hidden, len(self.classes)], "relu", dropout)

    @classmethod
    def inputs_for(cls, jets: JetBatch) -> dict[str, list[str]]:
        """Return all features of the jets' list of particles."""
        return all_of("cnn1d", jets, "list of particles", lambda c: c.is_sequence)

    def forward(self, inputs: Inputs, masks: Inputs) -> Tensor:
        """Return the logits ``[jet, class]``."""
        particles, mask = listed("cnn1d", self.particles, inputs, masks)
        x = particles.transpose(1, 2)
        for block in self.blocks:
            x = block(x, mask)
        x = x.sum(2) / mask.sum(1, keepdim=True).clamp(min=1)
        logits: Tensor = self.head(with_experts(x, inputs, self.inputs))
        return logits


class Block(nn.Module):
    """Two convolutions along the particles, and what went in: ``relu(f(x) + skip(x))``.

    What is zero in padding on the way in is zero there on the way out.
    """

    def __init__(self, before: int, after: int, kernel: int) -> None:
        super().__init__()

        def convolution(channels: int) -> nn.Conv1d:  # normalisation has a bias of its own
            return nn.Conv1d(channels, after, kernel, padding=kernel // 2, bias=False)

        self.first, self.norm_first = convolution(before), RealBatchNorm(after)
        self.second, self.norm_second = convolution(after), RealBatchNorm(after)
        same = before == after
        self.skip = nn.Identity() if same else nn.Conv1d(before, after, 1, bias=False)
        self.relu_first, self.relu = nn.ReLU(), nn.ReLU()

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """Return ``[jet, channel, particle]``."""
        inner = self.relu_first(self.norm_first(self.first(x), mask))
        inner = self.norm_second(self.second(inner), mask)
        out: Tensor = self.relu(inner + self.skip(x))
        return out
