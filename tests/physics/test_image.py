from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from jetlens.core.errors import BadValueError
from jetlens.physics.image import pixelate, square

WINDOW = (-1.0, 0.5, -2.0, 1.0)


def by_histogram2d(x, y, weights, window, pixels):
    """Numpy's own, one jet after the other."""
    rows, columns = pixels
    edges = np.linspace(*window[2:], rows + 1), np.linspace(*window[:2], columns + 1)
    return np.stack(
        [
            np.histogram2d(b, a, bins=edges, weights=w)[0]
            for a, b, w in zip(x, y, weights, strict=True)
        ]
    )


@settings(max_examples=150, deadline=None)
@given(data=st.data(), rows=st.integers(1, 9), columns=st.integers(1, 9))
def test_it_is_numpys_histogram(data, rows, columns) -> None:
    shape = data.draw(st.tuples(st.integers(0, 4), st.integers(0, 6)))
    # many particles exactly on edges, where rounding decides
    grid = st.sampled_from(
        [*np.linspace(*WINDOW[:2], columns + 1), *np.linspace(*WINDOW[2:], rows + 1)]
    )
    place = st.one_of(grid, st.floats(-3, 3))
    x, y = (data.draw(hnp.arrays(np.float64, shape, elements=place)) for _ in range(2))
    weights = data.draw(hnp.arrays(np.float64, shape, elements=st.floats(-2, 2)))
    found = pixelate(x, y, weights, window=WINDOW, pixels=(rows, columns), dtype=np.float64)
    assert found.shape == (shape[0], rows, columns)
    if shape[0]:
        expected = by_histogram2d(x, y, weights, WINDOW, (rows, columns))
        np.testing.assert_allclose(found, expected, atol=1e-12)


def test_the_weight_within_the_window_is_conserved() -> None:
    rng = np.random.default_rng(2)
    x, y = rng.normal(size=(2, 50, 30))
    weights = rng.exponential(size=(50, 30))
    found = pixelate(x, y, weights, window=square(1.0), pixels=13, dtype=np.float64)
    inside = (np.abs(x) <= 1) & (np.abs(y) <= 1)
    expected = np.where(inside, weights, 0).sum(axis=1)
    np.testing.assert_allclose(found.sum(axis=(1, 2)), expected, rtol=1e-12)
    assert (expected < weights.sum(axis=1) - 0.1).any()  # some are outside


def test_x_is_horizontal_and_y_grows_upwards() -> None:
    found = pixelate(
        np.array([[0.9]]), np.array([[-0.9]]), np.ones((1, 1)), window=square(1.0), pixels=4
    )
    assert found[0, 0, 3] == 1
    assert found.sum() == 1


def test_several_channels_are_several_images() -> None:
    rng = np.random.default_rng(3)
    x, y = rng.normal(size=(2, 7, 20))
    weights = rng.exponential(size=(7, 3, 20))
    found = pixelate(x, y, weights, window=square(2.0), pixels=8, dtype=np.float64)
    assert found.shape == (7, 3, 8, 8)
    for channel in range(3):
        one = pixelate(x, y, weights[:, channel], window=square(2.0), pixels=8, dtype=np.float64)
        np.testing.assert_array_equal(found[:, channel], one)


@pytest.mark.parametrize("pixels", [5, 300])  # dense and sparse
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_buffer_is_used_again(pixels, dtype) -> None:
    rng = np.random.default_rng(4)
    x, y = rng.normal(size=(2, 6, 20))
    weights = rng.exponential(size=(6, 20))
    out = np.full((6, pixels, pixels), 7, dtype=dtype)
    found = pixelate(x, y, weights, window=square(2.0), pixels=pixels, out=out)
    assert found is out
    fresh = pixelate(x, y, weights, window=square(2.0), pixels=pixels, dtype=np.float64)
    np.testing.assert_allclose(out, fresh, rtol=1e-6 if dtype == np.float32 else 1e-12)


def test_particles_without_a_place_are_left_out() -> None:
    x = np.array([[np.nan, 0.1, np.inf]])
    found = pixelate(x, np.zeros((1, 3)), np.ones((1, 3)), window=square(1.0), pixels=2)
    assert found.sum() == 1


def test_what_makes_no_sense_is_refused() -> None:
    x = np.zeros((2, 3))
    for window in ((1, -1, -1, 1), (-1, 1, 0, 0), (-1, np.inf, -1, 1)):
        with pytest.raises(BadValueError, match="window"):
            pixelate(x, x, x, window=window, pixels=4)
    with pytest.raises(BadValueError, match="pixels = 0"):
        pixelate(x, x, x, window=square(1.0), pixels=0)
    with pytest.raises(BadValueError, match=r"weights of shape \(2, 4\)"):
        pixelate(x, x, np.zeros((2, 4)), window=square(1.0), pixels=4)
    with pytest.raises(BadValueError, match="out has shape"):
        pixelate(x, x, x, window=square(1.0), pixels=4, out=np.zeros((2, 4, 5)))
