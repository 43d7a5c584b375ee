from __future__ import annotations

import numpy as np
import pytest

from jetlens.summarise.sums.plane import Plane
from jetlens.summarise.sums.surface import _RIDGE, smooth
from reference import surface as reference


def plane(x, y, score, replicas=1, seed=0):
    weights = np.ones((len(x), 1 + replicas))
    weights[:, 1:] = np.random.default_rng(seed).poisson(1.0, (len(x), replicas))
    return Plane.fill(x, y, {"score": score}, weights, 32)


def surface(filled, bandwidth=1.0):
    window = filled.window(0.999, 64)
    return smooth(filled.dense(window), window, bandwidth, 1.0)


@pytest.fixture(scope="module")
def spread():
    rng = np.random.default_rng(1)
    return rng.exponential(0.3, 6000).clip(0, 0.999), rng.random(6000)


def middles(found):
    return (0.5 * (e[1:] + e[:-1]) for e in found.window.edges)


def test_where_there_are_jets_it_is_the_fit_of_the_slow_twin(spread):
    x, y = spread
    score = np.random.default_rng(3).random(len(x))
    found = surface(plane(x, y, score))
    columns, rows = found.window.edges
    # jets count as in the middle of their cell
    in_cells = [
        (np.searchsorted(e, v, side="right") - 1).astype(float)
        for e, v in ((columns, x), (rows, y))
    ]
    jets = list(zip(*in_cells, score, np.ones(len(x)), strict=True))
    for row, column in ((3, 2), (10, 5), (0, 0), (20, 1)):
        assert found.weight[row, column] > 4
        exact = reference.fit(jets, column, row, 1.0, _RIDGE)
        assert found.score[row, column, 0] == pytest.approx(np.clip(exact, 0, 1), abs=1e-6)


def test_a_slope_is_not_drawn_to_where_the_jets_are(spread):
    x, y = spread
    found = surface(plane(x, y, 0.1 + 0.5 * x + 0.3 * y), 2.0)
    columns, rows = middles(found)
    exact = 0.1 + 0.5 * columns + 0.3 * rows[:, None]
    known = np.isfinite(found.score[..., 0])
    assert known.sum() > 300
    # a local mean is off by width^2 times the slope of the log density: here 0.02
    assert np.abs(found.score[..., 0] - exact)[known].mean() < 0.004


def test_nothing_is_said_where_there_are_no_jets():
    rng = np.random.default_rng(2)
    few = np.full(5, 10.0)  # too few for a mean, and too far for that of others
    x = np.concatenate([rng.normal(0, 0.3, 2000), few, rng.normal(20, 0.3, 2000)])
    y = rng.normal(size=4005)
    found = surface(plane(x, y, (x > 10).astype(float)))
    columns, _ = middles(found)
    near = np.minimum(np.abs(columns), np.abs(columns - 20)) < 2
    gap = np.abs(columns - 10) < 4
    assert gap.any()
    assert np.isnan(found.score[:, gap]).all()
    assert np.isnan(found.pull[:, gap]).all()
    score = found.score[:, near, 0][np.isfinite(found.score[:, near, 0])]
    assert np.minimum(score, 1 - score).max() < 0.1


def test_the_boundary_and_its_band_are_where_they_should_be():
    rng = np.random.default_rng(5)
    x, y = rng.random((2, 20_000))
    score = 1 / (1 + np.exp(-20 * (x - 0.6))) + rng.normal(0, 0.2, len(x))
    found = surface(plane(x, y, score, replicas=100))
    columns, _ = middles(found)
    crossings, low, high = [], [], []
    for mean, pull in zip(found.score[..., 0], found.pull, strict=True):
        crossings.append(np.interp(0.5, mean, columns))
        low.append(np.interp(-1, pull, columns))
        high.append(np.interp(1, pull, columns))
    assert np.mean(crossings) == pytest.approx(0.6, abs=0.004)
    inside = (np.array(low) < 0.6) & (np.array(high) > 0.6)
    assert 0.4 < inside.mean() < 0.95
    of_replicas = [
        [np.interp(0.5, row[:, r], columns) for r in range(1, 101)] for row in found.score
    ]
    half = (np.array(high) - low) / 2
    assert half.mean() == pytest.approx(np.std(of_replicas, axis=1).mean(), rel=0.15)


def test_no_jets_have_a_surface():
    nothing = plane(np.zeros(0), np.zeros(0), np.zeros(0))
    assert np.isnan(surface(nothing).score).all()
