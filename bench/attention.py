"""Attention and Grad-CAM beside a plain forward pass, in one run.

The plain pass is one in which nothing is intercepted: an `nn.TransformerEncoder` takes its fast
path, and the cross-attention tagger its fused kernel. All ways go through the same chunks of packed
jets. What is ours ends in arrays of all layers and heads (or of means), in the jets' own order.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

import jetlens as jl
from bench.turns import explained, medians
from jetlens.core.batch import JetBatch
from jetlens.core.registry import taggers
from jetlens.explain.attention import Attention
from jetlens.explain.grad_cam import GradCAM
from jetlens.taggers.base import Tagger
from jetlens.taggers.chunks import pack
from jetlens.taggers.encode import encode
from jetlens.taggers.predict import predict
from jetlens.taggers.state import at_rest

JETS, REPEATS = 1024, 9
FEATURES = ("pt", "deta", "dphi")
OBJECTS = ("pt", "eta", "phi", "mass", "energy")
CLASSES = ("background", "signal")


@dataclass(frozen=True)
class Way:
    """One way through the jets, and its time over that of the plain pass."""

    tagger: str
    name: str
    seconds: float
    ratio: float
    most: float | None  # what the ratio is aimed at


class Encoder(nn.Module):
    """A transformer encoder of torch's own over constituents, with their mean."""

    def __init__(self, width: int = 128, heads: int = 8, layers: int = 3) -> None:
        super().__init__()
        self.embed = nn.Linear(len(FEATURES), width)
        layer = nn.TransformerEncoderLayer(
            width, heads, 2 * width, dropout=0.0, batch_first=True, activation="gelu"
        )
        self.encoder = nn.TransformerEncoder(layer, layers, enable_nested_tensor=False)
        self.head = nn.Linear(width, len(CLASSES))

    def forward(self, inputs: dict[str, Tensor], masks: dict[str, Tensor]) -> Tensor:
        """Return the logits ``[jet, class]``."""
        mask = masks["constituents"]
        x = self.encoder(self.embed(inputs["constituents"]), src_key_padding_mask=~mask)
        real = mask[..., None]
        return self.head((x * real).sum(1) / real.sum(1).clamp(min=1))


def events(n: int) -> JetBatch:
    """Return `n` events of 20 to 100 constituents and nine objects."""
    rng = np.random.default_rng(0)
    mask = np.arange(100) < rng.integers(20, 101, n)[:, None]
    values = rng.normal(size=(n, 100, 3)).astype(np.float32)
    image = rng.exponential(size=(n, 1, 32, 32)) * (rng.random((n, 1, 32, 32)) < 0.05)
    return jl.batch(
        {
            "constituents": (values, FEATURES, mask),
            "objects": (rng.normal(size=(n, 9, 5)), OBJECTS),
            "image": (image, ("pt",)),
        }
    )


def all_taggers() -> dict[str, Tagger]:
    """Return the taggers."""
    torch.manual_seed(0)
    inputs = {"constituents": FEATURES, "objects": OBJECTS}
    return {
        "nn.TransformerEncoder": jl.wrap(Encoder(), {"constituents": FEATURES}, CLASSES),
        "cross-attention": taggers.make("cross-attention", inputs=inputs, classes=CLASSES),
        "cnn2d": taggers.make("cnn2d", inputs={"image": ["pt"]}, classes=CLASSES),
    }


def main(jets: int = JETS, repeats: int = REPEATS) -> list[Way]:
    """Time all ways, in turn."""
    batch = events(jets)
    table = []
    for name, tagger in all_taggers().items():
        with at_rest(tagger), warnings.catch_warnings():
            table += _ways(name, tagger, batch, repeats)
    return table


def _ways(name: str, tagger: Tagger, batch: JetBatch, repeats: int) -> list[Way]:
    packed = pack(tagger, *encode(tagger, batch))
    ways: dict[str, tuple[Callable[[], object], float | None]] = {
        "plain": (lambda: predict(tagger, packed), None)
    }
    if name != "cnn2d":
        for way, explainer in (
            ("attention", Attention()),
            ("attention, mean of heads", Attention(heads="mean")),
        ):
            ways[way] = explained(explainer, tagger, packed, batch, "signal"), 1.35
    ways["grad-cam"] = explained(GradCAM(), tagger, packed, batch, "signal"), 1.6
    median = medians({way: run for way, (run, _) in ways.items()}, repeats)
    return [
        Way(name, way, took, took / median["plain"], ways[way][1]) for way, took in median.items()
    ]


if __name__ == "__main__":
    torch.set_num_threads(2)
    for way in main(int(sys.argv[1]) if len(sys.argv) > 1 else JETS):
        print(way)
