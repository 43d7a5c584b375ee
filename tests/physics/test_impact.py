from __future__ import annotations

import numpy as np

from jetlens.physics.helix import to_perigee
from jetlens.physics.impact import d0_sign, significance, trackless, z0_sign
from jetlens.physics.kinematics import eta_of_theta


def decay_tracks(flight: float, count: int = 400):
    """Tracks of particles that decay `flight` mm along a jet, or behind it if negative."""
    rng = np.random.default_rng(2)
    axis = np.array([np.cos(2.9), np.sin(2.9), 0.7])
    axis /= np.linalg.norm(axis)
    momentum = 40.0 * axis + rng.normal(0, 2.0, (count, 3))
    position = np.broadcast_to(flight * axis, (count, 3))
    charge = rng.choice([-1.0, 1.0], count)
    perigee = to_perigee(position, momentum, charge, np.zeros((count, 3)), field=1e-6)
    jet_phi = np.full(count, np.arctan2(axis[1], axis[0]))
    jet_eta = np.full(count, np.arctanh(axis[2]))
    return perigee, jet_phi, jet_eta


def test_decays_in_front_of_the_vertex_are_positive_and_behind_it_negative() -> None:
    for flight, sign in ((3.0, 1.0), (-3.0, -1.0)):
        perigee, jet_phi, jet_eta = decay_tracks(flight)
        assert (d0_sign(perigee.d0, perigee.phi, jet_phi) == sign).all()
        z_sign = z0_sign(perigee.z0, eta_of_theta(perigee.theta), jet_eta)
        # a turn in azimuth alone moves z0 a little as well
        assert (z_sign == sign).mean() > 0.9


def test_significance_keeps_the_size_and_takes_the_sign() -> None:
    got = significance(np.array([-0.2, 0.2]), np.array([0.1, 0.05]), np.array([1.0, -1.0]))
    np.testing.assert_allclose(got, [2.0, -4.0])


def test_what_has_no_charge_or_no_measurement_has_no_track() -> None:
    d0, dz = np.array([0.0, 0.0, 0.3, 0.3]), np.array([0.0, 0.2, 0.0, 0.2])
    assert trackless([d0, dz], None).tolist() == [True, False, False, False]
    charge = np.array([1.0, 1.0, -1.0, 0.0])
    assert trackless([d0, dz], charge).tolist() == [True, False, False, True]
