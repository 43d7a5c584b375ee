"""Wasserstein distances of histograms, against those of the entries themselves."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import wasserstein_distance

from jetlens.summarise.sums.histogram import Histogram
from jetlens.summarise.sums.transport import (
    bin_width,
    changes,
    distances,
    hidden,
)

CELLS = {"sample": ("a", "b", "c", "none")}


def filled(values, weights, most):
    cell = np.repeat(np.arange(len(values)), [len(v) for v in values])
    jet = np.arange(len(cell))
    return Histogram.fill(CELLS, np.concatenate(values), cell, jet, weights, most, linear=True)


@pytest.fixture(scope="module")
def entries():
    rng = np.random.default_rng(4)
    many = [900, 400, 700]
    values = [rng.normal(0, 1, many[0]), rng.normal(0.3, 1.5, many[1]), rng.poisson(6, many[2])]
    return [np.asarray(v, float) for v in values], rng.uniform(0.5, 1.5, (sum(many), 3))


def wanted(values, weights, a, b):
    parts = np.split(weights, np.cumsum([len(v) for v in values])[:-1])
    return [
        wasserstein_distance(values[a], values[b], parts[a][:, r], parts[b][:, r])
        for r in range(weights.shape[1])
    ]


@pytest.mark.parametrize(("most", "bins"), [(8192, 1.0), (96, 1.0), (20, 1.0)])
def test_distances_are_those_of_the_entries_up_to_a_bin(entries, most, bins):
    values, weights = entries
    histogram = filled(values, weights, most)
    begin, end = histogram.begin(np.array([0, 1]), int(histogram.level.max()))
    pairs = np.array([[0, 1], [1, 2], [2, 0], [1, 1], [0, 3]])
    found = distances(histogram, pairs)
    for k, (a, b) in enumerate(pairs[:4]):
        exact = wanted(values, weights, a, b)
        np.testing.assert_allclose(found[k], exact, atol=bins * (end - begin), rtol=1e-9)
    assert np.isnan(found[4]).all()
    assert (found[3] == 0).all()
    if most == 8192:
        np.testing.assert_allclose(found[0], wanted(values, weights, 0, 1), rtol=1e-6)


def test_parts_give_the_distance_of_the_whole(entries):
    values, _ = entries
    cuts = [v[: len(v) // 3] for v in values], [v[len(v) // 3 :] for v in values]
    ones = [np.ones((sum(map(len, c)), 1)) for c in (*cuts, values)]
    a, b, whole = (filled(c, w, 64) for c, w in zip((*cuts, values), ones, strict=True))
    pairs = np.array([[0, 1], [1, 2]])
    np.testing.assert_allclose(distances(a + b, pairs), distances(whole, pairs), rtol=1e-12)


def test_empty_histograms_have_no_distance():
    nothing = filled([np.zeros(0)] * 3, np.zeros((0, 2)), 96)
    assert np.isnan(distances(nothing, np.array([[0, 1]]))).all()


def test_changes_have_the_interval_of_a_gaussian_as_wide_as_the_replicas():
    rng = np.random.default_rng(5)
    own = np.zeros((1, 2, 2, 100_001))
    own[0, 0, 0] = np.concatenate([[3.0], rng.normal(2.0, 0.6, 100_000)])
    own[0, 0, 1] = np.concatenate([[2.5], rng.normal(1.0, 0.8, 100_000)])
    own[0, 1] = np.nan
    change, low, high = (v[0] for v in changes(own, 0))
    assert change[0] == -0.5
    np.testing.assert_allclose((low[0], high[0]), (-0.5 - 1.96, -0.5 + 1.96), atol=0.02)
    assert np.isnan([low[1], high[1]]).all()
    own[0, 0, 1, 50_000:] = np.nan  # of replicas that define none, nothing is known
    np.testing.assert_allclose(changes(own, 0)[2][0, 0], -0.5 + 1.96, atol=0.02)
    # and what bins hide comes on top of it
    wider = changes(own, 0, np.array([[2.0, 0.0]]))[2][0, 0]
    np.testing.assert_allclose(wider, -0.5 + 1.96 * np.hypot(1, 2), atol=0.03)


def test_steps_within_a_bin_are_not_taken_for_certain():
    """A step that no entry leaves its bin by changes no replica: their spread says nothing."""
    rng = np.random.default_rng(0)
    true, before = rng.normal(0, 1, 3000), rng.normal(1.0, 1, 50)
    cells = {"sample": ("a", "a.before", "a.moved")}
    values = [true, before, before - 1e-4]
    cell = np.repeat(np.arange(3), [len(v) for v in values])
    jet = np.concatenate([np.arange(3000), 3000 + np.arange(50), 3000 + np.arange(50)])
    weights = np.concatenate([np.ones((3050, 1)), rng.poisson(1, (3050, 40))], axis=1)
    coarse = Histogram.fill(cells, np.concatenate(values), cell, jet, weights, 96, linear=True)
    error = hidden(coarse, 1)
    width = bin_width(coarse)
    np.testing.assert_allclose(error, width / np.sqrt(6 * 50))
    found = distances(coarse, np.array([[1, 0], [2, 0]]))[None, None]
    _, low, high = changes(found, 0, error[None])
    assert high[0, 0] - low[0, 0] >= 2 * 1.9 * error[0]
    assert low[0, 0] < 0 < high[0, 0]
    # the error is about what it is: of distances of the entries and of their bins
    apart = []
    for seed in range(200):
        some = np.random.default_rng(seed).uniform(0, 1, 50)
        in_bins = (np.floor(some / 0.1) + 0.5) * 0.1
        moved = some + 0.03
        binned = (np.floor(moved / 0.1) + 0.5) * 0.1
        apart.append((binned - in_bins).mean() - 0.03)
    assert 0.8 < np.std(apart) / (0.1 / np.sqrt(300)) < 1.3
