from __future__ import annotations

from collections import defaultdict

import numpy as np
import pytest

from jetlens.data.events.generator import EventRecord, generator
from jetlens.data.events.truth import NO_VERTEX, flavours, labelling, quarks, truth, vertices
from reference.ancestors import origin_of


def record(rows: list[tuple[int, int, int]]) -> EventRecord:
    """One event of (pdg, status, mother) with unremarkable momenta."""
    pdg, status, mother = (np.array(c) for c in zip(*rows, strict=True))
    return EventRecord(
        event=np.zeros(len(rows), dtype=np.int64),
        pdg=pdg.astype(np.int32),
        status=status.astype(np.int32),
        mother=mother.astype(np.int64),
        momentum=np.tile([10.0, 0.0, 5.0, 20.0], (len(rows), 1)),
        vertex=np.zeros((len(rows), 3)),
        events=1,
        weight=np.ones(1),
    )


def test_quark_content() -> None:
    pdg = np.array([511, -521, 541, 5122, 553, 411, -4122, 443, 211, 130, 310, 2101, 21, 10411])
    hadron, b, c = quarks(pdg.astype(np.int32))
    assert pdg[b].tolist() == [511, -521, 541, 5122]
    assert pdg[c].tolist() == [411, -4122, 10411]
    assert pdg[~hadron].tolist() == [2101, 21]


def test_chains_of_decays_get_their_origin() -> None:
    event = record(
        [
            (2212, -12, -1),  # 0 beam
            (5, -23, 0),
            (513, -83, 1),  # 2 B*
            (511, -91, 2),  # 3 B0, weak
            (211, 91, 3),  # 4 pi from B
            (411, -91, 3),  # 5 D
            (321, 91, 5),  # 6 K from D from B
            (310, -91, 5),  # 7 K0S from D from B
            (211, 91, 7),  # 8
            (22, 91, 2),  # 9 photon of B* -> B gamma
            (421, -83, 0),  # 10 prompt D0
            (-13, 91, 10),  # 11
            (15, -51, 0),  # 12 tau
            (-11, 91, 12),  # 13
            (3122, -83, 0),  # 14 Lambda
            (2212, 91, 14),  # 15
            (113, -83, 0),  # 16 rho
            (211, 91, 16),  # 17
            (24, -62, 0),  # 18 W
            (11, 23, 18),  # 19
        ]
    )
    known = truth(event)
    expected = {4: 3, 6: 4, 8: 4, 9: 2, 11: 5, 13: 6, 15: 7, 17: 2, 19: 2}
    assert {i: int(known.origin[i]) for i in expected} == expected
    assert {int(i): int(known.label[i]) for i in np.flatnonzero(known.label)} == {
        3: 5,
        5: 4,
        10: 4,
        12: 15,
    }
    assert known.prompt[[19, 11, 13, 17]].tolist() == [True, False, True, False]


def test_origins_agree_with_climbing_mothers_one_by_one() -> None:
    made = []
    for name in ("flavour", "ttbar"):
        pythia = generator(name)
        pythia.seed(17)
        made.append(pythia.events(6))
    for event in made:
        daughters = defaultdict(list)
        for row, mother in enumerate(event.mother):
            daughters[int(mother)].append(row)
        final = np.flatnonzero(event.status > 0)
        slow = [origin_of(int(i), event.pdg, event.status, event.mother, daughters) for i in final]
        assert truth(event).origin[final].tolist() == slow
        assert set(slow) >= {2, 3, 4, 7}


def test_only_weakly_decaying_hadrons_above_the_threshold_give_labels() -> None:
    event = record([(511, -91, -1), (511, -91, -1), (411, -91, -1)])
    event.momentum[1, 0] = 4.9
    found = labelling(event, truth(event).label)
    assert found.label.tolist() == [5, 4]


def test_heavier_flavours_win_and_far_hadrons_do_not_count() -> None:
    jet = np.array([0, 0, 1, 2, 2, 3])
    dr = np.array([0.1, 0.2, 0.1, 0.1, 0.29, 0.31])
    label = np.array([4, 5, 15, 15, 4, 5])
    assert flavours(5, jet, dr, label).tolist() == [5, 15, 4, 0, 0]


def test_vertices_within_a_tenth_of_a_millimetre_are_one() -> None:
    x = [0.0, 0.05, 3.0, 3.08, 3.16, 50.0, 0.0, 3.0]
    position = np.zeros((1, 8, 3))
    position[0, :, 0] = x
    origin = np.array([[2, 2, 3, 3, 4, 7, 0, 1]])
    got = vertices(position, np.zeros((1, 3)), origin, np.ones((1, 8), dtype=bool))
    assert got[0].tolist() == [0, 0, 1, 1, 1, 2, NO_VERTEX, NO_VERTEX]


def test_padding_has_no_vertex_and_joins_nothing() -> None:
    position = np.zeros((1, 3, 3))
    valid = np.array([[True, False, True]])
    got = vertices(position, np.full((1, 3), 9.0), np.full((1, 3), 2), valid)
    assert got[0].tolist() == [1, NO_VERTEX, 1]


@pytest.mark.parametrize("count", [0, 1])
def test_vertices_of_jets_without_tracks(count: int) -> None:
    shape = (count, 4)
    got = vertices(
        np.zeros((*shape, 3)), np.zeros((count, 3)), np.zeros(shape, int), np.zeros(shape, bool)
    )
    assert got.shape == shape
    assert (got == NO_VERTEX).all()
