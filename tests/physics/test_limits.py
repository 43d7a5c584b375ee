from __future__ import annotations

import numpy as np
import pytest

from jetlens.physics.limits import discovery_significance, expected_limit
from reference import limits as slow

CASES = [
    ([3.0], [10.0], [0.3]),
    ([5.0], [100.0], [0.02]),
    ([0.5], [2.0], [1.0]),
    ([1.0, 4.0, 2.0], [50.0, 20.0, 1.5], [0.1, 0.2, 0.5]),
    ([100.0], [1e5], [0.05]),
]


@pytest.mark.parametrize(("s", "b", "relative"), CASES)
def test_they_are_those_of_the_profiled_likelihood(s, b, relative):
    expected = slow.significance(s, b, relative)
    assert discovery_significance(s, b, relative) == pytest.approx(expected, rel=1e-4)
    assert expected_limit(s, b, relative) == pytest.approx(slow.limit(s, b, relative), rel=1e-4)


def test_of_many_events_they_are_gaussian():
    b = 1e8
    assert expected_limit(1.0, b) == pytest.approx(1.95996 * b**0.5, rel=1e-3)
    # at 90 % CLs asks for what is 95 % without it: 1.64 standard deviations
    assert expected_limit(1.0, b, confidence=0.90) == pytest.approx(1.64485 * b**0.5, rel=1e-3)
    assert discovery_significance(3e4, b) == pytest.approx(3.0, rel=1e-3)
    with_systematic = np.sqrt(b + (1e-3 * b) ** 2)
    assert expected_limit(1.0, b, 1e-3) == pytest.approx(1.95996 * with_systematic, rel=2e-2)
    assert discovery_significance(1e5, b, 1e-3) == pytest.approx(1e5 / with_systematic, rel=2e-2)


def test_known_formula_without_systematic():
    s, b = 7.0, 13.0
    known = np.sqrt(2 * ((s + b) * np.log1p(s / b) - s))
    assert discovery_significance(s, b) == pytest.approx(known, rel=1e-12)
    assert discovery_significance(s, b, 1e-7) == pytest.approx(known, rel=1e-9)
    assert expected_limit(s, b, 1e-7) == pytest.approx(expected_limit(s, b), rel=1e-9)


def test_how_far_the_formula_is_off_where_there_are_few_events():
    few = [0.0, 1.0, 10.0, 20.0]
    exact = [slow.exact_limit(b) for b in few]
    assert exact[0] == pytest.approx(-np.log(0.05))  # three events
    off = expected_limit(np.ones((4, 1)), np.array(few)[:, None]) / exact
    np.testing.assert_allclose(off, [0.64, 0.83, 0.93, 0.95], atol=0.006)  # as the module says


def test_a_larger_uncertainty_is_never_better():
    relative = np.linspace(0, 1, 41)[:, None]
    for b in (0.3, 10.0, 1e4):
        limits = expected_limit(np.full((41, 1), 2.0), b, relative)
        assert (np.diff(limits) > 0).all()
        assert (np.diff(discovery_significance(np.full((41, 1), 2.0), b, relative)) < 0).all()


def test_limits_scale_with_the_signal_and_bins_help():
    assert expected_limit(20.0, 50.0, 0.1) == pytest.approx(expected_limit(1.0, 50.0, 0.1) / 20)
    both = expected_limit([5.0, 5.0], [1.0, 100.0], 0.1)
    assert both < expected_limit(10.0, 101.0, 0.1)
    assert both < expected_limit([5.0, 0.0], [1.0, 100.0], 0.1)
    split = expected_limit([2.0, 3.0], [20.0, 30.0])  # alike: together they are one bin
    assert split == pytest.approx(expected_limit(5.0, 50.0))


def test_all_at_once_is_one_by_one():
    rng = np.random.default_rng(1)
    s, b = rng.uniform(0, 5, (4, 3, 2)), rng.exponential(30, (4, 3, 2))
    b[0, 0], s[1, 1] = 0.0, 0.0
    relative = np.array([0.0, 0.2])
    limits, found = expected_limit(s, b, relative), discovery_significance(s, b, relative)
    assert limits.shape == found.shape == (4, 3)
    for place in np.ndindex(4, 3):
        assert limits[place] == pytest.approx(float(expected_limit(s[place], b[place], relative)))
        alone = discovery_significance(s[place], b[place], relative)
        assert found[place] == pytest.approx(float(alone))
    assert np.isinf(limits[1, 1])  # no signal cannot be excluded
    assert found[1, 1] == 0
    assert np.isinf(found[0, 0])  # an event is a discovery where nothing is expected
