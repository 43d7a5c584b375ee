from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import spearmanr

import jetlens as jl
from jetlens.core.errors import BadValueError, UnknownNameError, UnsupportedError
from jetlens.summarise.estimates import interval
from reference import gradient_summaries as reference
from synthetic import graded

VARYING = 5  # no particle is a muon


def particles(jets, values, own):
    real = jets["constituents_mask"].values
    return np.concatenate([values[j][real[j]] for j in own])[:, :VARYING].astype(float)


def still(*arguments, **options):
    """Return gradients of jets that were not moved."""
    return graded(*arguments, **options).drop_vars(["constituents_moved", "scale"])


@pytest.mark.parametrize("method", ["pearson", "spearman"])
def test_they_are_numpys_and_scipys(method):
    jets = graded(200, 8, weighted=False)
    after = jets["constituents_moved"].values[:, -1]
    moved = np.isfinite(after).any(axis=(1, 2))
    value, score = (jets[f"constituents_{n}"].values for n in ("value", "score"))
    exact_of = np.corrcoef if method == "pearson" else lambda v: spearmanr(v.T).statistic
    for sides, of, there, (first, second) in (
        (("inputs", "gradients"), still(200, 8), moved | True, (value, score)),
        (("before", "after"), jets, moved, (value, after)),
    ):
        of = of.assign(weight=("jet", np.ones(200)))
        result = jl.summarise(of, "correlations", misclassified=True, replicas=3)
        found = result.summary.matrices(result, method)
        for g, own in enumerate(reference.groups(jets).values()):
            wanted = [j for j in own if there[j]]
            both = [particles(jets, v, wanted) for v in (first, second)]
            exact = exact_of(np.concatenate(both, axis=1).T)
            low, high = slice(0, VARYING), slice(VARYING, None)
            for kind, rows, columns in (
                (sides[0], low, low),
                (sides[1], high, high),
                ("against", low, high),
            ):
                mine = found[kind][g, :VARYING, :VARYING, 0]
                np.testing.assert_allclose(mine, exact[rows, columns], atol=2e-6)
            if "after" in sides:
                change = exact[high, high] - exact[low, low]
                mine = found["change"][g, :VARYING, :VARYING, 0]
                np.testing.assert_allclose(mine, change, atol=4e-6)


def test_features_that_do_not_vary_have_none():
    result = jl.summarise(still(90, 8), "correlations", replicas=3, pairs=99)
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
        jets = still(150, 5, seed=seed)
        value = rng.multivariate_normal([0, 0], [[1, truth], [truth, 1]], size=(150, 5))
        full = jets["constituents_value"].values.copy()
        full[..., :2] = np.where(jets["constituents_mask"].values[..., None], value, np.nan)
        made = jets.assign(constituents_value=jets["constituents_value"].copy(data=full))
        result = jl.summarise(made, "correlations", features=["pt", "deta"])
        _, low, high = interval(result.summary.matrices(result)["inputs"][0, 0, 1])
        inside.append(low <= truth <= high)
    assert np.mean(inside) == pytest.approx(0.68, abs=0.17)


def test_ranks_of_a_sample_are_those_of_all_within_errors():
    jets = still(600, 8)
    some = jl.summarise(jets, "correlations", ranked=150)
    every = jl.summarise(jets, "correlations", ranked=600)
    assert some.parts["ranked"].jets.sizes["jet"] == 150
    pairs = ([0, 0, 1], [1, 2, 2])
    a, b = (r.summary.matrices(r, "spearman")["gradients"][0][pairs] for r in (some, every))
    error = a[..., 1:].std(axis=-1)
    assert (np.abs(a - b)[..., 0] < 4 * error).all()
    assert (error > 1.4 * b[..., 1:].std(axis=-1)).all()  # of a quarter of the jets: twice


def test_numbers_are_the_largest_pairs():
    jets = still(200, 8)
    score = jets["constituents_score"].values.copy()
    score[..., 2] = -score[..., 0] + 0.01 * score[..., 2]
    made = jets.assign(constituents_score=(jets["constituents_score"].dims, score))
    result = jl.summarise(made, "correlations", pairs=1)
    numbers = result.numbers()
    assert numbers["correlations.gluon.gradients.pt.dphi.pearson"]["value"] < -0.9
    assert numbers["correlations.gluon.gradients.pt.dphi.spearman"]["value"] < -0.9
    assert numbers["correlations.gluon.against.pt.pt.pearson"]["value"] > 0.1
    kinds = {tuple(n.split(".")[1:3]) for n in numbers}
    groups = ("all", "gluon", "quark")
    assert kinds == {(g, k) for g in groups for k in ("inputs", "gradients", "against")}
    # of both methods: one pair of each kind, and each feature that varies against its gradient
    assert len(numbers) == 2 * (len(kinds) + VARYING * len(groups))


def test_before_against_after_is_one_where_nothing_moves():
    numbers = jl.summarise(graded(300, 8), "correlations", replicas=5, scale=0.5).numbers()
    for method in ("pearson", "spearman"):
        held = numbers[f"correlations.quark.against.charge.charge.{method}"]
        assert held == pytest.approx({"value": 1, "low": 1, "high": 1})
        assert 0.9 < numbers[f"correlations.quark.against.pt.pt.{method}"]["value"] < 1 - 1e-6
    assert {n.split(".")[2] for n in numbers} == {"after", "change", "against"}


def test_few_moved_jets_have_none():
    jets = graded(200, 8)
    moved = np.isfinite(jets["constituents_moved"].values).any(axis=(1, 2, 3))
    few = jets.isel(jet=~moved | (np.cumsum(moved) <= 9))
    assert jl.summarise(few, "correlations", replicas=5).numbers() == {}


def test_jets_that_were_not_moved_have_gradients():
    result = jl.summarise(still(80), "correlations", replicas=3, scale=1.0)
    assert list(result.summary.matrices(result)) == ["inputs", "gradients", "against"]
    assert result.sums.attrs["scale"] is None
    with pytest.raises(UnsupportedError, match="'lrp' are no gradients"):
        jl.summarise(still(80).assign_attrs(method="lrp", options="{}"), "correlations")


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
    with pytest.raises(UnknownNameError, match="did you mean 'constituents'"):
        jl.summarise(jets, "correlations", collection="constituent")
    for options, words in (
        ({"features": "deta"}, "list of different names"),
        ({"features": ["deta", "deta"]}, "list of different names"),
        ({"ranked": 0}, "at least 1"),
        ({"pairs": -1}, "none or more"),
    ):
        with pytest.raises(BadValueError, match=words):
            jl.summarise(jets, "correlations", **options)
