"""Momenta along the axes: back and forth, and steps that do not turn them."""

from __future__ import annotations

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from jetlens.physics import components

SHAPE = (3, 4)


def numbers(low: float, high: float) -> st.SearchStrategy[np.ndarray]:
    return hnp.arrays(np.float64, SHAPE, elements=st.floats(low, high, allow_subnormal=False))


@settings(deadline=None)
@given(numbers(1e-3, 1e3), numbers(-3, 3), numbers(-9, 9), hnp.arrays(np.bool_, SHAPE))
def test_back_and_forth(pt: np.ndarray, eta: np.ndarray, phi: np.ndarray, real: np.ndarray) -> None:
    momenta = pt * np.cos(phi), pt * np.sin(phi), pt * np.sinh(eta)
    axis = components.axis_of(*momenta, real)
    seen = components.seen(*momenta, axis)
    assert (np.abs(seen[2]) <= np.pi).all()
    back = components.components(*seen, axis)
    np.testing.assert_allclose(back, momenta, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(seen[0], pt)


def test_the_axis_is_that_of_the_real_particles() -> None:
    px, py, pz = (np.array([[3.0, 1.0, 9.0]]), np.array([[1.0, 3.0, 0.0]]), np.full((1, 3), 2.0))
    eta, phi = components.axis_of(px, py, pz, np.array([[True, True, False]]))
    np.testing.assert_allclose(phi, np.pi / 4)
    np.testing.assert_allclose(eta, np.arcsinh(4 / np.hypot(4, 4)))
    pt, deta, dphi = components.seen(px, py, pz, (eta, phi))
    np.testing.assert_allclose(
        dphi[0, :2], [np.arctan2(1, 3) - np.pi / 4, np.pi / 4 - np.arctan2(1, 3)]
    )
    np.testing.assert_allclose(deta[0, 0], np.arcsinh(2 / pt[0, 0]) - eta[0])


@settings(deadline=None)
@example(np.full((1, 1), 1e-6), np.full((1, 1), 1e-6), np.zeros((1, 1)), np.full((1, 1), -256.0))
@given(numbers(-50, 50), numbers(-50, 50), numbers(-1e3, 1e3), numbers(-1e3, 1e3))
def test_momenta_do_not_turn_back(
    px: np.ndarray, py: np.ndarray, step_x: np.ndarray, step_y: np.ndarray
) -> None:
    x, y = components.ahead(px, py, step_x, step_y)
    pt = np.hypot(px, py)
    some = pt > 1e-6
    assert np.hypot(x, y)[some].min(initial=np.inf) > 0
    rounding = 1e-12 * pt * np.hypot(x, y)  # what is left along is lost beside a large turn
    assert (x * px + y * py > -rounding)[some].all()
    # what turns it is as it was asked for, and so is a step ahead
    np.testing.assert_allclose(
        (y * px - x * py)[some], (step_y * px - step_x * py)[some], rtol=1e-6, atol=1e-6
    )
    up = some & (step_x * px + step_y * py >= 0)
    np.testing.assert_allclose(x[up], (px + step_x)[up], rtol=1e-6, atol=1e-6)


def test_small_steps_are_as_they_were_asked_for() -> None:
    x, y = components.ahead(*(np.array([v]) for v in (3.0, 4.0, -1e-5, 2e-5)))
    np.testing.assert_allclose((x, y), [[3.0 - 1e-5], [4.0 + 2e-5]], atol=1e-10)
    still = components.ahead(*(np.array([v]) for v in (0.0, 0.0, -1.0, 2.0)))
    np.testing.assert_array_equal(still, [[-1.0], [2.0]])
