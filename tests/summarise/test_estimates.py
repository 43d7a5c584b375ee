from __future__ import annotations

import numpy as np
import pytest

from jetlens.summarise.estimates import (
    bounded,
    effective,
    given,
    interval,
    mapped,
    named,
    ratio,
    share_interval,
    wilson,
)


def test_interval_is_the_central_share_of_the_replicas():
    rng = np.random.default_rng(0)
    replicas = rng.normal(10, 2, size=(3, 4000))
    estimates = np.concatenate([np.full((3, 1), 10.0), replicas], axis=1)
    value, low, high = interval(estimates)
    np.testing.assert_array_equal(value, 10)
    np.testing.assert_allclose([low, high], np.quantile(replicas, [0.16, 0.84], axis=1))
    _, low, high = interval(estimates, confidence=0.95)
    np.testing.assert_allclose([low, high], np.quantile(replicas, [0.025, 0.975], axis=1))


def test_interval_passes_over_undefined_replicas_and_moves_to_a_better_value():
    estimates = np.array([[1.0, np.nan, 0.0, 1.0, 2.0, np.nan], [np.nan] * 6])
    value, low, high = interval(estimates)
    np.testing.assert_allclose([value[0], low[0], high[0]], [1.0, 0.32, 1.68])
    assert np.isnan([value[1], low[1], high[1]]).all()
    value, low, high = interval(estimates[0], np.array(1.5))
    np.testing.assert_allclose([value, low, high], [1.5, 0.82, 2.18])


def test_interval_always_includes_the_value():
    value, low, high = interval(np.array([5.0, 1.0, 2.0, 3.0]))
    assert low <= value <= high


def test_undefined_numbers_are_left_out():
    assert named("x", np.full(4, np.nan)) == {}
    assert named("x", np.array([1.0, 1.0, 1.0])) == {"x": {"value": 1.0, "low": 1.0, "high": 1.0}}


def test_a_number_tells_the_share_of_replicas_that_define_it():
    some = np.array([1.0, 0.0, np.nan, 1.0, 2.0])
    assert named("x", some)["x"] == pytest.approx(
        {"value": 1.0, "low": 0.32, "high": 1.68, "defined": 0.75}
    )
    half = np.array([1.0, np.nan, np.nan, 1.0, 2.0])
    assert named("x", half)["x"]["defined"] == 0.5
    assert named("x", np.append(half, np.nan)) == {}
    assert given({"value": np.inf, "low": 0.0, "high": np.inf}) == {}
    own = {"value": 0.5, "low": -0.1, "high": 1.2, "defined": 0.9}
    assert mapped(own, lambda end: 100 * end) == pytest.approx(
        {"value": 50, "low": -10, "high": 120, "defined": 0.9}
    )
    assert bounded(own) == {"value": 0.5, "low": 0.0, "high": 1.0, "defined": 0.9}


def test_ratio_of_nothing_is_nan():
    np.testing.assert_array_equal(ratio(np.array([1.0, 0.0]), np.array([2.0, 0.0])), [0.5, np.nan])


def test_wilson_interval():
    low, high = wilson(0.3, 1000)
    assert (high - low) / 2 == pytest.approx(np.sqrt(0.3 * 0.7 / 1000), rel=0.01)
    for p in wilson(0.3, 10):  # where the observed share is one standard score away
        assert abs(0.3 - p) / np.sqrt(p * (1 - p) / 10) == pytest.approx(0.99446, abs=1e-5)
    assert wilson(0.0, 50)[0] == 0
    assert 0 < wilson(0.0, 50)[1] < 0.05
    assert wilson(1.0, 50)[1] == 1


def test_shares_have_one_interval_next_to_their_ends_and_within():
    rng = np.random.default_rng(2)
    within = np.concatenate([[0.4], rng.normal(0.4, 0.05, 100)])
    estimates = np.stack([within, np.zeros(101), np.ones(101), np.full(101, np.nan)])
    value, low, high = share_interval(estimates, np.array([90.0, 30.0, 50.0, 0.0]))
    plain = interval(within)
    assert (value[0], low[0], high[0]) == plain
    assert (low[1], high[1]) == wilson(0.0, 30)
    assert (low[2], high[2]) == wilson(1.0, 50)
    assert np.isnan([value[3], low[3], high[3]]).all()
    table = share_interval(estimates[None, :3], 30.0)  # one number of jets for all
    assert table[2][0, 1] == wilson(0.0, 30)[1]


def test_effective_numbers_are_those_of_the_weights():
    rng = np.random.default_rng(3)
    for weights in (np.ones(200), rng.exponential(1, 200)):
        drawn = rng.poisson(1, (200, 4000))
        sums = np.concatenate([[weights.sum()], weights @ drawn])
        wanted = weights.sum() ** 2 / (weights**2).sum()
        assert effective(sums) == pytest.approx(wanted, rel=0.1)
