from __future__ import annotations

import pytest

from jetlens.physics.roles import roles


def test_constituents() -> None:
    found = roles(["pt", "deta", "dphi", "m2", "charge", "is_photon", "d0_significance"])
    assert found.pt == "pt"
    assert found.angles == ("deta", "dphi")
    assert found.masses == ("m2",)
    assert found.positive == ("pt",)
    assert found.discrete == {"charge", "is_photon"}


def test_hits_have_positions_and_no_rapidity() -> None:
    found = roles(["x", "y", "z", "energy", "time"])
    assert found == roles(["energy"])._replace(positions=("x", "y", "z"))
    assert not roles(["x", "y", "energy"]).positions
    assert not roles(["x", "y", "z"], particles=False).positions
    assert found.positive == ("energy",)
    assert found.eta is None


def test_a_charge_that_is_an_average_is_not_discrete() -> None:
    assert roles(["pt", "charge", "multiplicity"], particles=False).discrete == {"multiplicity"}


@pytest.mark.parametrize(
    ("name", "discrete"),
    [
        ("is_electron", True),
        ("isElectron", True),
        ("part_isPhoton", True),
        ("part_charge", True),
        ("numberOfPixelHits", True),
        ("n_tracks", True),
        ("multiplicity", True),
        ("isolation", False),
        ("nu", False),
        ("d0", False),
        ("charge_fraction", False),
    ],
)
def test_what_is_a_whole_number(name: str, discrete: bool) -> None:
    assert (name in roles([name]).discrete) is discrete


def test_one_angle_alone_is_none() -> None:
    assert roles(["pt", "deta"]).angles is None
