from __future__ import annotations

import numpy as np
import pytest

from jetlens.summarise.sums.variance import explained


def shares(values, bins, number, weights):
    """Fill jets ``[jet]`` with weights ``[jet, replica]``."""
    n, s = (
        np.stack([(w[:, None] * weights)[bins == k].sum(axis=0) for k in range(number)])[None]
        for w in (np.ones_like(values), values)
    )
    square = (values[:, None] ** 2 * weights).sum(axis=0)[None]
    entries = np.array([weights[:, 0].sum() ** 2 / (weights[:, 0] ** 2).sum()])
    return explained(n, s, square, entries)[0]


def test_it_is_the_textbook_share_without_what_chance_explains():
    rng = np.random.default_rng(2)
    bins = rng.integers(0, 6, 500)
    values = rng.normal(size=500) + bins
    within = sum(((values[bins == k] - values[bins == k].mean()) ** 2).sum() for k in range(6))
    total = ((values - values.mean()) ** 2).sum()
    exact = 1 - (within / (500 - 6)) / (total / (500 - 1))
    assert shares(values, bins, 6, np.ones((500, 1)))[0] == pytest.approx(exact)


@pytest.mark.parametrize("share", [0.0, 0.3])
def test_neither_the_share_nor_its_replicas_are_drawn_upwards_by_many_bins(share):
    rng = np.random.default_rng(4)
    found, replicas = [], []
    for _ in range(150):
        bins = rng.integers(0, 40, 400)
        values = rng.normal(size=400) * np.sqrt(1 - share)
        values += np.where(bins % 2, 1, -1) * np.sqrt(share)
        weights = np.concatenate([np.ones((400, 1)), rng.poisson(1.0, (400, 20))], axis=1)
        each = shares(values, bins, 40, weights)
        found.append(each[0])
        replicas.append(each[1:].mean())
    # shares below zero are cut off, so that chance leaves a little; uncorrected, it is 40 / 400
    assert np.mean(found) == pytest.approx(share, abs=0.02)
    assert np.mean(replicas) == pytest.approx(share, abs=0.03)


def test_what_does_not_vary_has_no_share():
    found = shares(np.full(50, 0.7), np.arange(50) % 3, 3, np.ones((50, 2)))
    assert np.isnan(found).all()
