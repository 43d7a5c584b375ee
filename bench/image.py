"""Jet images of a million particles beside a loop of ``numpy.histogram2d``, in one run."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from jetlens.physics.image import pixelate, square

JETS, PARTICLES, PIXELS = 20_000, 50, 32


@dataclass(frozen=True)
class Way:
    """One way to make the images, and the seconds that it takes."""

    name: str
    seconds: float


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
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(repeats):
        for name, way in ways.items():  # in turn, so that a drift of the machine meets all alike
            start = time.process_time()
            way()
            seconds[name].append(time.process_time() - start)
    return [Way(name, statistics.median(s)) for name, s in seconds.items()]
