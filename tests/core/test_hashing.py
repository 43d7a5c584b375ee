from __future__ import annotations

import numpy as np

from jetlens.core.hashing import digest, poisson, uniform


def test_weights_are_poisson_of_mean_one_and_independent() -> None:
    weights = poisson(np.arange(20_000), 50)
    assert weights.shape == (20_000, 50)
    assert abs(weights.mean() - 1) < 0.005
    assert abs(weights.var() - 1) < 0.01
    for k, chance in enumerate([0.3679, 0.3679, 0.1839, 0.0613]):
        assert abs((weights == k).mean() - chance) < 0.002
    correlation = np.corrcoef(weights.T.astype(float))
    assert np.abs(correlation - np.eye(50)).max() < 0.05


def test_jets_of_one_event_share_weights_wherever_they_are() -> None:
    event = np.array([7, 7, -3, 2**40, 7])
    weights = poisson(event, 20)
    np.testing.assert_array_equal(weights[0], weights[4])
    np.testing.assert_array_equal(weights[2:3], poisson(event[2:3], 20))
    assert (poisson(event, 20, salt=1) != weights).any()


def test_uniform() -> None:
    drawn = uniform(np.arange(100_000))
    assert 0 <= drawn.min() < drawn.max() < 1
    counts = np.histogram(drawn, 20, (0, 1))[0]
    assert ((counts - 5000) ** 2 / 5000).sum() < 45  # chi-squared of 19 degrees, p < 1e-3
    assert not np.allclose(drawn, uniform(np.arange(100_000), salt=1))


def test_digest_keeps_parts_apart() -> None:
    assert digest("ab", "c") != digest("a", "bc")
    assert digest("a", b"b") == digest("a", "b")
