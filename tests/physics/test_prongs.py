from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jetlens.core.errors import BadValueError
from jetlens.physics.prongs import find, number_by_shape

CORNERS = np.array([(-0.4, -0.3), (0.4, -0.3), (0.0, 0.4), (-0.5, 0.5)])


def jets(seed: int, prongs: int, count: int = 6, particles: int = 8, width: float = 0.03):
    """Jets of so many narrow prongs of falling pt, with padding, from one to many particles."""
    rng = np.random.default_rng(seed)
    prong = np.arange(prongs * particles) % prongs
    shape = (count, prongs * particles)
    pt = rng.uniform(1, 2, shape) * (prongs - prong)
    x, y = (rng.normal(CORNERS[prong, axis], width, shape) for axis in (0, 1))
    pad = np.zeros((count, 3))
    return (np.concatenate([v, pad], axis=1) for v in (x, y, pt))


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), prongs=st.integers(1, 4))
def test_prongs_are_where_they_were_made(seed, prongs) -> None:
    x, y, pt = jets(seed, prongs)
    found = find(x, y, pt, np.full(6, prongs))
    assert found.real.all()
    assert found.real.shape == (6, prongs)
    np.testing.assert_allclose(found.x, CORNERS[:prongs, 0] * np.ones((6, 1)), atol=0.06)
    np.testing.assert_allclose(found.y, CORNERS[:prongs, 1] * np.ones((6, 1)), atol=0.06)
    np.testing.assert_allclose(found.pt.sum(1), pt.sum(1), rtol=0.01)
    assert (np.diff(found.pt, axis=1) <= 0).all()


def test_prongs_move_with_the_jet() -> None:
    x, y, pt = jets(1, 3)
    number = np.array([3, 2, 1, 3, 2, 4])
    here = find(x, y, pt, number)
    moved = find(x + 1.5, y - 0.7, pt * 100, number)
    real = here.real
    np.testing.assert_array_equal(moved.real, real)
    np.testing.assert_allclose(moved.x[real], here.x[real] + 1.5, atol=1e-6)
    np.testing.assert_allclose(moved.y[real], here.y[real] - 0.7, atol=1e-6)
    np.testing.assert_allclose(moved.pt[real], here.pt[real] * 100, rtol=1e-6)
    np.testing.assert_array_equal(real.sum(1), number)


def test_there_are_no_more_prongs_than_particles() -> None:
    pt = np.array([[3.0, 1.0, 0.0], [0.0, 0.0, 0.0], [1.0, 2.0, 3.0], [1.0, 1.0, 1.0]])
    x = np.array([[0.0, 0.5, 9.0]] * 4)
    found = find(x, x / 5, pt, np.array([3, 2, 2, 0]))
    assert found.real.tolist() == [
        [True, True, False], [False] * 3, [True, True, False], [False] * 3,
    ]  # fmt: skip
    np.testing.assert_allclose(found.pt[0], [3, 1, 0])
    np.testing.assert_allclose(found.x[0], [0, 0.5, 0], atol=1e-9)
    assert find(x[:0], x[:0], pt[:0], np.zeros(0, int)).x.shape == (0, 0)


@pytest.mark.parametrize("prongs", [1, 2, 3, 4])
def test_the_shape_tells_how_many_there_are(prongs) -> None:
    x, y, pt = jets(2, prongs, particles=12, width=0.015)
    np.testing.assert_array_equal(number_by_shape(x, y, pt), prongs)
    assert (number_by_shape(x, y, pt, most=2) <= 2).all()
    np.testing.assert_array_equal(number_by_shape(x, y, pt, left=1.0), 1)
    pt[0] = 0
    assert number_by_shape(x, y, pt)[0] == 0
    assert not number_by_shape(x, y, np.zeros_like(pt)).any()


def test_places_that_are_no_pseudorapidities_are_refused() -> None:
    x = np.array([[0.0, 40.0]])
    with pytest.raises(BadValueError, match="x = 40"):
        find(x, x, np.ones((1, 2)), np.array([2]))
    find(x, x, np.array([[1.0, 0.0]]), np.array([2]))  # padding may be anywhere
