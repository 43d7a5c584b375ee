"""Labelled jets made up for tests of training: displaced tracks, vertices, biased kinematics.

The features follow the physics loosely; every input of the flavour taggers is there, masks have
holes, some jets have no tracks, and events hold several jets.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from jetlens.core.arrays import batch
from jetlens.core.batch import JetBatch
from jetlens.data.base import Dataset
from jetlens.data.readers.ftag_variables import CLASSES, JET_FEATURES, TRACK_FEATURES

INPUTS = {
    "jets": [f.name for f in JET_FEATURES],
    "tracks": [f.name for f in TRACK_FEATURES],
}
PRIMARY, FROM_B, FROM_C, FROM_TAU = 2, 3, 5, 6
SECONDARY = np.array([FROM_B, FROM_C, PRIMARY, FROM_TAU])  # of b, c, light and tau jets
WIDTH = np.array([0.6, 0.25, 0.03, 0.12])  # d0 of those, in mm


def jets(n: int = 600, tracks: int = 10, seed: int = 1, first: int = 0) -> JetBatch:
    """Make up `n` jets whose flavour shows in their tracks' impact parameters."""
    rng = np.random.default_rng([seed, first])
    label = rng.integers(0, 4, n)
    mask = rng.random((n, tracks)) < rng.uniform(0.2, 1.0, (n, 1))
    mask[rng.random(n) < 0.03] = False
    displaced = rng.random((n, tracks)) < 0.5
    origin = np.where(displaced, SECONDARY[label][:, None], PRIMARY)
    vertex = np.where(origin == PRIMARY, 0, 1)
    vertex[rng.random((n, tracks)) < 0.1] = -2
    d0 = rng.normal(size=(n, tracks)) * np.where(vertex == 0, 0.03, WIDTH[label][:, None])
    values = rng.normal(size=(n, tracks, len(TRACK_FEATURES)))
    column = {f.name: i for i, f in enumerate(TRACK_FEATURES)}
    values[..., column["d0"]] = d0
    values[..., column["IP3D_signed_d0_significance"]] = np.abs(d0) / 0.03
    pt = 2e4 + rng.exponential(np.array([6e4, 5e4, 4e4, 4e4])[label])
    jet_values = np.stack([pt, rng.uniform(-2.5, 2.5, n)], 1)
    row = first + np.arange(n)
    return batch(
        {"jets": (jet_values, JET_FEATURES), "tracks": (values, TRACK_FEATURES, mask)},
        label=label,
        classes=CLASSES,
        event=row // 2,
        row=row,
        truth={
            "tracks": {
                "origin": np.where(mask, origin, -1),
                "vertex": np.where(mask, vertex, -1),
            }
        },
    )


@dataclass(frozen=True)
class Slice:
    """One partition of made-up jets."""

    n: int
    first: int
    tracks: int

    def read(self) -> JetBatch:
        return jets(self.n, self.tracks, first=self.first)


@dataclass(frozen=True)
class Labelled(Dataset):
    """Made-up jets in partitions, each with its own number of places for tracks."""

    n: int = 1200
    partition: int = 400

    def partitions(self) -> list[Slice]:
        starts = range(0, self.n, self.partition)
        return [
            Slice(min(self.partition, self.n - start), start, 8 + i % 3)
            for i, start in enumerate(starts)
        ]
