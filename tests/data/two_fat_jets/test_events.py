from __future__ import annotations

import numpy as np

from jetlens.data.events.generator import EventRecord
from jetlens.data.two_fat_jets.events import Cuts, find
from physics_particles import momenta

CUTS = Cuts(1.0, 200.0, 2.0)


def record(*events) -> EventRecord:
    """Return events of final particles, each (pdg, pt, eta, phi)."""
    rows = np.array([p for particles in events for p in particles], dtype=float).reshape(-1, 4)
    event = np.repeat(np.arange(len(events)), [len(particles) for particles in events])
    return EventRecord(
        event=event,
        pdg=rows[:, 0].astype(np.int32),
        status=np.ones(len(rows), dtype=np.int32),
        mother=np.full(len(rows), -1),
        momentum=momenta(*rows[:, 1:].T),
        vertex=np.zeros((len(rows), 3)),
        events=len(events),
        weight=np.ones(len(events)),
    )


ONE, TWO = (211, 300, 0, 0), (211, 250, 0.5, 3.0)
SOFT, FORWARD = (211, 190, 0.5, 3.0), (211, 400, 2.5, 1.5)


def test_both_jets_have_to_pass_and_the_hardest_two_are_taken() -> None:
    third = (22, 220, -1.5, -1.5)
    found = find(
        record(
            [ONE],
            [ONE, SOFT],
            [ONE, FORWARD],
            [TWO, ONE, FORWARD],
            [],
            [third, TWO, ONE],
        ),
        CUTS,
    )
    assert found.event.tolist() == [3, 5]
    assert found.size.tolist() == [1, 1, 1, 1]
    # the harder one first, whatever the order of particles
    assert found.particle.tolist() == [6, 5, 10, 9]
    # what is in no fat jet is the next jet, one that is too far forward for a fat jet too
    np.testing.assert_allclose(np.hypot(*found.next_jet[:, :2].T), [400, 220])


def test_particles_beside_the_jets_make_the_next_one() -> None:
    beside = [(211, 25, -1.6, 0.9), (22, 10, -1.7, 0.9)]
    lost = [(211, 29, -1.6, 0.9)], [(211, 90, 4.7, 0.9)], [(14, 60, -1.6, 1.0), (-12, 40, 0.2, -2)]
    found = find(record(*([ONE, TWO, *more] for more in (beside, *lost))), CUTS)
    assert len(found) == 4
    pt = np.hypot(*found.next_jet[:, :2].T)
    np.testing.assert_allclose(pt, [35, 0, 0, 0], rtol=1e-3)
    assert not found.next_jet[1:].any()  # too soft, too far forward, neutrinos
    assert not found.missing[:3].any()
    expected = [60 * np.cos(1.0) + 40 * np.cos(2), 60 * np.sin(1.0) - 40 * np.sin(2)]
    np.testing.assert_allclose(found.missing[3], expected)


def test_a_batch_without_pairs_is_empty() -> None:
    found = find(record([ONE], [SOFT], []), CUTS)
    assert len(found) == 0
    assert found.next_jet.shape == (0, 4)
    assert found.groomed.prongs.shape == (0, 2, 4)
