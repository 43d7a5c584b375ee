"""What chance adds to distances: samples whose true distances are known."""

from __future__ import annotations

import numpy as np
import pytest

from jetlens.summarise.estimates import interval
from jetlens.summarise.sums.chance import (
    LIMIT,
    clear,
    gaussian,
    limits,
    mean_relative,
    named_remaining,
    relative_squares,
    remaining,
    remaining_number,
    squares,
)
from jetlens.summarise.sums.distance_numbers import (
    distance_numbers,
    mean_numbers,
    nearest_others,
)
from jetlens.summarise.sums.histogram import Histogram
from jetlens.summarise.sums.transport import changes, distances

MOVED, TRUE, REPLICAS, SAMPLES = 400, 2000, 60, 60


def weights(rng, many):
    drawn = rng.poisson(1, (many, REPLICAS))
    return np.concatenate([np.ones((many, 1)), drawn], axis=1)


def apart(some, own, true, other):
    """Return the distance of two samples ``[replica]``: the area between their distributions."""
    values = np.concatenate([some, true])
    order = np.argsort(values)
    shares = np.concatenate([own / own.sum(0), -other / other.sum(0)])[order]
    return np.abs(shares.cumsum(0)[:-1] * np.diff(values[order])[:, None]).sum(0)


def left_over(share, kind):
    """Return squares of what is left ``[sample, replica]``, and as it is found, of such samples."""
    found, raw = [], []
    for seed in range(SAMPLES):
        rng = np.random.default_rng(seed)
        true, drawn = rng.normal(size=TRUE), rng.normal(size=MOVED)
        own, other = weights(rng, MOVED), weights(rng, TRUE)
        before, after = {
            "place": (drawn + 0.5, drawn + 0.5 * share),
            "width": (1.6 * drawn, (1 + 0.6 * share) * drawn),
        }[kind]
        two = [apart(values, own, true, other) for values in (after, before)]
        found.append(relative_squares(*two))
        raw.append(two[0] / two[1])
    return np.array(found), np.array(raw)


@pytest.mark.parametrize("kind", ["place", "width"])
def test_intervals_hold_what_is_left(kind):
    """Of 400 moved and 2,000 true numbers half a deviation apart: where a part of it is left."""
    covered = {}
    for share in (0.0, 0.1, 0.3, 0.7):
        square, raw = left_over(share, kind)
        value, low, high = remaining(square)
        covered[share] = np.mean((low <= share) & (share <= high))
        if share == 0:
            limit = limits(square)
            known = np.isfinite(limit)
            assert known.mean() > 0.8  # next to none is told from chance
            assert np.median(limit[known]) < 0.3
            assert value.mean() < 0.5 * raw[:, 0].mean()
            # as it is found, nothing at all is never held
            assert not (interval(raw)[1] <= 0).any()
        if share == 0.7:
            assert not np.isfinite(limits(square)).any()
            assert abs(value.mean() - share) < 0.03
    assert min(covered.values()) > 0.45, covered
    assert 0.55 < np.mean(list(covered.values())) < 0.85, covered
    assert covered[0.0] > 0.8


def test_squares_are_those_without_what_replicas_add():
    rng = np.random.default_rng(1)
    true, error = np.array([0.0, 0.3, 3.0]), 0.2
    nominal = np.abs(true + error)
    replicas = np.abs((true + error)[:, None] + rng.normal(0, error, (3, 200_000)))
    found = squares(np.concatenate([nominal[:, None], replicas], axis=1))
    # of one number the square is too large by its variance, however large it is
    np.testing.assert_allclose(found[:, 0], nominal**2 - error**2, atol=0.01)
    np.testing.assert_allclose(found[:, 1:].mean(axis=1), found[:, 0])
    undefined = np.array([1.0, np.nan, 1.0, np.nan])
    np.testing.assert_allclose(squares(undefined)[[0, 2]], 1)
    nothing = remaining_number(squares(np.array([1.0, np.nan, np.nan])))
    assert nothing == named_remaining("x", squares(np.array([1.0, np.nan, np.nan]))) == {}
    half = remaining_number(squares(undefined[:3]))
    assert half == {"value": 1.0, "low": 1.0, "high": 1.0, "defined": 0.5}


def test_what_does_not_move_is_as_far_as_before_and_what_is_next_to_nothing_has_a_limit():
    rng = np.random.default_rng(3)
    before = 2 + rng.normal(0, 0.1, 101)
    same = remaining_number(relative_squares(before, before))
    assert same == pytest.approx({"value": 1, "low": 1, "high": 1})
    chance = np.concatenate([[0.1], 0.1 * np.sqrt(2) + rng.normal(0, 0.03, 100)])
    little = remaining_number(relative_squares(chance, before))
    assert little["low"] == 0
    assert little["value"] < little["high"] < little[LIMIT] < 0.1
    assert not np.isfinite(relative_squares(before, chance * 0)).any()


def test_distances_to_own_and_other_classes_are_numbers():
    rng = np.random.default_rng(4)

    def about(*values):
        return np.array([[v, *(v + rng.normal(0, 0.01, 80))] for v in values])

    every = np.empty((1, 2, 3, 3, 81))  # before and two scales, three classes
    every[0, 0] = np.stack([about(2.0, 0.3, 0.5), about(1.5, 0.6, 0.4), about(1.0, 0.9, 0.8)])
    every[0, 1] = np.stack([about(0.3, 2.0, 0.5), about(0.6, 1.5, 0.4), about(0.9, 1.0, 0.8)])
    np.testing.assert_array_equal(nearest_others(every)[0, 0, :, 0], [0.3, 0.4, 0.8])
    enough = np.array([True, False])
    found = distance_numbers(every, 1, ["width"], ["quark", "gluon"], enough)
    assert {name: n["value"] for name, n in found.items()} == pytest.approx(
        {"moved.distance.width.quark": 0.5, "moved.distance.other.width.quark": 0.4}, rel=1e-2
    )
    own = np.stack([every[:, t, :, t] for t in (0, 1)], axis=1)
    mean = mean_numbers(own, ["0.5", "1"], 1)
    assert mean["moved.distance.at.0.5"]["value"] == pytest.approx(0.75, rel=1e-2)
    assert mean["moved.distance.at.1"] == mean["moved.distance"]
    low, value, high = (mean["moved.distance"][k] for k in ("low", "value", "high"))
    assert high - value == pytest.approx(value - low)
    assert 0.001 < high - low < 0.03
    assert gaussian(np.array([[0.1, 5.0, 0.0]]))[1] == 0  # there is no distance below


def filled(values, weights, most):
    cell = np.repeat(np.arange(len(values)), [len(v) for v in values])
    axes = {"sample": ("a", "b", "c")}
    jet = np.arange(len(cell))
    return Histogram.fill(axes, np.concatenate(values), cell, jet, weights, most, linear=True)


@pytest.mark.parametrize(("shift", "least", "most"), [(0.0, 0.0, 0.12), (0.35, 0.9, 1.0)])
def test_few_distances_of_one_distribution_are_clear_and_most_of_two_are(shift, least, most):
    many, found = (1500, 200), []
    for seed in range(100):
        rng = np.random.default_rng(seed)
        values = [rng.normal(size=many[0]), rng.normal(shift, size=many[1]), np.zeros(0)]
        drawn = rng.poisson(1, (sum(many), 60))
        weights = np.concatenate([np.ones((sum(many), 1)), drawn], axis=1)
        fine, coarse = filled(values, weights[:, :1], 8192), filled(values, weights, 96)
        pair = np.array([[1, 0]])
        best, rough = (distances(h, pair) for h in (fine, coarse))
        shifted = np.maximum(rough + best - rough[:, :1], 0)
        found.append(clear(shifted[:, None, None])[0, 0])
    assert least <= np.mean(found) <= most


def test_chance_is_no_clear_distance_and_is_left_out_of_the_mean():
    rng = np.random.default_rng(2)
    replicas = np.concatenate([[0.0], rng.normal(0, 0.05, 200)])
    own = np.empty((2, 1, 3, 201))  # two observables, one class, before and two scales
    own[0] = np.stack([1.0 + replicas, 0.5 + replicas, 0.2 + replicas])
    own[1, 0, 0] = 0.1 + np.concatenate([[0.0], 0.1 + rng.normal(0, 0.03, 200)])  # only noise
    own[1, 0, 1:] = 5.0
    np.testing.assert_array_equal(clear(own), [[True], [False]])
    # of what is far, chance adds next to nothing
    np.testing.assert_allclose(mean_relative(own)[:, 0], [0.5, 0.2], rtol=0.04)
    change, low, high = changes(own, 1)
    np.testing.assert_allclose(change[0, 0], -0.8)
    assert low[0, 0] <= -0.8 <= high[0, 0] < 0
    assert low[1, 0] > 4
    own[0, 0, 0] = own[1, 0, 0]
    assert np.isnan(mean_relative(own)).all()
