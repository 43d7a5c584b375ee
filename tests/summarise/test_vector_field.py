from __future__ import annotations

import numpy as np
import pytest

import jetlens as jl
from jetlens.core.errors import BadValueError, UnknownNameError, UnsupportedError
from jetlens.summarise.sums.field import MOMENTS
from reference import gradient_summaries as reference
from synthetic import graded

PT, DETA, DPHI = 0, 1, 2


def with_gradient(jets, along_x, along_y):
    score = jets["constituents_score"].values.copy()
    score[..., DETA], score[..., DPHI] = along_x, along_y
    return jets.assign(constituents_score=(jets["constituents_score"].dims, score))


def angles(jets):
    return jets["constituents_value"].values[..., DETA], jets["constituents_value"].values[
        ..., DPHI
    ]


def test_flow_is_the_slow_twins():
    jets = graded(70, 8)
    result = jl.summarise(jets, "vector-field", misclassified=True)
    found = result.summary.flow(result)[..., 0]
    for g, own in enumerate(reference.groups(jets).values()):
        assert found[g] == pytest.approx(reference.flow(jets, own), rel=1e-5)


def test_means_in_cells_are_the_slow_twins():
    jets = graded(200, 8)
    result = jl.summarise(jets, "vector-field", bins=4)
    mean, _, _ = result.summary.field(result)
    x, y = result.summary.edges()
    for g, group in enumerate(("all", "gluon", "quark")):
        own = reference.groups(jets)[group]
        for row, column in ((1, 1), (2, 1), (2, 2)):
            corners = (x[column], y[row]), (x[column + 1], y[row + 1])
            exact = reference.mean_vector(jets, own, *corners)
            assert mean[:, g, row, column] == pytest.approx(exact, rel=1e-5)


def test_a_source_is_radial_and_a_whirl_tangential():
    jets = graded(120, 8)
    x, y = angles(jets)
    away = np.hypot(x, y)
    for along, wanted in (((x, y), (2, 0)), ((-x, -y), (-2, 0)), ((-y, x), (0, 2))):
        made = with_gradient(jets, 2 * along[0] / away, 2 * along[1] / away)
        numbers = jl.summarise(made, "vector-field").numbers()
        for group in ("all", "gluon", "quark"):
            start = f"vector_field.deta.dphi.{group}"
            for name, value in zip(("radial", "tangential"), wanted, strict=True):
                assert numbers[f"{start}.{name}"]["value"] == pytest.approx(value, abs=1e-5)
            assert numbers[f"{start}.length"]["value"] == pytest.approx(2, rel=1e-5)
            alignment = numbers[f"{start}.alignment"]["value"]
            assert alignment == pytest.approx(wanted[0] / 2, abs=1e-5)


def test_a_constant_gradient_is_the_same_in_every_cell_and_clear_of_noise():
    jets = graded(300, 10)
    result = jl.summarise(with_gradient(jets, 0.3, -0.1), "vector-field", bins=8)
    mean, _, density = result.summary.field(result)
    there = np.isfinite(mean[0])
    assert there.any()
    np.testing.assert_allclose(mean[0][there], 0.3, rtol=1e-5)
    np.testing.assert_allclose(mean[1][there], -0.1, rtol=1e-5)
    noise = 0.01 * np.random.default_rng(3).normal(size=(2, *jets["constituents_mask"].shape))
    noisy = jl.summarise(with_gradient(jets, 0.3 + noise[0], noise[1]), "vector-field", bins=8)
    chance = noisy.summary.field(noisy)[1][there]
    assert (chance < 0.1).all()  # where a few hard particles are nearly all
    assert np.median(chance) < 1e-6
    area = (0.8 / 8) ** 2
    inside = density[0].sum() * area
    assert 0.9 < inside <= 1


def test_cells_of_few_jets_have_no_arrow():
    result = jl.summarise(graded(60, 8), "vector-field")
    mean, chance, _ = result.summary.field(result)
    jets = result.sums["field"].values[:, MOMENTS.index("jets")]
    assert (jets[np.isfinite(mean[0])] >= 10).all()
    assert np.isnan(chance[jets < 10]).all()


def test_weights_are_shares_of_pt_of_energy_or_equal():
    jets = graded(60, 8)
    named = jl.summarise(jets, "vector-field", weight="pt")
    usual = jl.summarise(jets, "vector-field")
    np.testing.assert_array_equal(named.sums["flow"], usual.sums["flow"])
    equal = jl.summarise(jets, "vector-field", weight="none")
    mask = jets["constituents_mask"].values
    one = jets["constituents_value"].values.copy()
    one[..., PT] = 1.0
    alike = jets.assign(constituents_value=jets["constituents_value"].copy(data=one))
    flat = jl.summarise(alike, "vector-field")
    np.testing.assert_allclose(equal.sums["flow"], flat.sums["flow"])
    assert equal.sums.attrs["weight"] == ""
    names = [n if n != "pt" else "energy" for n in jets["constituents_feature"].values]
    hits = jets.assign_coords(constituents_feature=names)
    told = jets["constituents_value"].attrs["features"].replace('"pt"', '"energy"')
    hits["constituents_value"].attrs["features"] = told
    by_energy = jl.summarise(hits, "vector-field")
    np.testing.assert_array_equal(by_energy.sums["flow"], usual.sums["flow"])
    assert mask.any()


def test_planes_of_other_units_have_no_outside():
    jets = graded(80, 8)
    options = {"x": "pt", "x_range": [0, 50], "y": "deta"}
    result = jl.summarise(jets, "vector-field", **options)
    assert set(result.numbers()) == {
        f"vector_field.pt.deta.{group}.{what}"
        for group in ("all", "gluon", "quark")
        for what in ("length", "along_pt", "along_deta")
    }
    with pytest.raises(UnsupportedError, match="per GeV and per unit has no direction"):
        jl.summarise(graded(10, unit="physical"), "vector-field", **options)
    physical = jl.summarise(graded(80, 8, unit="physical"), "vector-field")  # rapidity and azimuth
    assert "vector_field.deta.dphi.all.radial" in physical.numbers()


def test_single_jets_are_the_same_in_any_order():
    jets = graded(100, 8)
    a = jl.summarise(jets, "vector-field", jets=3).parts["examples"].jets
    turned = jets.isel(jet=np.random.default_rng(4).permutation(100))
    b = jl.summarise(turned, "vector-field", jets=3).parts["examples"].jets
    assert list(a["row"].values) == list(b["row"].values)
    assert list(np.bincount(a["label"].values)) == [3, 3]
    jet = a.isel(jet=0)
    own = jets.isel(jet=int(jet["row"]))
    real = own["constituents_mask"].values
    np.testing.assert_allclose(
        jet["constituents_along_y"].values[: real.sum()],
        own["constituents_score"].values[real, DPHI],
    )
    assert float(jet["constituents_share"].sum()) == pytest.approx(1)


def test_nonsense_is_refused():
    jets = graded(10)
    for options, words in (
        ({"x_range": [1, 0]}, "where it begins and ends"),
        ({"y_range": [1]}, "where it begins and ends"),
        ({"y": "deta"}, "expected two features"),
        ({"bins": 0}, "at least 1"),
        ({"jets": -1}, "none or more"),
    ):
        with pytest.raises(BadValueError, match=words):
            jl.summarise(jets, "vector-field", **options)
    with pytest.raises(UnknownNameError, match=r"did you mean 'constituents\.deta'"):
        jl.summarise(jets, "vector-field", x="detta")
