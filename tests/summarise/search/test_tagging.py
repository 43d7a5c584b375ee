from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from jetlens.summarise.search.tagging import PAIRS, pair_of, rates, sums_of

EDGES = [20, 60, 100, 150]


def found(mass, chance, *, weights=None, process=None):
    n = len(mass)
    weights = np.ones((n, 1)) if weights is None else weights
    process = np.ones(n, dtype=np.int64) if process is None else process
    return rates(xr.Dataset(sums_of(process, 3, mass, chance, weights)))


def of_event(rate, mass, process=1):
    return rate[process, pair_of(mass), 0]


def test_means_go_over_pairs_of_jets_of_different_events():
    rng = np.random.default_rng(3)
    mass, chance = rng.exponential(60, (12, 2)), rng.random((12, 2))
    mean = of_event(found(mass, chance), mass)
    bins = np.digitize(mass, EDGES)
    for e, (first, second) in enumerate(bins):
        pairs = [
            chance[a, i] * chance[b, j]
            for a, b in np.ndindex(12, 12)
            for i, j in np.ndindex(2, 2)
            if a != b and bins[a, i] == first and bins[b, j] == second
        ]
        if pairs:
            assert mean[e] == pytest.approx(np.mean(pairs))
    one = np.array([[125.0, 30.0]])
    assert of_event(found(one, np.array([[0.5, 0.2]])), one) == pytest.approx([0.1])


def test_events_that_are_drawn_twice_make_no_pairs_with_themselves():
    rng = np.random.default_rng(5)
    mass, chance = rng.uniform(0, 200, (30, 2)), rng.random((30, 2))
    times = rng.poisson(1, 30)
    rate = found(mass, chance, weights=np.column_stack([np.ones(30), times]))[1, :, 1]
    bins = np.digitize(mass, EDGES)
    for k, (first, second) in enumerate(PAIRS):
        pairs = [
            (times[a] * times[b], chance[a, i] * chance[b, j])
            for a, b in np.ndindex(30, 30)
            for i, j in np.ndindex(2, 2)
            if a != b and bins[a, i] == first and bins[b, j] == second
        ]
        weight, product = np.array(pairs).T
        assert rate[k] == pytest.approx(np.average(product, weights=weight))


def test_an_event_that_stands_for_two_is_two_events():
    rng = np.random.default_rng(7)
    mass, chance = rng.exponential(60, (20, 2)), rng.random((20, 2))
    twice = found(mass, chance, weights=np.full((20, 1), 2.0))
    np.testing.assert_allclose(twice, found(np.tile(mass, (2, 1)), np.tile(chance, (2, 1))))
    none = np.vstack([np.ones((20, 1)), np.zeros((20, 1))])
    some = found(np.tile(mass, (2, 1)), np.tile(chance, (2, 1)), weights=none)
    np.testing.assert_allclose(some, found(mass, chance))


def test_processes_have_rates_of_their_own_and_signal_none():
    rng = np.random.default_rng(6)
    mass = rng.uniform(110, 140, (30, 2))
    process = np.repeat([0, 1, 2], 10)
    chance = np.choose(process, [0.9, 0.1, 0.5])[:, None] * np.ones(2)
    rate = found(mass, chance, process=process)
    assert rate.shape == (3, len(PAIRS), 1)
    assert (rate[0] == 1).all()
    assert of_event(rate, mass[10:11]) == pytest.approx(0.01)
    assert of_event(rate, mass[20:21], 2) == pytest.approx(0.25)


def test_few_tagged_jets_do_not_raise_the_mean():
    rng, rate, samples = np.random.default_rng(4), 0.01, 2000
    tags = (rng.random((samples, 50, 2)) < rate).astype(float)
    mass = np.full((50, 2), 125.0)
    means = np.array([of_event(found(mass, t), mass)[0] for t in tags])
    error = means.std() / samples**0.5
    assert abs(means.mean() - rate**2) < 3 * error
    assert error < 0.15 * rate**2
