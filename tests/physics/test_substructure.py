from __future__ import annotations

import numpy as np
import pytest

from jetlens.physics.clustering import sequence, subjets
from jetlens.physics.substructure import correlators, n_subjettiness, ratio
from physics_particles import jets, momenta
from reference import correlators as reference


def each(momentum, counts):
    return np.split(momentum, np.cumsum(counts)[:-1])


@pytest.mark.parametrize("at", [0.0, np.pi])  # across the seam of the azimuth too
def test_correlators_are_those_of_loops(at) -> None:
    momentum, counts = jets([12, 3, 2, 7, 1], at=at)
    found = correlators(momentum, counts)
    for k, particles in enumerate(each(momentum, counts)):
        assert found.e2[k] == pytest.approx(reference.e2(particles), rel=1e-9)
        assert found.e3[k] == pytest.approx(reference.e3(particles, 3), rel=1e-9)
        assert found.e3_2[k] == pytest.approx(reference.e3(particles, 2), rel=1e-9)


def test_ratios_are_those_that_fastjet_calls_by_their_names() -> None:
    import fastjet

    momentum, counts = jets([12, 30, 5])
    found = correlators(momentum, counts)
    clustered = sequence(momentum, counts, fastjet.cambridge_algorithm)
    for name in ("c2", "d2", "n2"):
        theirs = clustered.exclusive_jets_energy_correlator(njets=1, beta=1, func=name)
        np.testing.assert_allclose(getattr(found, name), theirs, rtol=1e-9)


def test_n_subjettiness_is_a_local_minimum_about_kt_axes() -> None:
    """FastJet stops when the axes move by less than 1e-4: 0.3 % above the minimum at the most."""
    import fastjet

    momentum, counts = jets([15, 8, 40, 25, 10])
    found = n_subjettiness(momentum, counts, radius=0.8)
    apart = []
    for n in (1, 2, 3, 4):
        axes, number = subjets(sequence(momentum, counts, fastjet.kt_algorithm), n)
        for k, particles in enumerate(each(momentum, counts)):
            of_kt = [reference.point(a) for a in each(axes, number)[k]]
            least = reference.tau(particles, reference.best_axes(particles, of_kt), 0.8)
            assert least < found[k, n - 1] <= reference.tau(particles, of_kt, 0.8) * (1 + 1e-6)
            apart.append(found[k, n - 1] / least - 1)
    assert np.max(apart) < 3e-3
    assert np.median(apart) < 4e-4
    assert (np.diff(found, axis=1) < 0).all()


def test_particles_on_n_points_have_no_n_subjettiness() -> None:
    eta = np.array([0.0, 0.0, 0.5, 0.5])
    momentum = momenta(np.array([3.0, 4.0, 5.0, 6.0]), eta, np.zeros(4))
    found = n_subjettiness(momentum, np.array([4]))
    assert found[0, 0] > 0.05
    np.testing.assert_allclose(found[0, 1:], 0, atol=1e-6)


def test_too_few_particles_give_zeros() -> None:
    momentum, counts = jets([1, 2, 3])
    tau = n_subjettiness(momentum, counts)
    assert (tau[0] == 0).all()
    assert (tau[1, 1:] == 0).all()
    assert (tau[2, 2:] == 0).all()
    found = correlators(momentum, counts)
    assert found.c2[0] == found.d2[0] == found.n2[0] == found.n2[1] == 0
    np.testing.assert_array_equal(ratio(np.array([1.0, 0.0]), np.array([0.0, 2.0])), [0, 0])
