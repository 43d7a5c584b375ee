"""A convolutional network over jet images, after ImageTop, with or without expert variables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from jetlens.core.batch import JetBatch
from jetlens.core.errors import BadValueError
from jetlens.core.registry import taggers
from jetlens.data.scaling import Scaling
from jetlens.taggers.base import Inputs, Tagger
from jetlens.taggers.inputs import all_of, beside_experts, experts_in, with_experts
from jetlens.taggers.layers import dense

POOL = 2


@taggers.register("cnn2d")
class CNN2D(Tagger):
    """ImageTop-style tagger: convolutions over a jet's image, then dense layers.

    Unpadded convolutions with ReLU, a maximum over 2 x 2 pixels after every second of them (and
    after the last), then dense layers. Expert variables, if there are any, are joined to what the
    convolutions give. The defaults are the network of the toy study.

    Parameters
    ----------
    inputs
        The channels of one image; with ``jets``, the expert variables, too.
    classes
        The classes.
    scaling
        How physical values become inputs.
    pixels
        The image's height and width; a recipe that does not set it takes its jets'.
    widths
        The convolutions' channels.
    kernels
        Their sizes, in pixels.
    hidden
        The dense layers' widths; left out, 32 and 64, and with experts 64 and 64.
    dropout
        The chance that a number is dropped between the dense layers in training.

    References
    ----------
    Macaluso and Shih, "Pulling out all the tops with computer vision and deep learning",
    arXiv:1803.00107; Agarwal et al., arXiv:2011.13466.
    """

    def __init__(
        self,
        inputs: Mapping[str, Sequence[str]],
        classes: Sequence[str],
        scaling: Scaling | None = None,
        *,
        pixels: int = 32,
        widths: Sequence[int] = (32, 32, 32, 32),
        kernels: Sequence[int] = (11, 3, 3, 3),
        hidden: Sequence[int] | None = None,
        dropout: float = 0.0,
    ) -> None:
        super().__init__(inputs, classes, scaling)
        self.image = beside_experts("cnn2d", self.inputs, "an image")
        experts = experts_in(self.inputs)
        if hidden is None:
            hidden = (64, 64) if experts else (32, 64)
        if len(widths) != len(kernels) or not widths or min(*widths, *kernels) < 1:
            raise BadValueError(
                f"widths={list(widths)}, kernels={list(kernels)}: expected one of each for every "
                "convolution, 1 or more"
            )
        self.pixels, self.dropout = pixels, dropout
        self.widths, self.kernels, self.hidden = tuple(widths), tuple(kernels), tuple(hidden)
        layers: list[nn.Module] = []
        before, size = len(self.inputs[self.image]), pixels
        for i, (width, kernel) in enumerate(zip(widths, kernels, strict=True), start=1):
            layers += [nn.Conv2d(before, width, kernel), nn.ReLU()]
            before, size = width, size - kernel + 1
            if i % 2 == 0 or i == len(widths):
                layers.append(nn.MaxPool2d(POOL))
                size //= POOL
            if size < 1:
                raise BadValueError(
                    f"pixels={pixels}: nothing is left of such an image after convolution {i} of "
                    f"kernels {list(kernels)}; take larger images or smaller kernels"
                )
        # channels beside each other in memory: faster on a processor, most of all in bfloat16
        self.convolutions = nn.Sequential(*layers)
        self.convolutions.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        features = before * size**2 + experts
        self.head = dense([features, *self.hidden, len(self.classes)], "relu", dropout)

    @classmethod
    def inputs_for(cls, jets: JetBatch) -> dict[str, list[str]]:
        """Return all channels of the jets' image."""
        return all_of("cnn2d", jets, "image", lambda c: c.is_image)

    @classmethod
    def arguments_for(cls, jets: JetBatch, inputs: Iterable[str]) -> dict[str, Any]:
        """Return how many pixels the jets' images have."""
        sizes = [jets[name].values.shape[-1] for name in inputs if jets[name].is_image]
        return {"pixels": sizes[0]} if len(sizes) == 1 else {}

    def forward(self, inputs: Inputs, masks: Inputs) -> Tensor:
        """Return the logits ``[jet, class]``."""
        image = inputs[self.image]
        expected = (len(self.inputs[self.image]), self.pixels, self.pixels)
        if image.shape[1:] != expected:
            raise BadValueError(
                f"{self.image!r} has shape {tuple(image.shape[1:])} in each jet: this tagger takes "
                f"images of shape {expected} (channels, pixels, pixels); its argument `pixels` is "
                f"{self.pixels}"
            )
        x = self.convolutions(image).flatten(1)
        logits: Tensor = self.head(with_experts(x, inputs, self.inputs))
        return logits
