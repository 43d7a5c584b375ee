"""Numbers that the table quotes, made anew from formulae and from numbers of the elements."""

from __future__ import annotations

import math
import re
from collections.abc import Container

import numpy as np
import pytest

from jetlens.core.constant import Constant
from jetlens.physics.showers import hadronic, table

FINE_STRUCTURE, ELECTRON_RADIUS = 1 / 137.036, 2.8179403e-13  # cm
ELECTRON, MUON = 0.51099895, 105.6583755  # MeV
SHARES = {e.z: e.atoms * e.a / table.MOLECULE for e in table.CRYSTAL.value}


CITED = re.compile(
    r"\((19|20)\d\d\)|arXiv:\d{4}\.\d{4,5}|hep-ex/\d{7}"
    r"|Review of Particle Physics|Geant4|SI Brochure"
)
"""What can be looked up: a year of publication, a preprint, or a work that everybody has."""


def told(source: str, names: Container[str]) -> str:
    """Say what kind of source a number has; empty where nothing could be looked up."""
    if source.startswith("setting: "):  # with a reason, in words
        return "setting" if len(source.removeprefix("setting: ").split()) >= 4 else ""
    if CITED.search(source):
        return "cited"
    own = re.findall(r"`(\w+)`", source)
    return "derived" if own and all(name in names for name in own) else ""


def test_everything_says_where_it_comes_from() -> None:
    constants = {k: v for k, v in vars(table).items() if isinstance(v, Constant)}
    assert len(constants) > 20
    for name, constant in constants.items():
        assert told(constant.source, constants), f"{name}: {constant.source}"


@pytest.mark.parametrize(
    "source", ["SI", "setting", "setting: guessed", "Smith et al.", "`NOBODY` over 10 mm", ""]
)
def test_what_could_not_be_looked_up_is_no_source(source: str) -> None:
    assert not told(source, {"DENSITY"})
    assert told("`DENSITY` over 10 mm", {"DENSITY"}) == "derived"


def test_the_radiation_length_is_that_of_tsai() -> None:
    inverse = 0.0
    for element in table.CRYSTAL.value:
        z, a2 = element.z, (FINE_STRUCTURE * element.z) ** 2
        coulomb = a2 * (1 / (1 + a2) + 0.20206 - 0.0369 * a2 + 0.0083 * a2**2 - 0.002 * a2**3)
        screened, inelastic = math.log(184.15 * z ** (-1 / 3)), math.log(1194 * z ** (-2 / 3))
        of_one = 4 * FINE_STRUCTURE * ELECTRON_RADIUS**2 * table.AVOGADRO.value / element.a
        of_one *= z**2 * (screened - coulomb) + z * inelastic
        inverse += SHARES[z] * of_one
    assert 10 / inverse / table.DENSITY.value == pytest.approx(
        table.RADIATION_LENGTH.value, rel=0.01
    )


def test_the_nuclear_length_and_the_ionisation_are_those_of_the_elements() -> None:
    # the Review of Particle Physics: lead, tungsten, oxygen
    lengths, losses = {82: 199.6, 74: 191.9, 8: 90.2}, {82: 1.122, 74: 1.145, 8: 1.801}
    length = 1 / sum(SHARES[z] / lengths[z] for z in SHARES)  # g/cm^2
    loss = sum(SHARES[z] * losses[z] for z in SHARES)  # MeV cm^2/g
    density = table.DENSITY.value
    assert 10 * length / density == pytest.approx(table.NUCLEAR_LENGTH.value, rel=2e-3)
    assert loss * density * 1e-4 == pytest.approx(table.IONISATION.value, rel=5e-3)


def test_the_ionisation_is_the_least_of_bethe() -> None:
    momentum = np.geomspace(100, 2_000, 500)  # MeV, of muons
    gamma_beta = momentum / MUON
    gamma = np.hypot(1, gamma_beta)
    beta2 = gamma_beta**2 / gamma**2
    most = 2 * ELECTRON * gamma_beta**2
    most /= 1 + 2 * gamma * ELECTRON / MUON + (ELECTRON / MUON) ** 2
    # Sternheimer's numbers of lead tungstate, as the Review of Particle Physics has them
    excitation, c, a, k, x0, x1 = 600.7e-6, 5.8528, 0.2276, 3.0, 0.4068, 3.0023
    x = np.log10(gamma_beta)
    density = np.where(x > x0, 2 * math.log(10) * x - c, 0.0)
    density += np.where((x > x0) & (x < x1), a * np.maximum(x1 - x, 0) ** k, 0.0)
    charge = sum(e.atoms * e.z for e in table.CRYSTAL.value) / table.MOLECULE
    log = 0.5 * np.log(2 * ELECTRON * gamma_beta**2 * most / excitation**2)
    loss = 0.307075 * charge / beta2 * (log - beta2 - density / 2)
    assert loss.min() * table.DENSITY.value * 1e-4 == pytest.approx(
        table.IONISATION.value, rel=5e-3
    )


def test_kaons_fly_further_by_what_the_glauber_formula_gives() -> None:
    def on_nucleon(mass: float, proton: tuple[float, float], flat: float) -> float:
        s = mass**2 + 0.9383**2 + 2 * 0.9383 * math.hypot(5.0, mass)  # GeV^2
        return flat * s**0.0808 + sum(proton) / 2 * s**-0.4525  # mb, mean of both charges

    pion = on_nucleon(0.13957, (27.56, 36.02), 13.63)
    kaon = on_nucleon(0.49368, (8.15, 26.36), 11.82)
    assert (pion, kaon) == pytest.approx((27.5, 20.2), abs=0.1)

    def per_molecule(sigma: float) -> float:
        total = 0.0
        for element in table.CRYSTAL.value:
            far = (element.a - 20) / 20
            shrunk = 0.8 + 0.2 * math.exp(-far) if far > 0 else 1 + 0.1 * (1 - math.exp(far))
            disc = 10 * math.pi * (1.08 * element.a ** (1 / 3) * shrunk) ** 2  # mb
            total += element.atoms * disc * math.log(1 + element.a * sigma / disc)
        return total

    ratio = per_molecule(pion) / per_molecule(kaon)
    assert ratio == pytest.approx(table.KAON_LENGTH.value, abs=0.02)
    molecules = table.DENSITY.value * table.AVOGADRO.value / table.MOLECULE
    length = 10 / (molecules * per_molecule(pion) * 1e-27)
    assert length == pytest.approx(hadronic.pion_length(np.array([5.0]))[0], rel=0.05)
