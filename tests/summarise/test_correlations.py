from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import spearmanr

import jetlens as jl
from jetlens.core.errors import BadValueError, UnknownNameError, UnsupportedError
from jetlens.summarise.base import interval
from reference import gradient_summaries as reference
from synthetic import graded

VARYING = 5  # no particle is a muon


def particles(jets, values, own):
    real = jets["constituents_mask"].values
    return np.concatenate([values[j][real[j]] for j in own])[:, :VARYING].astype(float)


@pytest.mark.parametrize("method", ["pearson", "spearman"])
def test_they_are_numpys_and_scipys(method):
    jets = graded(200, 8, weighted=False)
    result = jl.summarise(jets, "correlations", misclassified=True, replicas=3)
    found = result.summary.matrices(result, method)
    after = jets["constituents_moved"].values[:, -1]
    moved = np.isfinite(after).any(axis=(1, 2))
    values = {
        "inputs": (jets["constituents_value"].values, np.ones(200, bool)),
        "gradients": (jets["constituents_score"].values, np.ones(200, bool)),
        "before": (jets["constituents_value"].values, moved),
        "after": (after, moved),
    }
    exact_of = np.corrcoef if method == "pearson" else lambda v: spearmanr(v.T).statistic
    exact = {}
    for kind, (value, there) in values.items():
        for g, (group, own) in enumerate(reference.groups(jets).items()):
            wanted = [j for j in own if there[j]]
            exact[kind, group] = exact_of(particles(jets, value, wanted).T)
            np.testing.assert_allclose(
                found[kind][g, :VARYING, :VARYING, 0], exact[kind, group], atol=2e-6
            )
    for g, group in enumerate(reference.groups(jets)):
        change = exact["after", group] - exact["before", group]
        np.testing.assert_allclose(found["change"][g, :VARYING, :VARYING, 0], change, atol=4e-6)


def test_features_that_do_not_vary_have_none():
    result = jl.summarise(graded(90, 8), "correlations", replicas=3, pairs=99)
    for method in ("pearson", "spearman"):
        for matrix in result.summary.matrices(result, method).values():
            assert np.isnan(matrix[:, VARYING]).all()
            assert np.isnan(matrix[:, :, VARYING]).all()
    numbers = result.numbers()
    assert "correlations.quark.inputs.pt.deta.pearson" in numbers
    assert not any("muon" in name for name in numbers)


def test_intervals_hold_the_truth():
    """Of independent particles with a known correlation, most intervals hold it."""
    truth, inside = 0.5, []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        jets = graded(150, 5, seed=seed)
        value = rng.multivariate_normal([0, 0], [[1, truth], [truth, 1]], size=(150, 5))
        full = jets["constituents_value"].values.copy()
        full[..., :2] = np.where(jets["constituents_mask"].values[..., None], value, np.nan)
        made = jets.assign(constituents_value=jets["constituents_value"].copy(data=full))
        result = jl.summarise(made, "correlations", features=["pt", "deta"])
        _, low, high = interval(result.summary.matrices(result)["inputs"][0, 0, 1])
        inside.append(low <= truth <= high)
    assert np.mean(inside) == pytest.approx(0.68, abs=0.17)


def test_ranks_of_a_sample_are_those_of_all_within_errors():
    jets = graded(600, 8)
    some = jl.summarise(jets, "correlations", ranked=150)
    every = jl.summarise(jets, "correlations", ranked=600)
    assert some.parts["ranked"].jets.sizes["jet"] == 150
    pairs = ([0, 0, 1], [1, 2, 2])
    a, b = (r.summary.matrices(r, "spearman")["gradients"][0][pairs] for r in (some, every))
    error = a[..., 1:].std(axis=-1)
    assert (np.abs(a - b)[..., 0] < 4 * error).all()
    assert (error > 1.4 * b[..., 1:].std(axis=-1)).all()  # of a quarter of the jets: twice


def test_numbers_are_the_largest_pairs():
    jets = graded(200, 8)
    score = jets["constituents_score"].values.copy()
    score[..., 2] = -score[..., 0] + 0.01 * score[..., 2]
    made = jets.assign(constituents_score=(jets["constituents_score"].dims, score))
    result = jl.summarise(made, "correlations", pairs=1)
    numbers = result.numbers()
    assert numbers["correlations.gluon.gradients.pt.dphi.pearson"]["value"] < -0.9
    assert numbers["correlations.gluon.gradients.pt.dphi.spearman"]["value"] < -0.9
    kinds = {tuple(n.split(".")[1:3]) for n in numbers}
    assert kinds == {
        (g, k) for g in ("all", "gluon", "quark") for k in ("inputs", "gradients", "change")
    }
    assert len(numbers) == 2 * len(kinds)


def test_few_moved_jets_have_no_change():
    jets = graded(200, 8)
    moved = np.isfinite(jets["constituents_moved"].values).any(axis=(1, 2, 3))
    few = jets.isel(jet=~moved | (np.cumsum(moved) <= 9))
    numbers = jl.summarise(few, "correlations", replicas=5).numbers()
    assert {n.split(".")[2] for n in numbers} == {"inputs", "gradients"}


def test_jets_that_were_not_moved_have_no_change():
    jets = graded(80).drop_vars(["constituents_moved", "scale"])
    result = jl.summarise(jets, "correlations", replicas=3)
    assert list(result.summary.matrices(result)) == ["inputs", "gradients"]
    assert result.sums.attrs["scale"] is None
    with pytest.raises(UnsupportedError, match="these jets were not moved"):
        jl.summarise(jets, "correlations", scale=1.0)


def test_jets_moved_to_where_they_flip_have_no_scale():
    jets = graded(80)
    flipped = jets.isel(scale=-1).drop_vars("scale")
    a = jl.summarise(jets, "correlations", replicas=3)
    b = jl.summarise(flipped, "correlations", replicas=3)
    assert b.sums.attrs["scale"] is None
    np.testing.assert_array_equal(a.sums["second"], b.sums["second"])


def test_the_scale_is_the_one_asked_for():
    jets = graded(80)
    small = jl.summarise(jets, "correlations", scale=0.5, replicas=3)
    alone = jl.summarise(jets.isel(scale=[0]), "correlations", replicas=3)
    np.testing.assert_array_equal(small.sums["second"], alone.sums["second"])
    with pytest.raises(BadValueError, match=r"scale=0\.7: expected one of 0\.5, 1"):
        jl.summarise(jets, "correlations", scale=0.7)


def test_nonsense_is_refused():
    jets = graded(20)
    with pytest.raises(UnknownNameError, match="did you mean 'deta'"):
        jl.summarise(jets, "correlations", features=["detta"])
    for options, words in (
        ({"features": "deta"}, "list of different names"),
        ({"features": ["deta", "deta"]}, "list of different names"),
        ({"ranked": 0}, "at least 1"),
        ({"pairs": -1}, "none or more"),
    ):
        with pytest.raises(BadValueError, match=words):
            jl.summarise(jets, "correlations", **options)
