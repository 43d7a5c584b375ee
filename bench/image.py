"""Jet images beside loops over jets: numpy's `histogram2d`, and EnergyFlow's `pixelate`."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from bench.peers import import_energyflow
from jetlens.physics.image import pixelate, square
from jetlens.physics.jet_images import Look, draw

JETS, PARTICLES, PIXELS = 20_000, 50, 32
PICTURES, MOST, SIDE, REACH = 1_000, 128, 224, 0.8
"""Jets whose images are pictures of three channels, their places for particles, pixels, window."""


@dataclass(frozen=True)
class Way:
    """One way to make the images, and the seconds that it takes."""

    name: str
    seconds: float
    jets: int = JETS

    @property
    def rate(self) -> float:
        """Jets a second."""
        return self.jets / self.seconds


def main(repeats: int = 5) -> list[Way]:
    """Time all ways on the same jets, in turn: medians of processor time, each on one core."""
    rng = np.random.default_rng(1)
    x, y = rng.normal(0, 0.4, (2, JETS, PARTICLES))
    weights = rng.exponential(size=(JETS, PARTICLES))
    window, edges = square(1.0), np.linspace(-1, 1, PIXELS + 1)
    out = np.zeros((JETS, PIXELS, PIXELS), dtype=np.float32)

    def loop(**binning: object) -> None:
        for i in range(JETS):
            out[i], _, _ = np.histogram2d(y[i], x[i], weights=weights[i], **binning)

    ways: dict[str, Callable[[], object]] = {
        "jetlens": lambda: pixelate(x, y, weights, window=window, pixels=PIXELS),
        "jetlens, buffer": lambda: pixelate(x, y, weights, window=window, pixels=PIXELS, out=out),
        "histogram2d, range": lambda: loop(bins=PIXELS, range=((-1, 1), (-1, 1))),
        "histogram2d, edges": lambda: loop(bins=(edges, edges)),
    }
    return [Way(name, seconds) for name, seconds in _timed(ways, repeats).items()]


def pictures(repeats: int = 5, jets: int = PICTURES) -> list[Way]:
    """Time images of 224 x 224 pixels: pt of charged and of neutral particles, and their number.

    EnergyFlow's have two channels, pt and number, which it does not divide; its loop and that of
    `histogram2d` run over fewer jets.
    """
    energyflow = import_energyflow()
    rng = np.random.default_rng(2)
    real = np.arange(MOST) < rng.poisson(45, jets).clip(2, MOST)[:, None]
    x, y = rng.normal(0, REACH / 3, (2, jets, MOST))
    pt, charged = rng.exponential(10, (jets, MOST)) * real, rng.random((jets, MOST)) < 0.6
    weights = np.stack([pt * charged, pt * ~charged, 1.0 * real], axis=1)
    window, edges = square(REACH), np.linspace(-REACH, REACH, SIDE + 1)
    out = np.zeros((jets, 3, SIDE, SIDE), dtype=np.float32)
    few = max(1, jets // 10)
    particles = np.stack([pt, x, y, np.where(charged, 211, 22)], axis=2)

    def ours(look: Look, out: Any = None) -> Callable[[], object]:
        return lambda: draw(x, y, weights, window=window, pixels=SIDE, look=look, out=out)

    def histograms() -> None:
        for i in range(few):
            for channel in range(3):
                w = weights[i, channel]
                out[i, channel], _, _ = np.histogram2d(y[i], x[i], bins=(edges, edges), weights=w)

    def energyflows() -> None:
        for i in range(few):
            energyflow.utils.pixelate(particles[i], SIDE, 2 * REACH, nb_chan=2, norm=False)

    logarithm = Look(intensity="log", scale="max")
    size = 3 * 2 * REACH / SIDE
    ways: dict[str, tuple[int, Callable[[], object]]] = {
        "jetlens, log over its maximum, buffer": (jets, ours(logarithm, out)),
        "jetlens, the same, new memory": (jets, ours(logarithm)),
        "jetlens, linear, buffer": (jets, ours(Look(), out)),
        "jetlens, log over its sum, buffer": (jets, ours(Look(intensity="log", scale="sum"), out)),
        "jetlens, hits of 3 pixels, log over its maximum, buffer": (
            jets, ours(Look(intensity="log", scale="max", hit=size), out),
        ),
        "jetlens, Gaussian of 1 pixel, log over its maximum, buffer": (
            jets, ours(Look(intensity="log", scale="max", smear=size / 3), out),
        ),
        "histogram2d with given edges, linear, buffer": (few, histograms),
        "EnergyFlow's pixelate, linear, two channels": (few, energyflows),
    }  # fmt: skip
    seconds = _timed({name: run for name, (_, run) in ways.items()}, repeats)
    return [Way(name, seconds[name], many) for name, (many, _) in ways.items()]


def _timed(ways: Mapping[str, Callable[[], object]], repeats: int) -> dict[str, float]:
    """Return the median processor time of each way, in seconds; the first turn warms up."""
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for turn in range(repeats + 1):
        for name, way in ways.items():  # in turn, so that a drift of the machine meets all alike
            start = time.process_time()
            way()
            if turn:
                seconds[name].append(time.process_time() - start)
    return {name: statistics.median(s) for name, s in seconds.items()}
