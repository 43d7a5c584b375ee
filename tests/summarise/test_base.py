from __future__ import annotations

import numpy as np
import pytest

import jetlens as jl
from jetlens.core.errors import BadValueError
from jetlens.core.registry import summaries
from jetlens.summarise.base import bounded, given, interval, mapped, named, ratio
from jetlens.summarise.sums.entries import add_up
from synthetic import attribution


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


def test_add_up_is_a_weighted_sum_by_cell():
    weights = np.array([[1.0, 2.0], [10.0, 20.0], [100.0, 200.0]])
    cell, jet = np.array([0, 3, 3, 0]), np.array([0, 1, 2, 2])
    found = add_up(cell, jet, weights, (2, 2), np.array([1.0, 2.0, 3.0, 4.0]))
    np.testing.assert_array_equal(found[0, 0], [401, 802])
    np.testing.assert_array_equal(found[1, 1], [320, 640])
    assert found[0, 1].sum() == found[1, 0].sum() == 0


def test_ratio_of_nothing_is_nan():
    np.testing.assert_array_equal(ratio(np.array([1.0, 0.0]), np.array([2.0, 0.0])), [0.5, np.nan])


def test_replicas_go_by_event():
    jets = attribution(3000)
    weights = jl.summarise(jets, "top-origin").summary.weights(jets)
    event = jets["event"].values
    times = weights / jets["weight"].values[:, None]
    np.testing.assert_allclose(times[:, 0], 1)
    same = event[1:] == event[:-1]
    np.testing.assert_allclose(times[1:][same], times[:-1][same])
    assert times[:, 1:].mean() == pytest.approx(1, abs=0.02)
    assert times[:, 1:].var() == pytest.approx(1, abs=0.05)


def test_intervals_have_the_width_that_counting_gives_and_widen_with_repeated_events():
    jets = attribution(3000, weighted=False).assign(event=("jet", np.arange(3000)))
    single = jl.summarise(jets, "performance", replicas=400).numbers()["accuracy"]
    p = single["value"]
    half = (single["high"] - single["low"]) / 2
    assert half == pytest.approx(np.sqrt(p * (1 - p) / 3000) * 0.9945, rel=0.12)
    # the same jet four times an event: four times the jets, no more information
    fourfold = jets.isel(jet=np.repeat(np.arange(3000), 4))
    again = jl.summarise(fourfold, "performance", replicas=400).numbers()["accuracy"]
    assert (again["high"] - again["low"]) / 2 == pytest.approx(half, rel=1e-9)


def test_arguments_are_checked():
    with pytest.raises(BadValueError, match="replicas=1"):
        summaries.make("top-origin", replicas=1)
    with pytest.raises(BadValueError, match="did you mean 'correct'"):
        summaries.make("top-origin", select="corect")
    with pytest.raises(BadValueError, match="normalise='most'"):
        summaries.make("box", normalise="most")
