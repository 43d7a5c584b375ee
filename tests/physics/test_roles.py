from __future__ import annotations

import pytest

from jetlens.core.errors import BadValueError, UnknownNameError
from jetlens.physics.roles import check_declared, roles


def test_constituents() -> None:
    found = roles(["pt", "deta", "dphi", "m2", "charge", "is_photon", "d0_significance"])
    assert found.pt == "pt"
    assert found.angles == ("deta", "dphi")
    assert found.masses == ("m2",)
    assert found.positive == ("pt",)
    assert found.discrete == {"charge", "is_photon"}
    assert found.charge == "charge"
    assert found.impact == ("d0_significance",)
    assert found.measured == ()


def test_hits_have_positions_and_no_rapidity() -> None:
    found = roles(["x", "y", "z", "energy", "time"])
    assert found == roles(["energy"])._replace(positions=("x", "y", "z"), time="time")
    assert roles(["pt", "time"]).time is None
    assert not roles(["x", "y", "energy"]).positions
    assert not roles(["x", "y", "z"], particles=False).positions
    assert found.positive == ("energy",)
    assert found.eta is None
    assert found.measured == ("x", "y", "z", "time", "energy")


@pytest.mark.parametrize(
    "name",
    [
        *("d0_significance", "dz_significance", "d0", "z0SinTheta", "d_xy", "d_z", "part_d0"),
        *("part_d0val", "part_d0err", "part_dzval", "part_dzerr", "d0Uncertainty"),
        *("IP3D_signed_d0_significance", "IP3D_signed_z0_significance", "z0SinThetaUncertainty"),
        *("lifetimeSignedD0Significance", "lifetimeSignedZ0SinThetaSignificance"),
    ],
)
def test_impact_parameters_of_every_dataset(name: str) -> None:
    assert roles([name]).impact == (name,)
    assert roles([name], particles=False).impact == ()


@pytest.mark.parametrize("name", ["z", "dphi", "deta", "phiUncertainty", "d0_pull_of", "d"])
def test_what_is_no_impact_parameter(name: str) -> None:
    assert roles([name]).impact == ()


def test_momenta_along_the_axes() -> None:
    found = roles(["part_px", "part_py", "part_pz", "part_energy"])
    assert found.components == ("part_px", "part_py", "part_pz")
    assert roles(["px", "py"]).components is None
    assert roles(["px", "py", "pz"], particles=False).components is None
    own = roles(["a", "b", "c", "px", "py", "pz"], declared={"components": ["a", "b", "c"]})
    assert own.components == ("a", "b", "c")
    assert roles(["px", "py", "pz"], declared={"components": []}).components is None


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


def test_what_is_declared_is_taken_instead_of_names() -> None:
    names = ["momentum", "u", "v", "pt", "flag", "charge"]
    assert roles(names).pt == "pt"
    found = roles(names, declared={"pt": "momentum", "angles": ["u", "v"], "discrete": ["flag"]})
    assert found.pt == "momentum"
    assert found.angles == ("u", "v")
    assert found.discrete == {"flag"}
    assert found.masses == roles(names).masses
    assert roles(names, declared={"pt": ""}).pt is None
    assert roles(["x", "y", "z"], declared={"positions": []}).positions == ()
    own = roles(["q", "ip", "pv"], declared={"charge": "q", "impact": ["ip", "pv"]})
    assert (own.charge, own.impact) == ("q", ("ip", "pv"))


def test_what_is_declared_of_other_features_is_passed_over() -> None:
    assert roles(["pt", "deta", "dphi"], declared={"angles": ["u", "v"]}).angles == ("deta", "dphi")
    assert roles(["pt"], particles=False, declared={"positions": ["pt"]}).positions == ()


def test_discrete_features_may_be_of_several_collections() -> None:
    declared = {"discrete": ["flag", "kind"]}
    assert roles(["pt", "flag"], declared=declared).discrete == {"flag"}
    assert roles(["kind", "charge"], declared=declared).discrete == {"kind"}
    assert roles(["pt", "charge"], declared=declared).discrete == {"charge"}
    assert roles(["pt", "charge"], declared={"discrete": []}).discrete == frozenset()


@pytest.mark.parametrize(
    ("declared", "error", "told"),
    [
        ({"pT": "momentum"}, UnknownNameError, "role.*'pT'.*'pt'"),
        ({"pt": ["a", "b"]}, BadValueError, "role pt=.*expected 1"),
        ({"angles": "deta"}, BadValueError, "role angles='deta'.*expected 2"),
        ({"components": ["px", "py"]}, BadValueError, "role components=.*expected 3"),
        ({"positions": ["a", "b", "c", "d"]}, BadValueError, "role positions=.*expected 3"),
        ({"discrete": [1]}, BadValueError, "role discrete.*names of features"),
        ({"pt": 5}, BadValueError, "role pt=5: expected names of features"),
        (["pt"], BadValueError, "expected a table"),
    ],
)
def test_declarations_that_make_no_sense_are_refused(declared, error, told) -> None:
    with pytest.raises(error, match=told):
        check_declared(declared)
