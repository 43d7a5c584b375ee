from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from jetlens.physics import frame

seeds = st.integers(0, 2**32 - 1)


def jets(seed: int):
    """Particles of five jets, and where their two subjets are."""
    rng = np.random.default_rng(seed)
    x, y = rng.normal(size=(2, 5, 12))
    first, second = rng.normal(size=(2, 2, 5))
    return x, y, rng.exponential(size=(5, 12)), first, second


@settings(max_examples=40, deadline=None)
@given(seeds)
def test_subjets_and_the_harder_half_are_where_they_should_be(seed: int) -> None:
    x, y, weights, first, second = jets(seed)
    x[:, 0], y[:, 0] = first
    x[:, 1], y[:, 1] = second
    u, v = frame.to_subjets(x, y, weights, first, second)
    np.testing.assert_allclose([u[:, 0], v[:, 0]], 0, atol=1e-9)
    np.testing.assert_allclose(u[:, 1], 0, atol=1e-9)
    np.testing.assert_allclose(v[:, 1], -1, atol=1e-9)
    assert (np.sum(weights * (u > 1e-9), axis=1) >= np.sum(weights * (u < -1e-9), axis=1)).all()


@settings(max_examples=40, deadline=None)
@given(
    seeds, st.floats(-4, 4), st.floats(-4, 4), st.floats(-7, 7), st.floats(0.1, 10), st.booleans()
)
def test_places_turns_sizes_and_reflections_do_not_matter(seed, at_x, at_y, angle, size, flip):
    x, y, weights, first, second = jets(seed)
    expected = frame.to_subjets(x, y, weights, first, second)

    def moved(a, b):
        if flip:
            a = -a
        cos, sin = np.cos(angle), np.sin(angle)
        return size * (cos * a - sin * b) + at_x, size * (sin * a + cos * b) + at_y

    found = frame.to_subjets(*moved(x, y), weights, moved(*first), moved(*second))
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_rotation_goes_from_x_to_y() -> None:
    x, y = frame.rotate(np.array([[1.0]]), np.array([[0.0]]), np.array([np.pi / 2]))
    np.testing.assert_allclose([x[0, 0], y[0, 0]], [0, 1], atol=1e-15)


def test_jets_of_one_subjet_are_only_centred() -> None:
    x, y = np.array([[1.0, 2.0]]), np.array([[3.0, 3.5]])
    there = np.array([1.0]), np.array([3.0])
    u, v = frame.to_subjets(x, y, np.ones((1, 2)), there, there)
    np.testing.assert_array_equal(u, [[0, 1]])
    np.testing.assert_array_equal(v, [[0, 0.5]])


def test_mirroring_weighs_the_halves() -> None:
    x = np.array([[-1.0, 2.0], [-1.0, 2.0]])
    found = frame.mirror(x, np.array([[3.0, 1.0], [1.0, 3.0]]))
    np.testing.assert_array_equal(found, [[1.0, -2.0], [-1.0, 2.0]])
