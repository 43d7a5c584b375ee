from __future__ import annotations

import numpy as np
import pytest

from jetlens.core.errors import BadValueError
from jetlens.summarise.sums.binned import aligned, collected, rebinned, spanned
from jetlens.summarise.sums.histogram import Histogram
from jetlens.summarise.sums.quantiles import COARSE, FINE

N = 60_000
PROBABILITIES = (0.05, 0.25, 0.5, 0.75, 0.95)


def one(values, weights=None, most=FINE) -> Histogram:
    n = len(values)
    weights = np.ones((n, 1)) if weights is None else weights
    zero = np.zeros(n, np.int64)
    return Histogram.fill({"cell": ("x",)}, values, zero, np.arange(n), weights, most)


def draws(seed=5):
    rng = np.random.default_rng(seed)
    normal = rng.normal(size=N)
    return {
        "gaussian": normal,
        "gaussian, tiny": 1e-6 * normal,
        "gaussian, huge": 1e6 * normal,
        "offset": 1000 + normal,
        "far offset": -1e4 + 1e-2 * normal,
        "cauchy": rng.standard_cauchy(size=N),
        "student, small scale": 1e-3 * rng.standard_t(1.5, size=N),
        "lognormal": np.exp(2 * normal),
        "mostly zero": np.where(rng.random(N) < 0.45, 0.0, normal),
        "whole numbers": rng.poisson(3, size=N).astype(float),
        "two far peaks": np.where(rng.random(N) < 0.5, -50.0, 200.0) + normal,
        "few": normal[:40],
    }


@pytest.mark.parametrize("name", list(draws()))
def test_quantiles_are_accurate_to_one_percent_of_the_interquartile_range(name):
    values = draws()[name]
    exact = np.quantile(values, PROBABILITIES)
    found = one(values).quantiles(PROBABILITIES)[0, :, 0]
    spread = exact[3] - exact[1]
    assert np.abs(found - exact).max() <= 0.01 * spread


@pytest.mark.parametrize("most", [COARSE, FINE])
def test_memory_is_bounded(most):
    for values in draws().values():
        assert len(one(values, most=most).cell) <= most
    wild = np.random.default_rng(1).uniform(-300, 300, size=N)
    assert len(one(np.sign(wild) * 10 ** np.abs(wild), most=most).cell) <= most


@pytest.mark.parametrize("most", [COARSE, 500])
@pytest.mark.parametrize("cut", [1, 137, 30_000, N - 1])
def test_any_cut_merges_to_the_same_histogram(most, cut):
    for values in draws().values():
        whole = one(values, most=most)
        both = one(values[:cut], most=most) + one(values[cut:], most=most)
        for field in ("level", "cell", "place", "content", "squares"):
            np.testing.assert_array_equal(getattr(both, field), getattr(whole, field))


def test_adding_is_associative_when_bins_widen():
    values = draws()["cauchy"]
    a, b, c = (one(v, most=50) for v in (values[:10], values[10:2000], values[2000:]))
    left, right = (a + b) + c, a + (b + c)
    np.testing.assert_array_equal(left.place, right.place)
    np.testing.assert_array_equal(left.content, right.content)


def test_weighted_quantiles_are_those_of_repeated_values():
    rng = np.random.default_rng(2)
    values, times = rng.normal(size=20_000), rng.integers(0, 5, size=20_000)
    found = one(values, times[:, None].astype(float)).quantiles(PROBABILITIES)[0, :, 0]
    exact = np.quantile(np.repeat(values, times), PROBABILITIES)
    assert np.abs(found - exact).max() < 0.01 * (exact[3] - exact[1])


def test_scaling_weights_changes_no_quantile():
    values = draws()["gaussian"][:3000]
    weights = np.random.default_rng(3).uniform(0.5, 2, size=(3000, 1))
    a, b = one(values, weights), one(values, 1e-4 * weights)
    np.testing.assert_allclose(a.quantiles(PROBABILITIES), b.quantiles(PROBABILITIES), rtol=1e-12)


def test_cells_do_not_mix_and_empty_ones_are_nan():
    axes = {"a": ("p", "q"), "b": ("x", "y", "z")}
    cell = np.array([0, 0, 0, 4, 4])
    values = np.array([1.0, 2.0, 3.0, -7.0, -9.0])
    histogram = Histogram.fill(axes, values, cell, np.arange(5), np.ones((5, 2)), 100)
    median = histogram.quantiles([0.5])
    assert median.shape == (2, 3, 1, 2)
    assert median[0, 0, 0, 0] == pytest.approx(2)
    assert median[1, 1, 0, 1] == pytest.approx(-8)
    assert np.isnan(median[0, 1:]).all()
    picked = histogram.pick(a="q")
    assert dict(picked.axes) == {"b": ("x", "y", "z")}
    np.testing.assert_allclose(picked.quantiles([0.5])[:, 0, 0], [np.nan, -8, np.nan])


def test_a_full_cell_keeps_its_bins_beside_another():
    values = np.tile(np.arange(1.0, 51.0), 2)
    full = Histogram.fill(
        {"c": ("x", "y")}, values, np.repeat([0, 1], 50), np.arange(100), np.ones((100, 1)), 50
    )
    np.testing.assert_array_equal(full.level, 0)
    assert len(full.cell) == 100


def test_rebinned_keeps_the_content_inside():
    values = draws()["gaussian"]
    edges = np.linspace(-2, 2, 41)
    found = rebinned(one(values), edges)[0, :, 0]
    exact = np.histogram(values, edges)[0]
    assert np.abs(found - exact).max() < 0.02 * exact.max()
    assert found.sum() == pytest.approx(exact.sum(), rel=1e-3)


def test_aligned_cells_share_their_bins():
    rng = np.random.default_rng(4)
    values = np.concatenate([rng.normal(size=500), rng.normal(3, 0.1, size=500)])
    histogram = Histogram.fill(
        {"c": ("s", "b")}, values, np.repeat([0, 1], 500), np.arange(1000), np.ones((1000, 1)), 64
    )
    upper, content = aligned(histogram)
    assert content.shape == (2, len(upper), 1)
    assert (np.diff(upper) > 0).all()
    np.testing.assert_array_equal(content.sum(axis=1)[:, 0], [500, 500])
    for c, part in enumerate((values[:500], values[500:])):
        below = np.array([(part < u).sum() for u in upper])
        np.testing.assert_array_equal(content[c, :, 0].cumsum(), below)


def test_infinities_count_as_the_largest_values():
    histogram = one(np.array([-np.inf, 0.0, np.inf]))
    assert histogram.content.sum() == 3
    low, middle, high = histogram.quantiles([0, 0.5, 1])[0, :, 0]
    assert low < -1e280
    assert abs(middle) < 1e-15
    assert high > 1e280


def test_nan_is_refused():
    with pytest.raises(BadValueError, match="NaN"):
        one(np.array([1.0, np.nan]))


def test_other_cells_do_not_add():
    with pytest.raises(BadValueError, match="cannot be added"):
        one(np.ones(3), most=10) + one(np.ones(3), most=20)


def linear(values, weights=None, most=96, amount=None) -> Histogram:
    n = len(values)
    weights = np.ones((n, 1)) if weights is None else weights
    zero = np.zeros(n, np.int64)
    return Histogram.fill(
        {"cell": ("x",)}, values, zero, np.arange(n), weights, most, amount, linear=True
    )


@pytest.mark.parametrize("name", ["gaussian", "offset", "whole numbers", "two far peaks", "few"])
def test_linear_bins_are_equally_wide_and_few(name):
    values = draws()[name]
    histogram = linear(values)
    low, high = histogram.edges()
    np.testing.assert_allclose(high - low, high[0] - low[0])
    assert len(low) <= 96
    inside = (values[:, None] >= low) & (values[:, None] < high) if name == "few" else None
    if inside is not None:
        np.testing.assert_array_equal(inside.sum(axis=0), histogram.content[:, 0])
    assert histogram.content.sum() == len(values)


def test_linear_histograms_merge_and_do_not_mix_with_others():
    values = draws()["cauchy"]
    both = linear(values[:20_000]) + linear(values[20_000:])
    whole = linear(values)
    np.testing.assert_array_equal(both.place, whole.place)
    np.testing.assert_array_equal(both.content, whole.content)
    with pytest.raises(BadValueError, match="cannot be added"):
        linear(values) + one(values, most=96)


@pytest.mark.parametrize("name", ["gaussian", "lognormal", "whole numbers", "two far peaks"])
def test_the_inner_bins_are_those_that_numpy_counts(name):
    values = draws()[name]
    amount = np.cos(values)
    histogram, weighted = linear(values), linear(values, amount=amount)
    first, level, bins = spanned(histogram, 0.98, 20)
    assert bins <= 20
    edges = histogram.begin((first >> level) + np.arange(bins + 1), level)
    low, high = np.quantile(values, [0.01, 0.99])
    assert edges[0] <= low < edges[1]
    assert edges[-2] <= high < edges[-1]
    kept = values.clip(edges[0], np.nextafter(edges[-1], -np.inf))  # the ends hold the rest
    np.testing.assert_allclose(
        collected(histogram, first, level, bins)[0, :, 0], np.histogram(kept, edges)[0]
    )
    np.testing.assert_allclose(
        collected(weighted, first, level, bins)[0, :, 0],
        np.histogram(kept, edges, weights=amount)[0],
        atol=1e-8,
    )


def test_of_nothing_there_is_one_bin():
    empty = linear(np.zeros(0))
    assert spanned(empty, 0.99, 20)[2] == 1
    assert collected(empty, *spanned(empty, 0.99, 20)).tolist() == [[[0.0]]]


def test_quantiles_of_which_some_lie_beyond_all_that_were_filled():
    rng = np.random.default_rng(3)
    values = rng.exponential(size=(2, 41))
    beyond = np.array([9, 60])
    weights = np.repeat(rng.integers(1, 4, 41)[:, None], 2, axis=1).astype(float)
    cell = np.repeat([0, 1], 41)
    both = {"cell": ("x", "y")}
    jet = np.tile(np.arange(41), 2)
    histogram = Histogram.fill(both, values.ravel(), cell, jet, np.ones((41, 2)), FINE)
    total = np.repeat(41.0 + beyond[:, None], 2, axis=1)
    found = histogram.quantiles([0.1, 0.5, 0.9], total)
    for c, many in enumerate(beyond):
        whole = np.quantile(np.append(values[c], np.full(many, 1e9)), [0.1, 0.5, 0.9])
        wanted = np.where(whole < 1e6, whole, np.nan)
        np.testing.assert_allclose(found[c, :, 0], wanted, rtol=1e-6)
        np.testing.assert_array_equal(found[c, :, 0], found[c, :, 1])
    assert np.isfinite(found).sum() == 2 * 3
    exact = Histogram.fill(both, values.ravel(), cell, jet, weights, FINE)
    own = np.repeat(weights[:, 0].sum()[None, None], 2, axis=0).repeat(2, axis=1)
    np.testing.assert_allclose(exact.quantiles([0.5], own), exact.quantiles([0.5]), rtol=1e-12)
