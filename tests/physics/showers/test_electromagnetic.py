from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from jetlens.physics.showers import electromagnetic, longitudinal, radial, table
from jetlens.physics.showers.spots import Points
from reference import shower as reference


def entering(energy: np.ndarray) -> Points:
    zero = np.zeros(len(energy))
    return Points(np.arange(len(energy)), energy, zero, zero, zero, zero)


def test_the_material_is_that_of_a_slow_twin_and_near_to_published_numbers() -> None:
    assert pytest.approx(reference.Z) == table.Z
    assert pytest.approx(reference.EC) == table.CRITICAL_ENERGY
    assert pytest.approx(68.36, abs=0.01) == table.Z  # as in FCC's and Geant4's GFLASH
    # the Review of Particle Physics: 9.64 MeV and 19.6 mm, by other definitions
    assert pytest.approx(9.64e-3, rel=0.15) == table.CRITICAL_ENERGY
    assert pytest.approx(19.6, rel=0.15) == table.MOLIERE_RADIUS


@pytest.mark.parametrize("energy", [1.0, 3.0, 10.0])
def test_the_mean_profile_of_many_electrons_is_the_gamma_distribution(energy) -> None:
    electrons = entering(np.full(1_000, energy))
    spots = electromagnetic.spots(electrons, np.random.default_rng(3))
    depth = spots.z / table.RADIATION_LENGTH.value
    edges = np.arange(0, 26, 1.0)
    share = np.histogram(depth, edges, weights=spots.energy)[0] / electrons.energy.sum()
    expected = np.diff(reference.gamma_of(energy).cdf(edges))
    # two fits, of the average and of single showers: they agree to some per cent of the maximum
    assert np.abs(share - expected).max() < 0.09 * expected.max()
    assert share[expected > 0.02] == pytest.approx(expected[expected > 0.02], rel=0.2)
    mean = (depth * spots.energy).sum() / spots.energy.sum()
    assert mean == pytest.approx(reference.gamma_of(energy).mean(), rel=0.07)


def test_depths_follow_the_gamma_distribution_that_was_drawn() -> None:
    energy = np.full(400, 5.0)
    profile = longitudinal.fluctuated(energy, np.random.default_rng(9))
    spots = electromagnetic.spots(entering(energy), np.random.default_rng(9))
    depth = spots.z / table.RADIATION_LENGTH.value
    value = stats.gamma.cdf(depth * profile.beta[spots.shower], profile.alpha[spots.shower])
    some = np.random.default_rng(1).choice(value, 5_000, replace=False)
    assert stats.kstest(some, "uniform").pvalue > 1e-3


def test_parameters_fluctuate_together_as_published() -> None:
    energy = np.full(60_000, 10.0)
    profile = longitudinal.fluctuated(energy, np.random.default_rng(4))
    ln_y = np.log(10.0 / reference.EC)
    top = np.log((profile.alpha - 1) / profile.beta)
    alpha = np.log(profile.alpha)
    assert top.mean() == pytest.approx(np.log(ln_y - 0.812), abs=0.004)
    assert top.std() == pytest.approx(1 / (-1.4 + 1.26 * ln_y), rel=0.02)
    mean = np.log(0.81 + (0.458 + 2.26 / reference.Z) * ln_y)
    assert alpha.mean() == pytest.approx(mean, abs=0.004)
    assert alpha.std() == pytest.approx(1 / (-0.58 + 0.86 * ln_y), rel=0.02)
    correlation = np.corrcoef(top, alpha)[0, 1]
    assert correlation == pytest.approx(0.705 - 0.023 * ln_y, abs=0.01)


def test_the_maximum_goes_deeper_as_the_logarithm_of_the_energy() -> None:
    energies = np.array([1.0, 2.0, 5.0, 10.0])
    rng = np.random.default_rng(5)
    tops = []
    for energy in energies:
        profile = longitudinal.fluctuated(np.full(20_000, energy), rng)
        tops.append(((profile.alpha - 1) / profile.beta).mean())
    slope, _ = np.polyfit(np.log(energies), tops, 1)
    assert slope == pytest.approx(1.0, abs=0.08)
    line = longitudinal.average(energies)
    assert np.diff((line.alpha - 1) / line.beta) == pytest.approx(np.diff(np.log(energies)))


@pytest.mark.parametrize("energy", [1.0, 10.0])
def test_a_moliere_radius_holds_nine_tenths(energy) -> None:
    electrons = entering(np.full(1_000, energy))
    spots = electromagnetic.spots(electrons, np.random.default_rng(6))
    radius = np.hypot(spots.x, spots.y) / table.MOLIERE_RADIUS
    for cut in (0.25, 0.5, 1.0, 2.0):
        share = spots.energy[radius < cut].sum() / spots.energy.sum()
        # the twin's is the average profile; single showers of 1 GeV differ a little in the mean
        assert share == pytest.approx(reference.inside(cut, energy), abs=0.04)
    share = spots.energy[radius < 1].sum() / spots.energy.sum()
    assert share == pytest.approx(0.90, abs=0.03)


def test_radii_follow_the_distribution_that_they_are_drawn_from() -> None:
    tau, energy = np.full(20_000, 1.3), np.full(20_000, 4.0)
    widths = radial.width(tau, energy)
    drawn = radial.draw(widths, np.random.default_rng(2))
    assert stats.kstest(widths.inside(drawn), "uniform").pvalue > 1e-3
    deeper = radial.width(np.array([0.5, 1.0, 2.0]), np.full(3, 4.0))
    assert (np.diff(deeper.inside(np.ones(3))) < 0).all()


def test_photons_begin_later_by_nine_sevenths_and_share_their_energy_as_published() -> None:
    photons = entering(np.full(20_000, 3.0))
    pair = electromagnetic.converted(photons, np.random.default_rng(7))
    depth = pair.z[::2] / table.RADIATION_LENGTH.value
    assert stats.kstest(depth, stats.expon(scale=9 / 7).cdf).pvalue > 1e-3
    assert (pair.z[::2] == pair.z[1::2]).all()
    np.testing.assert_allclose(pair.energy[::2] + pair.energy[1::2], 3.0)
    shares = reference.split(20_000, seed=8)
    assert stats.ks_2samp(pair.energy[::2] / 3.0, shares).pvalue > 1e-3
    spread = np.var(shares)
    assert abs(np.var(np.random.default_rng(1).random(20_000)) - spread) > 0.005  # not uniform


def test_spots_hold_all_of_the_energy_and_come_after_light() -> None:
    energy = np.geomspace(0.001, 10.0, 300)
    spots = electromagnetic.spots(entering(energy), np.random.default_rng(1))
    np.testing.assert_allclose(np.bincount(spots.shower, spots.energy), energy)
    assert all(np.isfinite(column).all() for column in spots)
    assert (spots.time >= 0).all()
    away = np.hypot(np.hypot(spots.x, spots.y), spots.z)
    np.testing.assert_allclose(spots.time, (away - spots.z) / 299.792458, atol=1e-9)
    assert np.median(spots.time) < 0.01
