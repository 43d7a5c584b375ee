from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from jetlens.physics import xaug
from jetlens.physics.kinematics import mass_of
from physics_particles import jets, momenta


def charges(n: int) -> np.ndarray:
    return np.random.default_rng(3).integers(-1, 2, n).astype(float)


def test_every_variable_is_described_finite_and_in_its_range() -> None:
    momentum, counts = jets([1, 2, 3, 4, 5, 60, 20, 1], seed=2)
    found = xaug.expert_variables(momentum, counts, charges(len(momentum)))
    assert list(found) == [v.feature.name for v in xaug.TABLE]
    for variable in xaug.TABLE:
        values = found[variable.feature.name]
        assert values.shape == (8,)
        assert np.isfinite(values).all(), variable
        assert (values >= variable.low - 1e-9).all(), variable
        assert (values <= variable.high + 1e-9).all(), variable
        assert variable.feature.label
        assert variable.meaning
    many = xaug.expert_variables(*jets(np.full(50, 30)), charges(1500))
    for name, values in many.items():
        assert name == "multiplicity" or len(np.unique(values)) > 40, name


def test_no_jets_have_no_variables() -> None:
    found = xaug.expert_variables(np.zeros((0, 4)), np.zeros(0, dtype=int), np.zeros(0))
    assert {values.shape for values in found.values()} == {(0,)}


def test_jets_of_one_particle() -> None:
    momentum = momenta(np.array([30.0]), np.array([0.7]), np.array([2.0]), 0.14)
    found = xaug.expert_variables(momentum, np.array([1]), np.array([-1.0]))
    value = {name: values[0] for name, values in found.items()}
    assert value["pt"] == value["sdpt"] == value["subjet1_pt"] == pytest.approx(30)
    assert value["eta"] == pytest.approx(0.7)
    assert value["mass"] == pytest.approx(0.14, rel=1e-6)
    assert value["ptd"] == pytest.approx(1)
    assert value["jet_charge"] == pytest.approx(-1)
    for name in ("zg", "rg", "tau1", "tau21", "c2", "d2", "n2", "subjet2_pt", "subjet2_mass"):
        assert value[name] == 0, name
    for name in ("girth", "subjet1_deta", "subjet1_dphi", "subjet2_deta", "subjet2_dphi"):
        assert value[name] == pytest.approx(0, abs=1e-9), name


def test_sums_over_particles_are_those_of_loops() -> None:
    momentum, counts = jets([4, 1, 9], at=np.pi)
    charge = charges(len(momentum))
    found = xaug.expert_variables(momentum, counts, charge)
    start = 0
    for k, n in enumerate(counts):
        some, q = momentum[start : start + n], charge[start : start + n]
        start += n
        whole = some.sum(axis=0)
        jet_pt = np.hypot(*whole[:2])
        pt = [np.hypot(*p[:2]) for p in some]
        assert found["pt"][k] == pytest.approx(jet_pt)
        assert found["mass"][k] == pytest.approx(mass_of(whole), abs=1e-4)
        assert found["ptd"][k] == pytest.approx(sum(x**2 for x in pt) ** 0.5 / sum(pt))
        powers = [c * (x / jet_pt) ** 0.5 for c, x in zip(q, pt, strict=True)]
        assert found["jet_charge"][k] == pytest.approx(sum(powers))
        girth = 0.0
        for p, x in zip(some, pt, strict=True):
            turn = np.angle(complex(*p[:2]) / complex(*whole[:2]))
            girth += x * np.hypot(np.arctanh(p[2] / p[3]) - np.arctanh(whole[2] / whole[3]), turn)
        assert found["girth"][k] == pytest.approx(girth / jet_pt, abs=1e-9)


def test_prongs_are_found_where_they_are() -> None:
    rng = np.random.default_rng(5)
    eta = np.concatenate([rng.normal(0.0, 0.01, 15), rng.normal(0.5, 0.01, 15)])
    phi = np.concatenate([rng.normal(0.0, 0.01, 15), rng.normal(-0.3, 0.01, 15)])
    pt = np.concatenate([np.full(15, 10.0), np.full(15, 5.0)])
    found = xaug.expert_variables(momenta(pt, eta, phi), np.array([30]), np.zeros(30))
    value = {name: values[0] for name, values in found.items()}
    assert value["subjet1_pt"] == pytest.approx(150, rel=1e-3)
    assert value["subjet2_pt"] == pytest.approx(75, rel=1e-3)
    assert value["zg"] == pytest.approx(1 / 3, rel=1e-2)
    assert value["rg"] == pytest.approx(np.hypot(0.5, 0.3), rel=2e-2)
    assert value["subjet2_deta"] - value["subjet1_deta"] == pytest.approx(0.5, abs=0.02)
    assert value["subjet2_dphi"] - value["subjet1_dphi"] == pytest.approx(-0.3, abs=0.02)
    assert value["tau21"] < 0.1
    assert value["d2"] < 1


def test_turning_the_event_about_the_beam_changes_nothing() -> None:
    one = xaug.expert_variables(*jets([20, 12]), charges(32))
    other = xaug.expert_variables(*jets([20, 12], at=3.0), charges(32))
    for name, values in one.items():
        np.testing.assert_allclose(values, other[name], rtol=1e-5, atol=1e-6, err_msg=name)


def test_the_page_lists_them_all() -> None:
    page = (Path(__file__).parents[2] / "docs" / "jets.md").read_text(encoding="utf-8")
    for variable in xaug.TABLE:
        row = f"| `{variable.feature.name}` | {variable.feature.unit} |"
        assert row in page
        (line,) = (text for text in page.splitlines() if text.startswith(row))
        assert line.endswith(f"| {variable.meaning} | {variable.paper} |")
