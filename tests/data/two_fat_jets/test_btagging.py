from __future__ import annotations

import numpy as np
import pytest

from jetlens.data.events.clustering import Jets
from jetlens.data.events.generator import EventRecord
from jetlens.data.two_fat_jets.btagging import EFFICIENCY, flavour, tagged
from physics_particles import momenta


def test_all_jets_have_to_be_tagged() -> None:
    found = tagged(np.array([[5, 5], [5, 4], [4, 0], [5, -1], [15, 15]]))
    assert found == pytest.approx([0.77**2, 0.77 / 5, 1 / 5 / 170, 0, 1 / 170**2])
    assert EFFICIENCY[5] > EFFICIENCY[4] > EFFICIENCY[0] > 0


def test_jets_have_the_flavour_of_the_hadrons_that_are_nearest() -> None:
    # a B* that turns into a B0, which decays to a D+; another D too far; a soft one; a tau
    pdg = [513, 511, 411, 421, 411, 15]
    mother = [-1, 0, 1, -1, -1, -1]
    pt, eta = np.array([50, 49, 30, 40, 4, 20.0]), np.array([0.1, 0.1, 0.12, 1.0, 0.6, 2.0])
    record = EventRecord(
        event=np.zeros(6, dtype=np.int64),
        pdg=np.array(pdg, dtype=np.int32),
        status=np.full(6, -91, dtype=np.int32),
        mother=np.array(mother),
        momentum=momenta(pt, eta, np.zeros(6), 2.0),
        vertex=np.zeros((6, 3)),
        events=2,
        weight=np.ones(2),
    )
    jets = Jets(
        np.array([0, 0, 0, 1]),
        np.full(4, 60.0),
        np.array([0.0, 0.6, 2.1, 0.0]),
        np.zeros(4),
        np.full(4, 5.0),
    )
    assert flavour(record, jets).tolist() == [5, 0, 15, 0]
