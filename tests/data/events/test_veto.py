from __future__ import annotations

import numpy as np
import pytest

from jetlens.data.events import veto
from jetlens.data.events.generator import Generator
from jetlens.data.fat_jets.arrays import Cuts, find
from jetlens.data.processes import process
from physics_particles import momenta

CUTS = veto.Wanted(pt=180.0, mass=30.0, radius=0.8, eta=2.8)


def partons(*rows) -> np.ndarray:
    pt, eta, phi = np.array(rows, dtype=float).T
    return momenta(pt, eta, phi)


@pytest.mark.parametrize(
    ("momentum", "expected"),
    [
        (partons((120, 0, 0), (80, 0.5, 0.3)), True),
        (partons((120, 0, 3.0), (80, 0.5, -3.0)), True),  # across the seam
        (partons((120, 0, 0), (80, 0.0, 1.1)), False),  # too far apart
        (partons((120, 0, 0), (50, 0.5, 0.3)), False),  # too little pt
        (partons((200, 0, 0), (1, 0.1, 0.1)), False),  # too little mass
        (partons((120, 3, 0), (80, 3.5, 0.3)), False),  # too far forward
        (np.zeros((0, 4)), False),
        (momenta(np.array([200.0]), np.array([0.0]), np.array([0.0]), 91.0), True),  # a boson
    ],
)
def test_partons_with_a_jet_in_sight(momentum, expected) -> None:
    assert veto.in_sight(momentum, CUTS) is expected


PAIR = veto.wanted(200, 0.0, 1.0, 2.0, jets=2)


@pytest.mark.parametrize(
    ("momentum", "expected"),
    [
        (partons((190, 0, 0), (185, 0.3, 3.0)), True),
        (partons((190, 0, 0), (170, 0.3, 3.0)), False),
        (partons((190, 0, 0), (100, 0.3, 3.0), (85, -0.4, 2.9)), True),  # the second in two pieces
        (partons((400, 0, 0), (380, 0.3, 0.9)), False),  # one jet of both
        (partons((190, 0, 0), (190, 0, 0.9), (20, 0, 1.8)), False),  # cones that share a parton
        (partons((400, 0, 0), (380, 2.5, 3.0)), False),  # one of them too far forward
        (partons((190, 0, 0), (185, 2.3, 3.0)), True),  # not yet too far
        (partons((250, 0, 0)), False),
        (np.zeros((0, 4)), False),
    ],
)
def test_partons_with_two_jets_in_sight(momentum, expected) -> None:
    assert veto.in_sight(momentum, PAIR) is expected


def test_an_event_with_a_jet_is_not_given_up() -> None:
    class Watch(veto._hook()):
        """Says what it would do, and does nothing."""

        def doVetoPT(self, position, event):
            if position <= 3:
                said.append(super().doVetoPT(position, event))
            return False

    cuts = Cuts(0.8, 200, np.inf, 2.4, (50, 150))
    said, lost, kept, given_up = [], 0, 0, 0
    watch = Watch(veto.wanted(200, 50, 0.8, 2.4))
    generator = Generator("qcd", ["PhaseSpace:pTHatMin = 170"])
    generator._pythia.setUserHooksPtr(watch)
    assert generator._pythia.init()
    generator.seed(12)
    for _ in range(12):
        said.clear()
        record = generator.events(25)
        if len(said) != record.events:  # Pythia tried one again
            continue
        found = find(record, cuts, process("qcd").match)
        lost += int(np.array(said)[found.event].sum())
        kept += len(found)
        given_up += sum(said)
    assert kept > 15
    assert lost == 0
    assert given_up > 60


def test_vetoed_events_do_not_count_and_most_others_have_a_jet() -> None:
    generator = Generator("zz", ["PhaseSpace:pTHatMin = 150"], veto.wanted(200, 50, 0.8, 2.4))
    generator.seed(3)
    record = generator.events(40)
    assert record.events == 40
    assert generator.given_up > 5
    found = find(record, Cuts(0.8, 200, np.inf, 2.4, (50, 150)), 23)
    assert len(found) > 15
    # a new seed forgets what was given up: what follows depends on the seed alone
    generator.seed(3)
    assert generator.given_up == 0
    np.testing.assert_array_equal(generator.events(40).pdg, record.pdg)
