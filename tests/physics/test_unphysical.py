from __future__ import annotations

import numpy as np

from jetlens.physics.roles import roles
from jetlens.physics.unphysical import unphysical

RADIUS = 0.4


def test_unphysical_jets_are_told_apart_by_reason() -> None:
    names = ("pt", "deta", "dphi", "m2", "charge")
    start = np.array([2.0, 0.1, 0.0, 0.0195, 1.0])
    steps = {
        None: [-1.0, 0.1, 0.1, 0.001, -0.4],
        "negative": [-2.0, 0, 0, 0, 0],
        "outside": [0, 0.31, 0.0, 0, 0],
        "discrete": [0, 0, 0, 0, -0.6],
        "off_shell": [0, 0, 0, -0.0195, 0],
    }
    before = {n: np.tile(start[i], (5, 2)) for i, n in enumerate(names)}
    moved = np.array(list(steps.values()))
    after = {n: before[n] + moved[:, i : i + 1] for i, n in enumerate(names)}
    for real in (np.ones((5, 2), bool), np.tile([False, True], (5, 1))):
        found = unphysical(before, after, real, roles(names), RADIUS)
        assert set(found) == {"negative", "outside", "discrete", "off_shell"}
        for reason, flags in found.items():
            np.testing.assert_array_equal(flags, [r == reason for r in steps])
    nobody = unphysical(before, after, np.zeros((5, 2), bool), roles(names), RADIUS)
    assert not any(flags.any() for flags in nobody.values())


def test_hits_outside_of_the_calorimeter_are_unphysical() -> None:
    names, real = ("x", "y", "z"), np.ones((4, 2), bool)
    before = {n: np.full((4, 2), 5.0) for n in names}
    after = {n: before[n].copy() for n in names}
    after["z"][1, 0], after["x"][2, 1], after["y"][3, 0] = -1.0, 11.0, 9.9
    ends = {"x": (-10.0, 10.0), "z": (0.0, 100.0)}
    found = unphysical(before, after, real, roles(names), None, ends)
    assert found["outside"].tolist() == [False, True, True, False]


def test_energies_below_momenta_are_unphysical() -> None:
    names = ("pt", "eta", "energy")
    before = {"pt": [[10.0]], "eta": [[1.0]], "energy": [[16.0]]}
    after = {"pt": [[10.0]], "eta": [[1.0]], "energy": [[15.0]]}
    columns = [{n: np.array(v) for n, v in c.items()} for c in (before, after)]
    found = unphysical(*columns, np.ones((1, 1), bool), roles(names))
    assert found["off_shell"].tolist() == [True]
    assert "outside" not in found


def test_momenta_along_the_axes() -> None:
    """Two particles to both sides of the axis at phi = 0; the steps are of the first of them."""
    names = ("px", "py", "pz", "energy")
    start = np.array([[10.0, 1.0, 0.0, np.sqrt(101.0)], [10.0, -1.0, 0.0, np.sqrt(101.0)]])
    steps = {
        None: [1.0, 0.1, 0.0, 1.0],
        "outside": [0.0, 4.0, 0.0, np.sqrt(125.0) - np.sqrt(101.0)],
        "off_shell": [0.0, 0.0, 0.0, 0.01],
    }
    before = {n: np.tile(start[:, i], (3, 1)) for i, n in enumerate(names)}
    after = {n: v.copy() for n, v in before.items()}
    for k, step in enumerate(steps.values()):
        for i, n in enumerate(names):
            after[n][k, 0] += step[i]
    after["energy"][0, 0] = np.sqrt(11.0**2 + 1.1**2)  # massless as before
    found = unphysical(before, after, np.ones((3, 2), bool), roles(names), RADIUS)
    assert set(found) == {"negative", "outside", "off_shell"}
    for reason, flags in found.items():
        assert flags.tolist() == [r == reason for r in steps], reason
    back = {n: (-v if n in ("px", "py") else v) for n, v in before.items()}
    turned = unphysical(before, back, np.ones((3, 2), bool), roles(names), RADIUS)
    assert turned["negative"].all()


def test_hits_before_light_are_early() -> None:
    names = ("x", "y", "z", "time")
    before = {n: np.zeros((3, 1)) for n in names}
    after = {n: v.copy() for n, v in before.items()}
    after["time"][:, 0] = [-0.1, -0.3, 50.0]
    ends = {"x": (-1.0, 1.0), "time": (-0.2, np.inf)}
    found = unphysical(before, after, np.ones((3, 1), bool), roles(names), None, ends)
    assert found["early"].tolist() == [False, True, False]
    assert not found["outside"].any()
