from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from jetlens.core.errors import BadValueError, UnknownNameError
from jetlens.physics.showers import hadronic, shower, table, timing
from jetlens.physics.showers.spots import Points

C = 299.792458  # mm/ns


def showers(
    particle: str, momentum: float, count: int = 2_000, seed: int = 1, distance: float = 1800.0
) -> shower.Showers:
    zero = np.zeros(count)
    rng = np.random.default_rng(seed)
    return shower.develop(particle, np.full(count, momentum), distance, zero, zero, rng)


@pytest.mark.parametrize("particle", shower.MASSES)
@pytest.mark.parametrize("momentum", [1.0, 7.0])
def test_energy_is_conserved(particle, momentum) -> None:
    found = showers(particle, momentum, count=300)
    seen = np.bincount(found.spots.shower, found.spots.energy, 300)
    np.testing.assert_allclose(seen + found.invisible, found.energy, rtol=1e-9)
    np.testing.assert_allclose(found.energy**2 - shower.MASSES[particle] ** 2, momentum**2)
    assert (found.spots.energy > 0).all()
    assert ((found.invisible > 0).mean() > 0.95) == (particle in ("pion", "kaon"))


def test_electrons_are_seen_better_than_hadrons_and_the_ratio_falls_with_energy() -> None:
    ratio = []
    for momentum in (2.0, 10.0):
        response = []
        for particle in ("electron", "pion"):
            found = showers(particle, momentum, count=600)
            response.append(1 - (found.invisible / found.energy).mean())
        ratio.append(response[0] / response[1])
    assert ratio[0] > ratio[1] > 1.1  # e / pi
    found = showers("pion", 10.0, count=1_000)
    track = found.start * table.IONISATION.value
    rest = found.energy - track - found.electromagnetic
    e_over_h = 1 / (1 - found.invisible.sum() / rest.sum())
    assert e_over_h == pytest.approx(1 / table.VISIBLE.value, rel=0.03)


@pytest.mark.parametrize("momentum", [2.0, 5.0, 10.0])
def test_the_electromagnetic_share_is_that_of_the_power_law(momentum) -> None:
    zero = np.zeros(40_000)
    energy = np.full(40_000, momentum)
    first = Points(np.arange(40_000), energy, zero, zero, zero + 50.0, zero)
    pions, total = hadronic.neutral_pions(first, np.random.default_rng(1))
    assert total.mean() / momentum == pytest.approx(1 - momentum**-0.17, abs=0.005)
    assert (total <= energy).all()
    np.testing.assert_allclose(np.bincount(pions.shower, pions.energy, 40_000), total, atol=1e-9)
    number = np.bincount(pions.shower, minlength=40_000)
    assert (number == 0).mean() == pytest.approx(
        np.exp(-(1 - momentum**-0.17) * momentum), abs=0.01
    )
    leading = pions.take(np.unique(pions.shower, return_index=True)[1])
    assert (leading.z == 50).all()
    assert (pions.z > 50).sum() == len(pions.z) - len(leading.z)


def test_hadrons_fly_their_mean_free_path_and_kaons_a_longer_one() -> None:
    # by hand, at 5 GeV: 1630 + 1530 + 4 x 250 mb a molecule, 8.30 g/cm^3 of 455.0 g/mol
    by_hand = 10 / (8.30 * 6.02214e23 / 455.036 * 4160e-27)
    assert hadronic.pion_length(np.array([5.0]))[0] == pytest.approx(by_hand, rel=1e-4)
    # the Review of Particle Physics, of high energies: 199.5 g/cm^2 from its elements
    assert hadronic.pion_length(np.array([10.0]))[0] == pytest.approx(240, rel=0.1)
    pions, kaons = (showers(p, 1.5, count=6_000).start for p in ("pion", "kaon"))
    for start, mass, longer in ((pions, 0.13957, 1.0), (kaons, 0.49368, 1.15)):
        kinetic = np.hypot(1.5, mass) - mass
        reach = kinetic / table.IONISATION.value
        assert start.max() == pytest.approx(reach, rel=1e-4)  # ionisation has used up all of it
        length = longer * hadronic.pion_length(np.array([kinetic]))[0]
        free = stats.truncexpon(reach / length, scale=length)
        assert stats.kstest(start[start < reach * 0.9999], free.cdf).pvalue > 1e-3
    assert np.median(kaons) > 1.05 * np.median(pions)


def test_hadronic_energy_lies_as_deep_and_wide_as_published() -> None:
    alpha, beta = hadronic.depth_parameters(np.array([1.0, 2.0, 10.0]))
    assert (alpha[0], beta[0]) == (alpha[1], beta[1])  # nothing is published below 2 GeV
    x = np.log((0.35 + 0.09 * np.log(10.0)) * 10.0)
    assert alpha[2] == pytest.approx(1.17 + 0.21 * x)
    assert beta[2] == pytest.approx(2.10 - 0.72 * x)
    assert (np.diff(alpha / beta)[1:] > 0).all()
    assert (beta > 0.5).all()
    found = showers("pion", 10.0, count=1_500)
    quiet = found.electromagnetic == 0
    spots = found.spots
    beyond = spots.z - found.start[spots.shower]
    some = quiet[spots.shower] & (beyond > 0)
    depth = beyond[some] / table.NUCLEAR_LENGTH.value
    assert depth.mean() == pytest.approx((alpha / beta)[2], rel=0.06)
    radius = np.hypot(spots.x, spots.y)[some] / table.NUCLEAR_LENGTH.value
    e = (found.energy - found.start * table.IONISATION.value)[spots.shower][some]
    assert (radius < hadronic.median_radius(depth, e)).mean() == pytest.approx(0.5, abs=0.01)


def test_tracks_before_the_interaction_lose_the_least_ionisation() -> None:
    found = showers("pion", 3.0, count=500)
    spots = found.spots
    before = (spots.z < found.start[spots.shower]) & (spots.x == 0)
    lost = np.bincount(spots.shower[before], spots.energy[before], 500)
    np.testing.assert_allclose(lost, found.start * 1.020e-3, rtol=1e-9)
    assert spots.z.min() > 0


def test_kaons_arrive_later_than_pions_of_the_same_momentum() -> None:
    for momentum in (1.0, 3.0, 10.0):
        pions, kaons = (showers(p, momentum, count=5) for p in ("pion", "kaon"))
        for found, mass in ((pions, 0.13957), (kaons, 0.49368)):
            beta = momentum / np.sqrt(momentum**2 + mass**2)
            expected = 1800 / (beta * C) - 1800 / C
            np.testing.assert_allclose(found.flight, expected, rtol=1e-4)
            np.testing.assert_allclose(found.beta, beta, rtol=1e-4)
        assert (kaons.flight > pions.flight).all()
    light = showers("photon", 3.0, count=5)
    assert (light.flight == 0).all()
    assert showers("kaon", 3.0, count=5, distance=0.0).flight.max() == 0


def test_some_hadronic_energy_is_late_and_no_other() -> None:
    pions, electrons = (showers(p, 10.0, count=400) for p in ("pion", "electron"))
    for found, expected in ((pions, 0.06), (electrons, 0.0)):
        spots = found.spots
        late = spots.time - found.flight[spots.shower] > 3.0
        share = spots.energy[late].sum() / spots.energy.sum()
        # a spot of an electron is so late only if it is a metre away
        assert share == pytest.approx(expected, abs=0.03 if expected else 5e-4)
    delay = timing.neutron_delay(100_000, np.random.default_rng(2))
    assert (delay > 0).mean() == pytest.approx(table.NEUTRON_SHARE.value, abs=0.005)
    assert delay[delay > 0].mean() == pytest.approx(table.NEUTRON_TIME.value, rel=0.05)


def test_time_is_told_better_of_large_energies() -> None:
    sigma = timing.resolution(np.array([0.0102, 0.0102 * 4, 1e3]))
    assert sigma[0] == pytest.approx(np.hypot(0.030, 0.015))
    assert sigma[1] == pytest.approx(np.hypot(0.015, 0.015))
    assert sigma[2] == pytest.approx(0.015, rel=1e-3)


@pytest.mark.parametrize("momentum", [-1.0, 0.0, 0.5, 11.0, np.nan])
def test_momenta_that_nothing_was_published_for_are_refused(momentum) -> None:
    with pytest.raises(BadValueError, match="expected 1 to 10 GeV"):
        showers("pion", momentum, count=3)


def test_other_particles_are_refused() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'pion'"):
        showers("pions", 3.0)
    assert len(showers("photon", 3.0, count=0).start) == 0
