"""What the tagger contracts run on: every registered tagger on its own inputs, and jets for all.

``cases()`` has each registered tagger in each of its kinds of inputs; one that is not in the table
below takes what it says itself that it takes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch
from torch import nn

import labelled
from jetlens.core.arrays import batch
from jetlens.core.batch import JetBatch
from jetlens.core.registry import taggers
from jetlens.data.scaling import Scaling
from jetlens.data.scaling.fit import fit
from jetlens.taggers.base import Tagger

CLASSES = ("b", "c", "u", "tau")
PIXELS = 14

EXPERTS = {"jets": labelled.INPUTS["jets"]}
IMAGE = {"image": ["pt", "charge"]}
CONSTITUENTS = {"constituents": ["pt", "deta", "dphi"]}
TRACKS = {"tracks": labelled.INPUTS["tracks"]}
OBJECTS = {"objects": ["pt", "mass"]}

SMALL_CNN = {"pixels": PIXELS, "widths": (4, 5, 6), "kernels": (5, 3, 2), "hidden": (8,)}
"""Its last convolution is followed by a pooling of its own, which drops a row of pixels."""

SMALL_STREAM = {"width": 8, "heads": 2, "layers": 1}

SMALL_VIT = {"hidden_size": 8, "num_hidden_layers": 2, "num_attention_heads": 2, "patch_size": 7}

TABLE: dict[str, list[tuple[Mapping[str, Sequence[str]], dict[str, Any]]]] = {
    "cnn2d": [(IMAGE, SMALL_CNN), (IMAGE | EXPERTS, SMALL_CNN)],
    "cnn1d": [
        (CONSTITUENTS, {"widths": (6, 6, 4), "hidden": (8, 5)}),
        (EXPERTS | CONSTITUENTS, {"widths": (6,), "kernel": 5}),
        (TRACKS, {"widths": (8,)}),
    ],
    "rnn": [
        (CONSTITUENTS, {"width": 6, "hidden": (8,)}),
        (CONSTITUENTS | EXPERTS, {"width": 6, "layers": 2}),
        (TRACKS, {"width": 6}),
    ],
    "cross-attention": [
        (CONSTITUENTS, {"streams": {"constituents": SMALL_STREAM}, "hidden": (8,)}),
        (
            CONSTITUENTS | OBJECTS,
            {
                "streams": {
                    "constituents": {**SMALL_STREAM, "layers": 2},
                    "objects": {"width": 4, "heads": 2, "layers": 1, "feed_forward": 5},
                },
                "cross_heads": 4,
                "cross_layers": 2,
                "hidden": (8, 6),
            },
        ),
        (
            OBJECTS | CONSTITUENTS | TRACKS,
            {
                "streams": dict.fromkeys(("objects", "constituents", "tracks"), SMALL_STREAM),
                "cross": (("constituents", "objects"), ("constituents", "tracks")),
                "cross_heads": 2,
                "activation": "relu",
            },
        ),
        (
            CONSTITUENTS | OBJECTS,
            {
                "streams": {"constituents": SMALL_STREAM, "objects": {**SMALL_STREAM, "places": 4}},
                "cross_heads": 2,
            },
        ),
        (
            OBJECTS | TRACKS,
            {
                "streams": {"objects": {**SMALL_STREAM, "layers": 0}, "tracks": SMALL_STREAM},
                "fusion": "concatenate",
            },
        ),
    ],
    "vit": [
        (
            IMAGE,
            {
                "backbone": {"model_type": "dinov2", **SMALL_VIT, "image_size": 28}
                | {"mlp_ratio": 2, "num_channels": 2},
                "weights": "random",
                "tuned": 1,
            },
        ),
        (
            {"image": ["pt"]},
            {
                "backbone": {"model_type": "vit", **SMALL_VIT, "image_size": PIXELS}
                | {"intermediate_size": 12},
                "weights": "random",
                "tuned": "all",
            },
        ),
    ],
    "transformer": [
        (CONSTITUENTS, {}),
        (CONSTITUENTS | EXPERTS, {"pairs": False, "hidden": (8,), "activation": "silu"}),
    ],
}


@dataclass(frozen=True)
class Case:
    """A registered tagger, the inputs that it is given and its other arguments."""

    use: str
    inputs: Mapping[str, Sequence[str]]
    arguments: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        placed = "-placed" * any("places" in s for s in self.arguments.get("streams", {}).values())
        return f"{self.use}-{'+'.join(self.inputs)}{placed}"

    @property
    def ordered(self) -> bool:
        """Whether the order of its particles matters."""
        return bool(taggers.get(self.use).ordered)

    def build(self, double: bool = True) -> Tagger:
        """Return it at rest, its inputs scaled and its normalisations as after some training."""
        places = self._made(Scaling()).places
        torch.manual_seed(2)
        made = self._made(fit([sample()], self.inputs, places=places))
        for module in made.modules():
            if isinstance(module, nn.modules.batchnorm._BatchNorm):
                nn.init.normal_(module.running_mean, 0.0, 0.5)
                nn.init.uniform_(module.running_var, 0.5, 2.0)
                nn.init.uniform_(module.weight, 0.5, 1.5)
                nn.init.normal_(module.bias, 0.0, 0.5)
        return (made.double() if double else made).eval()

    def _made(self, scaling: Scaling) -> Tagger:
        made: Tagger = taggers.make(
            self.use, inputs=self.inputs, classes=CLASSES, scaling=scaling, **self.arguments
        )
        return made


def cases() -> list[Case]:
    """Return every registered tagger, in each of its kinds of inputs."""
    found = []
    for name in taggers:
        known = TABLE.get(name) or [(taggers.get(name).inputs_for(sample()), {})]
        found += [Case(name, inputs, arguments) for inputs, arguments in known]
    return found


def sample(n: int = 24, particles: int = 9, seed: int = 5) -> JetBatch:
    """Jets with every kind of collection; masks have holes.

    The first jet has no particles, the second all that there can be, and one image is empty.
    """
    made = labelled.jets(n, tracks=particles)
    mask = made["tracks"].mask
    mask[0], mask[1] = False, True
    rng = np.random.default_rng(seed)
    other = rng.random((n, particles)) < 0.7
    other[0], other[1] = False, True
    image = rng.exponential(size=(n, 2, PIXELS, PIXELS)) * (
        rng.random((n, 2, PIXELS, PIXELS)) < 0.2
    )
    image[:, 1] *= rng.choice([-1.0, 1.0], image[:, 1].shape)
    image[0] = 0.0
    some = rng.random((n, 4)) < 0.7
    some[0], some[1], some[2] = False, True, False
    more = batch(
        {
            "constituents": (
                -np.sort(-rng.normal(size=(n, particles, 3)), axis=1),
                CONSTITUENTS["constituents"],
                other,
            ),
            "objects": (rng.exponential(size=(n, 4, 2)), OBJECTS["objects"], some),
            "image": (image, IMAGE["image"]),
        }
    )
    return replace(made, collections={**made.collections, **more.collections})
