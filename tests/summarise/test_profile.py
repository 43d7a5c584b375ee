from __future__ import annotations

import numpy as np
import pytest

import jetlens as jl
from jetlens.core.errors import BadValueError, UnsupportedError
from reference import profile as reference
from synthetic import attribution


def profile(scores, /, **options):
    return jl.summarise(scores, "profile", **options)


@pytest.fixture(scope="module")
def jets():
    return attribution(300, image=True)


def check(table, exact_of, edges):
    """Compare a table's groups with the slow twin's."""
    compared = 0
    for group in ("all", "b", "tau"):
        one = table.sel(group=group)
        for k, (weight, mean, spread) in enumerate(exact_of(edges, group)):
            assert float(one["count"][k]) == pytest.approx(weight)
            if np.isfinite(one["mean"][k]):
                assert float(one["mean"][k]) == pytest.approx(mean, rel=1e-5, abs=1e-7)
                assert float(one["spread"][k]) == pytest.approx(spread, rel=1e-4, abs=1e-6)
                compared += 1
    assert compared >= 9


@pytest.mark.parametrize("name", ["jets.eta_btagJes", "tracks.deta", "tracks.d0"])
def test_found_bins_hold_what_the_slow_twin_counts(jets, name):
    result = profile(jets, variables=name)
    table = result.summary.table(result, name)
    edges = table["edges"].values
    assert 5 <= len(edges) - 1 <= 24
    np.testing.assert_allclose(np.diff(edges), edges[1] - edges[0])
    home, feature = name.split(".")
    check(table, lambda e, g: reference.profile(jets, home, feature, e, g), edges)


def test_of_few_jets_there_are_few_bins(jets):
    many = {}
    for n in (40, 300):
        result = profile(jets.isel(jet=slice(0, n)), variables="eta_btagJes")
        many[n] = result.summary.table(result, "jets.eta_btagJes").sizes["bin"]
    assert many[40] <= 4 < many[300] <= 10  # some thirty jets a bin


def test_a_rare_yes_has_a_bin_of_its_own(jets):
    values = np.zeros((300, 2), np.float32)
    values[7, 1] = 1.0
    rare = jets.copy()
    rare["jets_value"] = (jets["jets_value"].dims, values, jets["jets_value"].attrs)
    result = profile(rare, variables=["eta_btagJes", "pt_btagJes"])
    table = result.summary.table(result, "jets.eta_btagJes").sel(group="all")
    assert float(table["count"][-1]) == pytest.approx(float(jets["weight"][7]))
    assert float(table["at"][-1]) == pytest.approx(1, abs=1e-6)
    constant = result.summary.table(result, "jets.pt_btagJes")
    assert constant.sizes["bin"] == 1
    jl.draw(result)


def test_given_bins_hold_what_the_slow_twin_counts(jets):
    edges = [2e4, 4e4, 7e4, 2e5]  # MeV, as in the file
    result = profile(jets, variables="pt_btagJes", edges=edges)
    table = result.summary.table(result, "jets.pt_btagJes")
    np.testing.assert_allclose(table["edges"].values, [20, 40, 70, 200])  # GeV, as it is shown
    check(table, lambda e, g: reference.profile(jets, "jets", "pt_btagJes", edges, g), edges)


def test_points_stand_where_the_entries_are(jets):
    result = profile(jets, variables="numberOfPixelHits")
    table = result.summary.table(result, "tracks.numberOfPixelHits").sel(group="all")
    filled = table["count"].values > 0
    at = table["at"].values[filled][:-1]  # the last bin holds what lies beyond it, too
    np.testing.assert_allclose(at, np.arange(len(at)), atol=1e-6)
    assert len(at) >= 4


def test_scores_are_divided_as_asked(jets):
    plain, most = (profile(jets, variables="d0", normalise=n) for n in ("none", "max"))
    doubled = jets.copy()
    for name in ("tracks_score", "jets_score", "image_score"):
        doubled[name] = (jets[name].dims, 2 * jets[name].values)
    for result, factor in ((plain, 2), (most, 1)):
        again = profile(doubled, variables="d0", normalise=result.summary.normalise)
        a, b = (r.summary.table(r, "tracks.d0")["mean"].values for r in (result, again))
        np.testing.assert_allclose(b, factor * a, rtol=1e-6)


def test_errors_are_those_of_a_mean():
    jets = attribution(4000, weighted=False).assign(event=("jet", np.arange(4000)))
    result = profile(jets, variables="eta_btagJes", edges=[-2.5, 0.0, 2.5], replicas=300)
    table = result.summary.table(result, "jets.eta_btagJes").sel(group="all")
    half = (table["high"] - table["low"]) / 2
    expected = table["spread"] / np.sqrt(table["count"])
    np.testing.assert_allclose(half, expected, rtol=0.2)


def with_score(jets, function):
    eta = jets["jets_value"].values[:, 1].astype(np.float64)
    scores = jets["jets_score"].values.copy()
    scores[:, 1] = function(eta, np.random.default_rng(0).normal(size=len(eta)))
    found = jets.copy()
    found["jets_score"] = (jets["jets_score"].dims, scores)
    return found


@pytest.mark.parametrize(
    ("function", "share"),
    [
        (lambda eta, noise: 3 * eta, 1.0),
        (lambda eta, noise: eta**2 + noise * np.std(eta**2), 0.5),
        (lambda eta, noise: noise, 0.0),
    ],
)
def test_the_share_that_a_variable_explains_of_its_own_relevance(function, share):
    jets = with_score(attribution(3000, weighted=False), function)
    number = profile(jets, variables="eta_btagJes").numbers()[
        "profile.all.jets.eta_btagJes.explained"
    ]
    assert number["low"] - 0.02 <= share <= number["high"] + 0.02
    assert number["value"] == pytest.approx(share, abs=0.03)


def test_the_mean_is_among_the_numbers(jets):
    number = profile(jets).numbers()["profile.b.jets.eta_btagJes.mean"]
    b = jets["label"].values == 0
    exact = np.average(jets["jets_score"].values[b, 1], weights=jets["weight"].values[b])
    assert number["value"] == pytest.approx(exact, rel=1e-5)
    assert number["low"] < exact < number["high"]


def test_a_constant_relevance_has_no_variance_to_explain():
    jets = with_score(attribution(200), lambda eta, noise: 0 * eta + 0.1)
    numbers = profile(jets).numbers()
    assert "profile.all.jets.eta_btagJes.mean" in numbers
    assert "profile.all.jets.eta_btagJes.explained" not in numbers


def test_values_that_are_not_finite_are_left_out(jets):
    values = jets["jets_value"].values.copy()
    values[:3, 1] = [np.nan, np.inf, -np.inf]
    holed = jets.copy()
    holed["jets_value"] = (jets["jets_value"].dims, values, jets["jets_value"].attrs)
    result = profile(holed, variables="eta_btagJes")
    assert result.sums["undefined"].values.tolist() == [3]
    table = result.summary.table(result, "jets.eta_btagJes").sel(group="all")
    assert float(table["count"].sum()) == pytest.approx(float(jets["weight"][3:].sum()))


def test_the_variables_are_the_jets_where_none_is_named(jets):
    assert list(profile(jets).sums["variable"].values) == ["jets.pt_btagJes", "jets.eta_btagJes"]
    tracks = jets.drop_vars(["jets_score"])  # values alone, no input
    assert "tracks.d0" in profile(tracks).sums["variable"].values
    assert "jets.pt_btagJes" not in profile(tracks).sums["variable"].values


def test_what_is_missing_is_told(jets):
    with pytest.raises(jl.JetlensError, match="did you mean 'deta'"):
        profile(jets, variables="detta")
    with pytest.raises(jl.JetlensError, match=r"did you mean 'tracks\.d0'"):
        profile(jets, variables="trakcs.d0")
    with pytest.raises(UnsupportedError, match="has no 'constituents'"):
        profile(jets, variables="constituents.pt")
    with pytest.raises(UnsupportedError, match=r"jets\.eta_btagJes is no input of this tagger"):
        profile(jets.drop_vars(["jets_score"]), variables="eta_btagJes")
    with pytest.raises(UnsupportedError, match="images alone"):
        images = jets[[v for v in jets if not str(v).startswith(("tracks", "jets"))]]
        profile(images)
    with pytest.raises(BadValueError, match="one variable that they belong to"):
        profile(jets, edges=[0.0, 1.0])
    with pytest.raises(BadValueError, match="increase"):
        profile(jets, variables="d0", edges=[1.0, 0.0])
    with pytest.raises(BadValueError, match="bins=1"):
        profile(jets, bins=1)
