"""Gains between paired trainings, against what they say they are."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from jetlens.core.hashing import poisson, uniform
from jetlens.summarise.trainings.gains import error_of_mean, factor, gain


def test_a_gain_is_the_mean_of_paired_differences_with_students_error():
    first = [(v, np.full(3, v)) for v in (0.50, 0.60, 0.70)]
    other = [(v, np.full(3, v)) for v in (0.45, 0.54, 0.66)]
    number = gain(list(zip(first, other, strict=True)))
    differences = np.array([0.05, 0.06, 0.04])
    assert number["value"] == pytest.approx(0.05)
    wanted = stats.t.interval(0.68, 2, scale=differences.std(ddof=1) / np.sqrt(3))[1]
    assert number["high"] - number["value"] == pytest.approx(wanted)
    wide = stats.t.interval(0.95, 2, scale=differences.std(ddof=1) / np.sqrt(3))[1]
    assert number["value"] - number["low_95"] == pytest.approx(wide)
    assert number["high_95"] - number["value"] == pytest.approx(wide)
    relative = gain(list(zip(first, other, strict=True)), relative=True)
    assert relative["value"] == pytest.approx(0.05 / 0.55)
    assert number["pairs"] == relative["pairs"] == 3
    assert factor(list(zip(first, other, strict=True)))["pairs"] == 3  # a count, not a logarithm
    assert error_of_mean(np.array([1.0])) == 0


def test_the_test_samples_error_of_a_gain_cancels_between_like_taggers():
    rng = np.random.default_rng(1)
    common = np.concatenate([[0.0], 0.05 * rng.normal(size=2000)])
    pairs = [((0.8, 0.8 + common), (0.7, 0.7 + common + 1e-3 * rng.normal(size=2001)))]
    number = gain(pairs)
    assert number["high"] - number["low"] == pytest.approx(0.002, rel=0.1)


def lacking(*replicas: int) -> np.ndarray:
    """A training's eleven numbers, of which some replicas define none."""
    found = np.concatenate([[1.0], np.linspace(0.9, 1.1, 10)])
    found[list(replicas)] = np.nan
    return found


def test_a_gain_tells_the_share_of_replicas_that_all_trainings_define():
    base = (0.5, np.full(11, 0.5))
    found = gain([((1.0, lacking(1, 2)), base), ((1.0, lacking(2, 9)), base)])
    assert found["defined"] == pytest.approx(0.7)
    assert found["value"] == pytest.approx(0.5)
    assert "defined" not in gain([((1.0, lacking()), base)] * 2)
    # of a relative gain, what it is over has to be defined, too
    relative = gain([((1.0, lacking(1)), (1.0, lacking(4)))], relative=True)
    assert relative["defined"] == pytest.approx(0.8)
    each = [((1.0, lacking(1, 2, 3)), base), ((1.0, lacking(4, 5, 6)), base)]
    assert gain(each) == {}


def test_of_overlapping_splits_replicas_have_the_error_of_the_mean():
    """The mean over repeats that test on samples sharing a fifth of their events, as drawn anew."""
    events, replicas, pools, repeats = 600, 200, 300, 5
    rng = np.random.default_rng(2)
    number = np.arange(events)
    own = rng.normal(size=(pools, events))  # a difference of two taggers, for each event
    weights = np.concatenate([np.ones((events, 1)), poisson(number, replicas)], axis=1)
    means = np.zeros((pools, replicas + 1))
    for repeat in range(repeats):
        tested = uniform(number, salt=repeat) < 0.2
        means += own[:, tested] @ weights[tested] / weights[tested].sum(axis=0) / repeats
    true = means[:, 0].std()
    assert means[:, 1:].std(axis=1).mean() == pytest.approx(true, rel=0.12)
    # splits that shared nothing would have three quarters of it
    assert true > 1.2 / np.sqrt(0.2 * events * repeats)
