from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from jetlens.physics import placing

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
    u, v = placing.to_subjets(x, y, weights, first, second)(x, y)
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
    expected = placing.to_subjets(x, y, weights, first, second)(x, y)

    def moved(a, b):
        if flip:
            a = -a
        cos, sin = np.cos(angle), np.sin(angle)
        return size * (cos * a - sin * b) + at_x, size * (sin * a + cos * b) + at_y

    there = moved(x, y)
    found = placing.to_subjets(*there, weights, moved(*first), moved(*second))(*there)
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_jets_of_one_subjet_are_only_centred() -> None:
    x, y = np.array([[1.0, 2.0]]), np.array([[3.0, 3.5]])
    there = np.array([1.0]), np.array([3.0])
    u, v = placing.to_subjets(x, y, np.ones((1, 2)), there, there)(x, y)
    np.testing.assert_array_equal(u, [[0, 1]])
    np.testing.assert_array_equal(v, [[0, 0.5]])


@settings(max_examples=30, deadline=None)
@given(seeds)
def test_the_weighted_mean_is_at_the_origin(seed: int) -> None:
    x, y, weights, _, _ = jets(seed)
    u, v = placing.centred(x, y, weights)(x, y)
    np.testing.assert_allclose([(u * weights).sum(1), (v * weights).sum(1)], 0, atol=1e-9)
    np.testing.assert_allclose(u - x, (u - x)[:, :1] * np.ones(12), atol=1e-12)  # moved, no more


def test_azimuths_are_the_shorter_way_round() -> None:
    x, y = np.zeros((2, 2)), np.array([[3.1, -3.1], [0.2, -0.2]])
    weights = np.array([[1.0, 1.0], [3.0, 1.0]])
    _, v = placing.centred(x, y, weights, round_y=True)(x, y)
    far = np.pi - 3.1
    np.testing.assert_allclose(v, [[-far, far], [0.1, -0.3]], atol=1e-12)
    apart = placing.centred(x, y, weights)(x, y)[1]
    np.testing.assert_allclose(apart, [[3.1, -3.1], [0.1, -0.3]], atol=1e-12)


@settings(max_examples=30, deadline=None)
@given(seeds, st.floats(-7, 7), st.floats(-2, 2), st.floats(-2, 2), st.booleans())
def test_upright_jets_forget_how_they_lay(seed, angle, at_x, at_y, flip) -> None:
    x, y, weights, _, _ = jets(seed)
    u, v = placing.upright(x, y, weights)(x, y)
    turned_x, turned_y = (-x if flip else x), y
    cos, sin = np.cos(angle), np.sin(angle)
    there = cos * turned_x - sin * turned_y + at_x, sin * turned_x + cos * turned_y + at_y
    np.testing.assert_allclose(placing.upright(*there, weights)(*there), [u, v], atol=1e-6)
    spread = (weights * u**2).sum(1), (weights * v**2).sum(1)
    assert (spread[1] >= spread[0]).all()
    np.testing.assert_allclose((weights * u * v).sum(1), 0, atol=1e-9)
    assert (np.sum(weights * np.sign(v), axis=1) >= -1e-9).all()


def test_jets_without_particles_stay_where_they_are() -> None:
    none = np.zeros((2, 3))
    place = placing.centred(none, none, none)
    np.testing.assert_array_equal(place(none + 1, none), [none + 1, none])
    empty = np.zeros((2, 0))
    assert placing.upright(empty, empty, empty)(empty, empty)[0].shape == (2, 0)
