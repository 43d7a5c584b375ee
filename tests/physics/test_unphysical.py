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
    assert "late" not in found
    ends["time"] = (-0.2, 10.0)
    gated = unphysical(before, after, np.ones((3, 1), bool), roles(names), None, ends)
    assert gated["late"].tolist() == [False, False, True]
    assert gated["early"].tolist() == found["early"].tolist()


def test_hits_below_the_threshold_are_unphysical() -> None:
    names = ("x", "y", "z", "energy")
    before = {n: np.zeros((3, 1)) for n in names} | {
        "energy": np.array([[0.006], [0.006], [0.004]])
    }
    after = before | {"energy": np.array([[0.0051], [0.0049], [0.004]])}
    ends = {"energy": (0.005, np.inf)}
    found = unphysical(before, after, np.ones((3, 1), bool), roles(names), None, ends)
    assert found["below"].tolist() == [False, True, False]  # the last was there before
    assert not found["negative"].any()


def test_particles_without_a_track_have_no_impact_parameter() -> None:
    names = ("charge", "d0_significance", "dz_significance")
    before = {
        "charge": np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 0.0]]),
        "d0_significance": np.array([[2.0, 0.0], [2.0, 0.0], [0.0, 0.0], [2.0, 0.0]]),
        "dz_significance": np.array([[0.0, 0.0], [2.0, 0.0], [0.0, 0.0], [2.0, 0.0]]),
    }
    after = {n: v.copy() for n, v in before.items()}
    after["dz_significance"][0, 0] = 0.5  # of a track
    after["dz_significance"][1, 1] = 0.01  # of a photon
    after["d0_significance"][2, 1] = -0.01  # of a charged particle that has left no track
    real = np.ones((4, 2), bool)
    found = unphysical(before, after, real, roles(names))
    assert found["trackless"].tolist() == [False, True, True, False]
    del before["charge"], after["charge"]
    zeros = unphysical(before, after, real, roles(names[1:]))
    assert zeros["trackless"].tolist() == [False, True, True, False]
    assert not unphysical(before, after, ~real, roles(names[1:]))["trackless"].any()


def test_a_jet_has_its_axis_and_its_pt() -> None:
    """Of four jets of two particles, one goes up, one gets harder, one softer, and one neither."""
    names = ("pt", "deta", "dphi")
    start = {"pt": [10.0, 10.0, 99.0], "deta": [0.1, -0.1, 9.0], "dphi": [0.0, 0.0, 9.0]}
    before = {n: np.tile(np.array(v), (4, 1)) for n, v in start.items()}
    real = np.tile([True, True, False], (4, 1))
    after = {n: v.copy() for n, v in before.items()}
    after["dphi"][0, :2] = 0.03
    after["pt"][1, :2], after["pt"][2, :2] = 12.0, 8.0
    after["pt"][3, :2], after["deta"][3, :2], after["pt"][:, 2] = 10.5, [0.12, -0.11], 1e3
    limits = {"pt": (18.0, 22.0), "shift": 0.02}
    found = unphysical(before, after, real, roles(names), RADIUS, **limits)
    assert found["axis"].tolist() == [True, False, False, False]
    assert found["jet_pt"].tolist() == [False, True, True, False]
    # jets that are beyond these already are no farther where they were
    some = unphysical(after, after, real, roles(names), RADIUS, **limits)
    assert not (some["axis"] | some["jet_pt"]).any()
    back = unphysical(after, before, real, roles(names), RADIUS, **limits)
    assert not (back["axis"] | back["jet_pt"]).any()
    assert {"axis", "jet_pt"}.isdisjoint(unphysical(before, after, real, roles(names), RADIUS))
    # the same by components, of jets somewhere in the detector
    eta, phi = 0.7, 2.9

    def along(values: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        pt, deta, dphi = values.values()
        return {
            "px": pt * np.cos(phi + dphi),
            "py": pt * np.sin(phi + dphi),
            "pz": pt * np.sinh(eta + deta),
        }

    along_axes = unphysical(
        along(before), along(after), real, roles(("px", "py", "pz")), RADIUS, **limits
    )
    for reason in ("axis", "jet_pt"):
        assert along_axes[reason].tolist() == found[reason].tolist()
