"""Shapes of showers: against those of showers one by one, and showers whose shape is known."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from jetlens.data.showers import Showers
from jetlens.physics.shower_shapes import OBSERVABLES, Hits, observables

NAMES = tuple(OBSERVABLES)


def made(counts: list[int], seed: int = 0) -> Hits:
    rng = np.random.default_rng(seed)
    number = sum(counts)
    place = rng.normal(0, 50, (3, number))
    return Hits(
        np.array(counts), *place, rng.exponential(0.1, number), rng.exponential(2, number) - 0.1
    )


def test_shapes_are_those_of_showers_one_by_one() -> None:
    counts = [1, 7, 30, 2]
    showers = made(counts)
    found = observables(showers, NAMES)
    assert tuple(found) == NAMES
    ends = np.cumsum([0, *counts])
    for k, (first, last) in enumerate(pairwise(ends)):
        x, y, z, energy, time = (v[first:last] for v in showers[1:])

        def mean(values: np.ndarray, energy: np.ndarray = energy) -> float:
            return float(np.average(values, weights=energy))

        across = (x - mean(x)) ** 2 + (y - mean(y)) ** 2
        wanted = {
            "energy": sum(energy),
            "depth": mean(z),
            "length": np.sqrt(mean((z - mean(z)) ** 2)),
            "width": np.sqrt(mean(across)),
            "start": min(z),
            "concentration": np.sqrt(sum(energy**2)) / sum(energy),
            "time": mean(time),
            "earliest": min(time),
            "duration": np.sqrt(mean((time - mean(time)) ** 2)),
        }
        for name, value in wanted.items():
            assert found[name][k] == pytest.approx(value, rel=1e-9, abs=1e-9), name


def test_they_are_those_that_the_showers_come_with() -> None:
    """The sums and means of the dataset are over all hits: the same where none is left out."""
    showers = Showers(jets=40, partition=40, seed=2).read()
    hits, jets = showers["hits"], showers["jets"]
    whole = jets.column("hits") == hits.mask.sum(1)
    assert whole.sum() > 20
    real = hits.mask & whole[:, None]
    columns = (hits.column(n)[real].astype(float) for n in ("x", "y", "z", "energy", "time"))
    found = observables(Hits(real.sum(1)[whole], *columns), NAMES)
    for name in ("energy", "depth", "width", "time"):
        np.testing.assert_allclose(
            found[name], jets.column(name)[whole], rtol=1e-4, atol=1e-3, err_msg=name
        )


def test_one_hit_has_no_extent() -> None:
    found = observables(made([1, 1]), NAMES)
    for name in ("length", "width", "duration"):
        np.testing.assert_allclose(found[name], 0, atol=1e-9)
    np.testing.assert_allclose(found["concentration"], 1)
