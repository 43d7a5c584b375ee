from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import truncnorm

from jetlens.physics.hit_size import even, gaussian, shares, touched


@settings(max_examples=200, deadline=None)
@given(
    middle=st.floats(-4, 4), reach=st.floats(0.01, 3), pixels=st.integers(1, 9), grid=st.booleans()
)
def test_an_even_hit_overlaps_pixels_as_intervals_do(middle, reach, pixels, grid) -> None:
    edges = np.linspace(-1, 2, pixels + 1)
    if grid:  # exactly on an edge, where rounding decides
        middle, reach = edges[pixels // 2], (edges[1] - edges[0]) / 2
    pixel, share = shares(np.array([middle]), edges, reach, even)
    assert share.shape == (1, touched(reach, edges))
    found = np.zeros(pixels)
    np.add.at(found, pixel[0], share[0])
    low, high = middle - reach, middle + reach
    overlap = np.minimum(edges[1:], high) - np.maximum(edges[:-1], low)
    np.testing.assert_allclose(found, np.maximum(overlap, 0) / (2 * reach), atol=1e-9)


def test_a_gaussian_hit_is_a_truncated_normal_distribution() -> None:
    edges = np.linspace(-2, 2, 9)
    pixel, share = shares(np.array([0.3]), edges, 3 * 0.4, gaussian)
    found = np.zeros(8)
    np.add.at(found, pixel[0], share[0])
    expected = np.diff(truncnorm(-3, 3, loc=0.3, scale=0.4).cdf(edges))
    np.testing.assert_allclose(found, expected, atol=1e-12)
    assert found.sum() == pytest.approx(1)


@pytest.mark.parametrize("profile", [even, gaussian])
@pytest.mark.parametrize("reach", [3.0, 1e3, 1e300])
def test_a_hit_larger_than_the_image_costs_no_more_than_its_pixels(profile, reach) -> None:
    edges = np.linspace(-1, 1, 6)
    middles = np.array([-2.5, 0.0, 0.9])
    pixel, share = shares(middles, edges, reach, profile)
    assert pixel.tolist() == [[0, 1, 2, 3, 4]] * 3
    places = (edges - middles[:, None]) / reach
    np.testing.assert_allclose(share, np.diff(profile(places), axis=1), atol=1e-12)


@pytest.mark.parametrize("profile", [even, gaussian])
def test_hits_far_outside_leave_nothing(profile) -> None:
    pixel, share = shares(np.array([-1e9, 1e9, -1.21, 1.21]), np.linspace(-1, 1, 11), 0.2, profile)
    assert not share.any()
    assert pixel.min() >= 0
    assert pixel.max() <= 9
