from __future__ import annotations

import numpy as np
import pytest

from jetlens.data.detector.collisions import PARTICLE, Pool
from jetlens.data.detector.simulation import simulate
from jetlens.data.events.generator import EventRecord
from jetlens.data.events.truth import PILEUP


def one_direction(pdg: int, pt: float, phi: float) -> tuple[int, list[float]]:
    return pdg, [pt * np.cos(phi), pt * np.sin(phi), 0.0, pt]


def events(count: int, with_electron: bool) -> EventRecord:
    """A jet of four pions at phi = 0 in each event, and an electron of a W boson at phi = 2."""
    w, *final = [
        one_direction(24, 60.0, 2.0),
        *(one_direction(211, 15.0, phi) for phi in (-0.06, -0.02, 0.02, 0.06)),
        one_direction(11 if with_electron else 211, 60.0, 2.0),
    ]
    rows = len(final) + 1
    return EventRecord(
        event=np.repeat(np.arange(count), rows),
        pdg=np.tile([w[0], *(p for p, _ in final)], count).astype(np.int32),
        status=np.tile([-62, *[83] * (rows - 2), 23], count).astype(np.int32),
        mother=(np.tile([-1] * (rows - 1) + [0], count) + rows * np.repeat(np.arange(count), rows)
                * np.tile([0] * (rows - 1) + [1], count)),
        momentum=np.tile(np.array([w[1], *(m for _, m in final)]), (count, 1)),
        vertex=np.zeros((count * rows, 3)),
        events=count,
        weight=np.ones(count),
    )  # fmt: skip


@pytest.fixture(scope="module")
def photon_pool() -> Pool:
    """Pile-up events of one hard photon each, which makes a jet."""
    particles = np.zeros(5, dtype=PARTICLE)
    particles["event"], particles["pdg"], particles["origin"] = np.arange(5), 22, PILEUP
    particles["momentum"], particles["end"] = [50.0, 0.0, 0.0, 50.0], np.inf
    return Pool(particles, 5)


def away_from(phi: np.ndarray, place: float) -> np.ndarray:
    return np.abs(np.angle(np.exp(1j * (phi - place)))) > 0.5


def test_jets_at_prompt_electrons_are_dropped_and_those_of_hadrons_kept() -> None:
    without = simulate(events(200, True), None, 0.0, np.random.default_rng(1))
    assert not away_from(without.jets.phi, 0.0).any()
    assert len(without.jets.pt) > 190
    having = simulate(events(200, False), None, 0.0, np.random.default_rng(1))
    assert away_from(having.jets.phi, 0.0).sum() > 190


def test_jets_of_pileup_are_dropped(photon_pool) -> None:
    made = simulate(events(200, True), photon_pool, 3.0, np.random.default_rng(2))
    assert not away_from(made.jets.phi, 0.0).any()
    # what falls onto a jet of the hard scatter stays in it
    assert made.jets.pt.max() > 90 > np.median(made.jets.pt)


def test_tracks_lie_in_their_jets_and_come_in_their_order() -> None:
    made = simulate(events(300, False), None, 0.0, np.random.default_rng(3))
    assert (np.diff(made.jet) >= 0).all()
    assert not away_from(made.tracks["phi"] - made.jets.phi[made.jet], 0.0).any()
    np.testing.assert_array_equal(made.tracks["event"], made.jets.event[made.jet])
    real = made.tracks[made.tracks["origin"] == 2]
    assert 3.2 < len(real) / 300 < 5  # five charged particles, some lost
    assert np.median(np.abs(real["d0"])) < 0.02
