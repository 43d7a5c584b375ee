from __future__ import annotations

import numpy as np
import pytest

from jetlens.summarise.sums.field import MOMENTS, chance, field_sums, mean_vectors

EDGES = np.linspace(0, 2, 3), np.linspace(-1, 1, 2)


def made(jets, particles=6, seed=1):
    rng = np.random.default_rng(seed)
    at = np.stack(
        [rng.uniform(-0.3, 2.3, (jets, particles)), rng.uniform(-1.2, 1.2, (jets, particles))]
    )
    shared = rng.normal(size=(2, jets, 1))  # particles of a jet are not independent
    vector = shared + rng.normal(size=(2, jets, particles))
    weight = rng.exponential(size=(jets, particles)) * (rng.random((jets, particles)) < 0.8)
    return at, vector, weight


def fill(at, vector, weight, times=None):
    jets = len(weight)
    everyone = np.ones((jets, 1), bool)
    times = np.ones(jets) if times is None else times
    return field_sums(at, vector, weight, EDGES, everyone, times)[0]


def test_means_are_weighted_and_what_is_beyond_is_in_no_cell():
    at, vector, weight = made(50)
    times = np.random.default_rng(2).uniform(0.5, 2, 50)
    mean, _ = mean_vectors(fill(at, vector, weight, times))
    for column in range(2):
        inside = (at[0] >= column) & (at[0] < column + 1) & (np.abs(at[1]) < 1)
        w = weight * times[:, None] * inside
        for axis in range(2):
            assert mean[axis, 0, column] == pytest.approx((w * vector[axis]).sum() / w.sum())


def test_errors_are_those_over_jets():
    """The spread of means over many samples is what the covariance of each says."""
    samples = [mean_vectors(fill(*made(40, seed=k))) for k in range(800)]
    means = np.array([m[:, 0, 0] for m, _ in samples])
    said = np.mean([c[:, :, 0, 0] for _, c in samples], axis=0)
    np.testing.assert_allclose(np.diag(np.cov(means.T)), np.diag(said), rtol=0.15)


@pytest.mark.parametrize("jets", [25, 100])
def test_noise_is_as_likely_as_is_said(jets):
    many = 800
    said = np.array([chance(fill(*made(jets, seed=1000 + k)))[0] for k in range(many)]).ravel()
    for level in (0.05, 0.3, 0.7):
        error = np.sqrt(level * (1 - level) / len(said))
        assert (said < level).mean() == pytest.approx(level, abs=4 * error + 0.1 * level)


def test_what_is_not_noise_is_unlikely():
    at, vector, weight = made(60)
    vector[0] += 2
    assert (chance(fill(at, vector, weight)) < 1e-4).all()


def test_cells_of_one_jet_have_no_mean():
    sums = fill(*(v[..., :1, :] for v in made(1)))
    mean, covariance = mean_vectors(sums)
    assert sums[MOMENTS.index("jets")].max() == 1
    assert np.isnan(mean).all()
    assert np.isnan(covariance).all()
    assert np.isnan(chance(sums)).all()
