from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import spearmanr

from jetlens.summarise.sums.correlation import pearson, products, spearman


def made(jets=40, particles=7, seed=1):
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(jets, particles, 4))
    values[..., 1] += 2 * values[..., 0]
    values[..., 2] = np.round(values[..., 2])  # many are equal
    values[..., 3] = 1000 + 0.5 * values[..., 1]
    mask = rng.random((jets, particles)) < 0.7
    return np.where(mask[..., None], values, 0), mask


def of_sums(values, mask, weights):
    first, second = products(values)
    number = mask.sum(axis=1)
    return pearson(number @ weights, first.T @ weights, second.T @ weights)


def test_pearson_is_numpys():
    values, mask = made()
    found = of_sums(values, mask, np.ones((len(values), 1)))[..., 0]
    np.testing.assert_allclose(found, np.corrcoef(values[mask].T), rtol=1e-9)


def test_spearman_is_scipys_with_equal_values():
    values, mask = made()
    jet = np.nonzero(mask)[0]
    found = spearman(values[mask], jet, np.ones((len(values), 1)))[..., 0]
    np.testing.assert_allclose(found, spearmanr(values[mask]).statistic, rtol=1e-9)


@pytest.mark.parametrize("method", ["pearson", "spearman"])
def test_whole_weights_are_repetitions(method):
    values, mask = made()
    times = np.random.default_rng(3).integers(0, 4, size=(len(values), 2))
    jet = np.nonzero(mask)[0]
    weights = times.astype(float)
    found = (
        of_sums(values, mask, weights)
        if method == "pearson"
        else spearman(values[mask], jet, weights)
    )
    for r in range(2):
        again = np.repeat(values[mask], times[jet, r], axis=0)
        exact = np.corrcoef(again.T) if method == "pearson" else spearmanr(again).statistic
        np.testing.assert_allclose(found[..., r], exact, rtol=1e-9)


def test_what_does_not_vary_has_no_correlation():
    values, mask = made()
    values[..., 2] = np.where(mask, 0.1, 0)  # whose variance is not exactly zero in rounding
    one = np.ones((len(values), 1))
    for found in (of_sums(values, mask, one), spearman(values[mask], np.nonzero(mask)[0], one)):
        assert np.isnan(found[2]).all()
        assert np.isnan(found[:, 2]).all()
        assert np.isfinite(found[np.ix_([0, 1, 3], [0, 1, 3])]).all()


def test_a_replica_without_jets_has_none():
    values, mask = made(10)
    weights = np.stack([np.ones(10), np.zeros(10)], axis=1)
    for found in (
        of_sums(values, mask, weights),
        spearman(values[mask], np.nonzero(mask)[0], weights),
    ):
        assert np.isfinite(found[..., 0]).all()
        assert np.isnan(found[..., 1]).all()
