"""Training the last two layers of a vision transformer, its frozen part run once, in one run.

All ways take the same steps of the same jets, in turn: two layers with what the frozen part gives
kept, the same without, and the whole network. What the frozen part takes once is a way of its own.
The weights are random: they change no time.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

import jetlens as jl
from bench.turns import medians
from jetlens.core.batch import JetBatch
from jetlens.core.registry import taggers
from jetlens.data.base import Dataset
from jetlens.taggers.base import Tagger
from jetlens.taggers.training.batches import Batches
from jetlens.taggers.training.frozen import Once
from jetlens.taggers.training.losses import JET, losses

IMAGES, PIXELS, BATCH, REPEATS = 32, 224, 16, 3
CLASSES = ("Zqq", "H4q")
CACHED, UNCACHED, WHOLE, ONCE = "two layers, kept", "two layers", "whole network", "frozen, once"


@dataclass(frozen=True)
class Way:
    """One way to train for an epoch, its time over ours, what that should be, and its mean loss."""

    name: str
    seconds: float
    ratio: float
    least: float | None  # what the ratio is aimed at
    loss: float | None


@dataclass(frozen=True)
class Blobs(Dataset):
    """Jets in memory, in one partition."""

    jets: JetBatch

    def partitions(self) -> list[Blobs]:
        """Return the one partition."""
        return [self]

    def read(self) -> JetBatch:
        """Return the jets."""
        return self.jets


def images(n: int, pixels: int) -> JetBatch:
    """Return `n` images of blobs of hits, half of them of four and half of two."""
    rng = np.random.default_rng(0)
    label = np.arange(n) % 2
    blobs = rng.integers(pixels // 5, pixels - pixels // 5, (n, 4, 1, 2))
    places = (blobs + rng.normal(0, pixels / 30, (n, 4, 12, 2))).astype(int) % pixels
    values = np.zeros((n, 3, pixels, pixels), dtype=np.float32)
    for i, (classed, spots) in enumerate(zip(label, places, strict=True)):
        x, y = spots[: 4 if classed else 2].reshape(-1, 2).T
        values[i, :, y, x] = rng.random((len(x), 3))
    names = ("charged_pt", "neutral_pt", "number")
    return jl.batch({"image": (values, names)}, label=label, classes=CLASSES)


def main(jets: int = IMAGES, pixels: int = PIXELS, repeats: int = REPEATS) -> list[Way]:
    """Time all ways, in turn; an epoch each."""
    data = Blobs(images(jets, pixels))
    with tempfile.TemporaryDirectory() as place:
        once = Once(Path(place) / "frozen", 2**31)
        setups: dict[str, tuple[int | str, Once | None, float | None]] = {
            CACHED: (2, once, None),
            UNCACHED: (2, None, 2.3),
            WHOLE: ("all", None, 5.0),
        }
        found: dict[str, list[float]] = {name: [] for name in setups}
        ways: dict[str, Callable[[], object]] = {}
        for name, (tuned, kept, _) in setups.items():
            batches = _batches(_tagger(tuned), data, kept)
            ways[name] = _epochs(batches, found[name])
        tagger = _tagger(2)
        ways[ONCE] = lambda: once.examples(tagger, data, jets)
        median = medians(ways, repeats)
    return [
        Way(
            name,
            took,
            took / median[CACHED],
            setups[name][2] if name in setups else None,
            found[name][0] if name in setups else None,
        )
        for name, took in median.items()
    ]


def _tagger(tuned: int | str) -> Tagger:
    torch.manual_seed(0)
    made: Tagger = taggers.make(
        "vit",
        inputs={"image": ["charged_pt", "neutral_pt", "number"]},
        classes=CLASSES,
        weights="random",
        tuned=tuned,
    )
    return made


def _batches(tagger: Tagger, data: Blobs, once: Once | None) -> Batches:
    jets = len(data.jets)
    return Batches(tagger, data, lambda b: b, jets, size=BATCH, pool=jets, seed=1, once=once)


def _epochs(batches: Batches, means: list[float]) -> Callable[[], None]:
    """Return a run that trains for the next epoch and notes its mean loss."""
    trained = [p for p in batches.tagger.parameters() if p.requires_grad]
    optimiser = torch.optim.AdamW(trained, lr=1e-4, fused=True)

    def epoch() -> None:
        summed, count = 0.0, 0.0
        for step in batches.epoch(len(means)):
            for part in step:
                loss, _, number = losses(batches.tagger, batches.outputs(part), part)[JET]
                optimiser.zero_grad()
                (loss / number).backward()
                optimiser.step()
                summed, count = summed + loss.item(), count + number.item()
        means.append(summed / count)

    return epoch


if __name__ == "__main__":
    torch.set_num_threads(2)
    for way in main(*(int(a) for a in sys.argv[1:])):
        print(way)
