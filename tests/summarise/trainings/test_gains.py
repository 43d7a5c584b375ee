"""Gains between paired trainings, against what they say they are."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from jetlens.summarise.trainings.gains import error_of_mean, gain


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
    assert error_of_mean(np.array([1.0])) == 0


def test_the_test_samples_error_of_a_gain_cancels_between_like_taggers():
    rng = np.random.default_rng(1)
    common = np.concatenate([[0.0], 0.05 * rng.normal(size=2000)])
    pairs = [((0.8, 0.8 + common), (0.7, 0.7 + common + 1e-3 * rng.normal(size=2001)))]
    number = gain(pairs)
    assert number["high"] - number["low"] == pytest.approx(0.002, rel=0.1)
