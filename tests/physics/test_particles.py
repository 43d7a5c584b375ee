from __future__ import annotations

import numpy as np
import pytest

from jetlens.data.detector.collisions import charge_of
from jetlens.physics.particles import KINDS, NONE, TABLE, known

NUMBERS = np.array([s.number for s in TABLE])


def test_a_particle_is_found_by_its_number_and_its_antiparticle_is_its_mirror() -> None:
    of, anti = known(NUMBERS), known(-NUMBERS)
    assert of.known.all()
    assert anti.known.all()
    for row, species in enumerate(TABLE):
        assert of.mass[row] == anti.mass[row] == species.mass
        assert of.charge[row] == species.charge
        assert anti.charge[row] == -species.charge
        kind = KINDS.index(species.kind) if species.kind else NONE
        assert of.kind[row] == anti.kind[row] == kind
    assert set(of.kind) == {NONE, *range(len(KINDS))}


def test_particles_that_are_not_known_have_nothing() -> None:
    of = known(np.array([[0, 111, 5], [12, -(10**9), 1000010020]]))
    assert of.mass.shape == (2, 3)
    assert not of.known.any()
    assert not of.mass.any()
    assert not of.charge.any()
    assert (of.kind == NONE).all()


def test_charges_are_those_that_the_detector_sees() -> None:
    for pdg in (NUMBERS, -NUMBERS):
        np.testing.assert_array_equal(known(pdg).charge, charge_of(pdg.astype(np.int32)))


def test_masses_and_charges_are_those_of_pythia() -> None:
    import pythia8mc

    data = pythia8mc.Pythia("", False).particleData
    for species in TABLE:
        assert data.m0(species.number) == pytest.approx(species.mass, rel=5e-4, abs=1e-9)
        assert data.charge(species.number) == pytest.approx(species.charge)
