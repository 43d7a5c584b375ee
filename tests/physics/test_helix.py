from __future__ import annotations

import numpy as np
import pytest

from jetlens.physics.helix import radius, to_perigee
from reference.helix import integrate_to_perigee


def test_radius_is_the_textbook_one() -> None:
    # p [GeV] = 0.2998 B [T] R [m]
    assert radius(np.array([0.59958]), 2.0)[0] == pytest.approx(1000.0, rel=1e-4)


@pytest.mark.parametrize("field", [2.0, 3.8])
@pytest.mark.parametrize("charge", [1.0, -1.0])
def test_perigee_agrees_with_a_numerical_integration(charge: float, field: float) -> None:
    rng = np.random.default_rng(5)
    count = 12
    pt = rng.uniform(0.5, 5.0, count)
    # displaced vertices whose particles fly outwards within a radian, as decay products do
    r, azimuth = rng.uniform(0.5, 120.0, count), rng.uniform(-np.pi, np.pi, count)
    position = np.stack([r * np.cos(azimuth), r * np.sin(azimuth), rng.normal(0, 50, count)], 1)
    phi = azimuth + rng.uniform(-1, 1, count)
    eta = rng.uniform(-2.5, 2.5, count)
    momentum = np.stack([pt * np.cos(phi), pt * np.sin(phi), pt * np.sinh(eta)], 1)
    reference = rng.normal(0, [0.1, 0.1, 30.0], (count, 3))
    got = to_perigee(position, momentum, np.full(count, charge), reference, field)
    for i in range(count):
        d0, z0, phi_p, theta, q_over_p = integrate_to_perigee(
            position[i], momentum[i], charge, reference[i], field
        )
        assert got.d0[i] == pytest.approx(d0, abs=1e-5)
        assert got.z0[i] == pytest.approx(z0, abs=1e-4)
        assert np.angle(np.exp(1j * (got.phi[i] - phi_p))) == pytest.approx(0, abs=1e-6)
        assert got.theta[i] == pytest.approx(theta, abs=1e-9)
        assert got.q_over_p[i] == pytest.approx(q_over_p, rel=1e-12)


def test_a_straight_track_has_the_sign_and_place_of_the_convention() -> None:
    # at (0, 1) mm flying along +x: the origin lies to its right, so d0 = +1
    perigee = to_perigee(
        np.array([[0.0, 1.0, 2.0]]), np.array([[1e9, 0.0, 0.0]]), np.ones(1), np.zeros((1, 3))
    )
    assert perigee.d0[0] == pytest.approx(1.0, abs=1e-6)
    assert perigee.z0[0] == pytest.approx(2.0)
    place = (-perigee.d0[0] * np.sin(perigee.phi[0]), perigee.d0[0] * np.cos(perigee.phi[0]))
    assert place == pytest.approx((0.0, 1.0), abs=1e-6)


def test_a_particle_from_the_reference_has_no_impact_parameter() -> None:
    rng = np.random.default_rng(1)
    reference = rng.normal(0, 10, (50, 3))
    momentum = rng.normal(0, 3, (50, 3))
    charge = rng.choice([-1.0, 1.0], 50)
    perigee = to_perigee(reference, momentum, charge, reference)
    assert np.abs(perigee.d0).max() < 1e-9
    assert np.abs(perigee.z0).max() < 1e-8
    np.testing.assert_allclose(perigee.phi, np.arctan2(momentum[:, 1], momentum[:, 0]))
