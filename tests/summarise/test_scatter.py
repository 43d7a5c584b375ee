from __future__ import annotations

import numpy as np
import pytest

import jetlens as jl
from jetlens.core.attribution import concatenate
from jetlens.core.errors import BadValueError, UnsupportedError
from jetlens.core.hashing import mix
from jetlens.summarise.trainings.ensemble import Ensemble, Member
from synthetic import attribution

TWO = ("background", "signal")


def scatter(scores, /, **options):
    return jl.summarise(scores, "scatter", **options)


def decided(jets, shift=0.0, noise=0.0, width=0.05):
    """Return jets whose score is high where z is above 0.5 + shift, apart from noise.

    The square root of z is uniform.
    """
    n = jets.sizes["jet"]
    rng = np.random.default_rng(8)  # the same jets whatever the shift
    values = np.stack([rng.random(n) ** 2, rng.normal(size=n)], axis=1)
    logit = (values[:, 0] - 0.5 - shift) / width + noise * rng.normal(size=n)
    found = jets.copy()
    found["jets_value"] = (jets["jets_value"].dims, values, jets["jets_value"].attrs)
    found["output"] = (jets["output"].dims, np.stack([np.zeros(n), logit], axis=1))
    return found


@pytest.fixture(scope="module")
def jets():
    return attribution(3000, 2, classes=TWO, weighted=False)


def test_the_first_two_variables_of_the_jets_are_taken(jets):
    result = scatter(jets)
    names = [f["name"] for f in result.sums.attrs["features"]]
    assert names == ["pt_btagJes", "eta_btagJes"]
    turned = scatter(jets, x="eta_btagJes", y="jets.pt_btagJes")
    assert [f["name"] for f in turned.sums.attrs["features"]] == names[::-1]
    assert scatter(jets, x="eta_btagJes").sums.attrs["features"] == turned.sums.attrs["features"]
    assert scatter(jets, y="eta_btagJes").sums.attrs["features"] == result.sums.attrs["features"]


@pytest.mark.parametrize(
    ("classes", "of"), [(TWO, "signal"), (("qcd", "zz"), "zz"), (("b", "c", "u"), "b")]
)
def test_the_score_is_a_probability(classes, of):
    jets = attribution(50, classes=classes)
    result = scatter(jets)
    assert result.sums.attrs["of"] == of
    kept = result.parts["examples"].jets
    output = jets["output"].values[kept["row"].values]
    exact = np.exp(output) / np.exp(output).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(kept["score"], exact[:, classes.index(of)])
    other = scatter(jets, of=classes[0]).parts["examples"].jets
    np.testing.assert_allclose(other["score"], exact[:, 0])


def test_the_sample_are_the_jets_of_the_smallest_hash_whatever_their_class():
    jets = attribution(300, absent=("tau", "u"))
    kept = scatter(jets, jets=40).parts["examples"].jets
    row, event = (jets[n].values for n in ("row", "event"))
    drawn = mix(mix(row).view(np.int64) ^ event)
    np.testing.assert_array_equal(kept["row"], row[np.argsort(drawn)[:40]])
    pt = jets["jets_value"].values[kept["row"].values, 0] / 1000  # GeV
    np.testing.assert_allclose(kept["x"], pt, rtol=1e-6)


def test_darkness_is_the_relevance_of_the_two_or_of_all(jets):
    few = jets.isel(jet=slice(0, 30))
    kept = scatter(few).parts["examples"].jets
    exact = np.abs(few["jets_score"].values).sum(axis=1)[kept["row"].values]
    np.testing.assert_allclose(kept["relevance"], exact)
    bare = few.drop_vars("jets_score")
    result = scatter(bare, normalise="max")
    kept = result.parts["examples"].jets
    sizes = np.nan_to_num(np.abs(few["tracks_score"].values))
    most = sizes.max(axis=(1, 2))
    exact = (sizes.sum(axis=(1, 2)) / np.where(most > 0, most, 1))[kept["row"].values]
    np.testing.assert_allclose(kept["relevance"], exact)
    assert result.sums.attrs["relevance"] == "all inputs"


def test_two_variables_that_decide_explain_the_score(jets):
    numbers = scatter(decided(jets)).numbers()
    explained = numbers["scatter.pt_btagJes.eta_btagJes.explained"]
    assert 0.95 < explained["value"] <= 1
    assert explained["low"] <= explained["value"] <= explained["high"]
    assert numbers["scatter.pt_btagJes.eta_btagJes.agreement"]["value"] > 0.97
    other = scatter(decided(jets, noise=1000.0)).numbers()
    assert other["scatter.pt_btagJes.eta_btagJes.explained"]["value"] < 0.03
    noisy = other["scatter.pt_btagJes.eta_btagJes.agreement"]["value"]
    assert noisy == pytest.approx(0.55, abs=0.06)


def test_the_boundary_is_where_the_score_changes_sides(jets):
    result = scatter(decided(jets, shift=0.1))
    surface = result.summary.surface(result)
    columns = 0.5 * (surface.window.edges[0][1:] + surface.window.edges[0][:-1]) * 1000  # MeV
    middle = surface.weight.sum(axis=1) > 60
    crossing = [np.interp(0.5, row, columns) for row in surface.score[middle][..., 0]]
    np.testing.assert_allclose(crossing, 0.6, atol=0.03)


def test_disagreement_is_the_share_of_jets_between_boundaries(jets):
    shifts = {"a": (0.0, 0.0, 0.0), "b": (-0.1, 0.0, 0.1)}
    members = [
        Member({"model": model}, k, scatter(decided(jets, shift, width=0.01), replicas=5))
        for model, every in shifts.items()
        for k, shift in enumerate(every)
    ]
    numbers = Ensemble(tuple(members)).numbers()
    name = "scatter.{}.pt_btagJes.eta_btagJes.{}"
    assert numbers[name.format("a", "disagreement")]["value"] == 0
    below = np.sqrt([0.4, 0.5, 0.6])
    pairs = [below[1] - below[0], below[2] - below[1], below[2] - below[0]]
    found = numbers[name.format("b", "disagreement")]
    assert found["value"] == pytest.approx(np.mean(pairs), abs=0.01)
    assert found["high"] - found["value"] == pytest.approx(np.std(pairs), abs=0.01)
    assert numbers[name.format("b", "explained")]["value"] > 0.9


def test_partitions_of_another_range_merge():
    a = attribution(300, classes=TWO)
    b = decided(attribution(300, classes=TWO, start=300))
    parts, whole = scatter(a) + scatter(b), scatter(concatenate([a, b]))
    np.testing.assert_array_equal(parts.parts["plane"].place, whole.parts["plane"].place)
    np.testing.assert_allclose(parts.parts["plane"].content, whole.parts["plane"].content)


def test_values_that_are_not_finite_are_left_out(jets):
    holed = jets.isel(jet=slice(0, 50)).copy(deep=True)
    holed["jets_value"].values[:2, 0] = [np.nan, np.inf]
    result = scatter(holed)
    assert int(result.sums["undefined"]) == 2
    assert result.parts["examples"].jets.sizes["jet"] == 48


def test_what_is_missing_is_told(jets):
    with pytest.raises(BadValueError, match="two different variables"):
        scatter(jets, x="eta_btagJes", y="jets.eta_btagJes")
    with pytest.raises(jl.JetlensError, match="did you mean 'eta_btagJes'"):
        scatter(jets, x="eta_btagJet")
    with pytest.raises(UnsupportedError, match=r"tracks\.d0 is a variable of particles"):
        scatter(jets, x="d0")
    with pytest.raises(jl.JetlensError, match="did you mean 'signal'"):
        scatter(jets, of="signals")
    with pytest.raises(UnsupportedError, match="has none"):
        scatter(jets.drop_vars(["jets_score", "jets_value"]))
    with pytest.raises(BadValueError, match="bins=2"):
        scatter(jets, bins=2)
    with pytest.raises(BadValueError, match="smooth=0"):
        scatter(jets, smooth=0)
