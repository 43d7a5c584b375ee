from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jetlens.physics.kinematics import (
    delta_phi,
    delta_r,
    eta_of,
    eta_of_theta,
    mass_of,
    momentum_of,
    rapidity_of,
)

angles = st.floats(-20, 20)


@given(angles, angles)
def test_delta_phi_is_the_angle_between_two_directions(a: float, b: float) -> None:
    got = delta_phi(np.array([a]), np.array([b]))[0]
    assert -np.pi <= got < np.pi
    assert np.exp(1j * got) == pytest.approx(np.exp(1j * (a - b)), abs=1e-9)


@given(st.floats(-6, 6))
def test_eta_is_that_of_the_polar_angle(eta: float) -> None:
    theta = 2 * np.arctan(np.exp(-np.array([eta])))
    assert eta_of_theta(theta)[0] == pytest.approx(eta, abs=1e-6)
    pt, pz = np.sin(theta), np.cos(theta)
    assert eta_of(pt, np.zeros(1), pz)[0] == pytest.approx(eta, abs=1e-6)


def test_delta_r_crosses_the_edge_of_phi() -> None:
    got = delta_r(np.zeros(1), np.array([3.1]), np.zeros(1), np.array([-3.1]))
    assert got[0] == pytest.approx(2 * np.pi - 6.2)


def test_eta_along_the_beam_is_finite() -> None:
    got = eta_of(np.zeros(2), np.zeros(2), np.array([5.0, -5.0]))
    assert np.isfinite(got).all()
    assert got[0] > 20 > -20 > got[1]


@given(st.floats(0.1, 600), st.floats(-4, 4), angles, st.floats(0, 5))
def test_a_momentum_has_the_pt_rapidity_azimuth_and_mass_it_is_made_of(pt, y, phi, mass) -> None:
    made = momentum_of(*(np.array([v]) for v in (pt, y, phi, mass)))
    assert made.shape == (1, 4)
    px, py, pz, energy = made.T
    assert np.hypot(px, py)[0] == pytest.approx(pt)
    assert rapidity_of(pz, energy)[0] == pytest.approx(y, abs=1e-6)
    assert delta_phi(np.arctan2(py, px), np.array([phi]))[0] == pytest.approx(0, abs=1e-9)
    assert mass_of(made)[0] == pytest.approx(mass, abs=1e-5 * energy[0])


def test_rapidity_grows_along_the_beam_and_is_none_at_rest() -> None:
    # y = ln((E + pz) / (E - pz)) / 2
    got = rapidity_of(np.array([3.0, -3.0, 0.0, 0.0]), np.array([5.0, 5.0, 5.0, 0.0]))
    np.testing.assert_allclose(got, [np.log(2), -np.log(2), 0, 0])
