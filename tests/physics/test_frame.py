from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from jetlens.physics import frame

seeds = st.integers(0, 2**32 - 1)


def test_rotation_goes_from_x_to_y() -> None:
    x, y = frame.rotate(np.array([[1.0]]), np.array([[0.0]]), np.array([np.pi / 2]))
    np.testing.assert_allclose([x[0, 0], y[0, 0]], [0, 1], atol=1e-15)


def test_mirroring_weighs_the_halves() -> None:
    x = np.array([[-1.0, 2.0], [-1.0, 2.0]])
    found = frame.mirror(x, np.array([[3.0, 1.0], [1.0, 3.0]]))
    np.testing.assert_array_equal(found, [[1.0, -2.0], [-1.0, 2.0]])


def lopsided(seed: int):
    """Particles of jets about their axes, none of them round or nearly balanced about a line."""
    rng = np.random.default_rng(seed)
    x, y = rng.normal(size=(2, 40, 9))
    weights = rng.exponential(size=(40, 9)) * (rng.random((40, 9)) < 0.8)
    u, v, *_ = frame.upright(x, y, weights)
    spread = [np.sum(weights * a * a, axis=1) for a in (u, v)]
    total = weights.sum(axis=1) + 1e-300
    balance = [np.abs(np.sum(weights * np.sign(a), axis=1)) / total for a in (u, v)]
    near = [np.min(np.where(weights > 0, np.abs(a), np.inf), axis=1) for a in (u, v)]
    clear = (spread[1] > 1.01 * spread[0]) & (np.minimum(*balance) > 1e-3)
    clear &= np.minimum(*near) > 1e-6
    return x[clear], y[clear], weights[clear]


@settings(max_examples=40, deadline=None)
@given(seeds, st.floats(-7, 7), st.booleans(), st.floats(-3, 3), st.floats(-3, 3))
def test_upright_jets_do_not_know_how_they_lay(seed, angle, mirrored, at_x, at_y) -> None:
    x, y, weights = lopsided(seed)
    expected = frame.upright(x, y, weights)
    turned = frame.rotate(x, y, np.full(len(x), angle))
    if mirrored:
        turned = -turned[0], turned[1]
    away = turned[0] + at_x, turned[1] + at_y
    axis = np.full(len(x), at_x), np.full(len(x), at_y)
    found = frame.upright(*frame.centre(*away, *axis), weights)
    np.testing.assert_allclose(found.x, expected.x, atol=1e-8)
    np.testing.assert_allclose(found.y, expected.y, atol=1e-8)
    # a mirrored jet is mirrored back, one that was only turned is not
    np.testing.assert_array_equal(found.flip, expected.flip * (-1 if mirrored else 1))


@settings(max_examples=20, deadline=None)
@given(seeds)
def test_upright_jets_are_tall_and_heavy_above_and_on_the_right(seed: int) -> None:
    x, y, weights = lopsided(seed)
    u, v, *_, flip = frame.upright(x, y, weights)
    np.testing.assert_allclose(np.hypot(u, v), np.hypot(x, y), atol=1e-12)
    assert (np.sum(weights * v**2, axis=1) > np.sum(weights * u**2, axis=1)).all()
    np.testing.assert_allclose(np.sum(weights * u * v, axis=1), 0, atol=1e-9)
    for a in (u, v):
        assert (np.sum(weights * np.sign(a), axis=1) > 0).all()
    assert set(np.unique(flip)) <= {-1.0, 1.0}
    # before they were mirrored, jets were turned and nothing else
    turned = (flip[:, None] * u + 1j * v) / (x + 1j * y)
    np.testing.assert_allclose(turned, turned[:, :1] * np.ones(x.shape[1]), atol=1e-9)
    # padding lies where it may
    longer = [np.pad(a, ((0, 0), (0, 3)), constant_values=c) for a, c in ((x, 9.0), (y, -9.0))]
    padded = frame.upright(*longer, np.pad(weights, ((0, 0), (0, 3))))
    np.testing.assert_allclose(padded.x[:, : x.shape[1]], u, atol=1e-12)
    np.testing.assert_array_equal(padded.flip, flip)


def test_jets_without_an_axis_stay_as_they_are() -> None:
    # one particle on the axis, a square, nothing at all, and two particles of the same place
    x = np.array([[0.0, 0, 0, 0], [1, -1, 0, 0], [2, 3, 4, 5], [0.3, 0.3, 0, 0]])
    y = np.array([[0.0, 0, 0, 0], [0, 0, 1, -1], [5, 4, 3, 2], [0.0, 0, 0, 0]])
    weights = np.array([[1.0, 0, 0, 0], [1, 1, 1, 1], [0, 0, 0, 0], [1, 2, 0, 0]])
    u, v, *_, flip = frame.upright(x, y, weights)
    np.testing.assert_allclose(np.hypot(u, v), np.hypot(x, y), atol=1e-12)
    np.testing.assert_allclose(np.sort(np.hypot(u[1], v[1])), 1)
    np.testing.assert_allclose(v[3, :2], 0.3)
    assert np.isin(flip, (-1, 1)).all()
