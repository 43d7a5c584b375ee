from __future__ import annotations

import numpy as np
import pytest

import jetlens as jl
from jetlens.core.errors import BadValueError, UnknownNameError, UnsupportedError
from jetlens.summarise.box import PROBABILITIES
from jetlens.summarise.sums.edges import EDGES, bin_of
from reference import box as reference
from synthetic import attribution


def check(table, inner, exact):
    """Compare medians and quartiles with those of lists of values."""
    compared = 0
    for (group, name), values in exact.items():
        if len(values) < 5:
            continue
        found = table["value"].sel({"group": group, inner: name}).values
        wanted = np.quantile(values, PROBABILITIES)
        assert np.abs(found - wanted).max() <= 0.01 * (wanted[3] - wanted[1]) + 1e-12, (group, name)
        compared += 1
    assert compared > 20


@pytest.mark.parametrize(
    ("select", "normalise"), [("all", "none"), ("correct", "sum"), ("all", "abs")]
)
def test_boxes_by_variable_are_those_of_the_slow_twin(select, normalise):
    jets = attribution(300, weighted=False)
    result = jl.summarise(jets, "box", select=select, normalise=normalise)
    check(
        result.summary.quantiles(result),
        "variable",
        reference.by_variable(jets, select, normalise),
    )


@pytest.mark.parametrize("normalise", ["sum", "none"])
def test_boxes_by_value_are_those_of_the_slow_twin(normalise):
    jets = attribution(600, weighted=False)
    edges = [-4.0, -1.0, 0.0, 1.0, 2.0, 8.0]
    result = jl.summarise(
        jets, "box", by=["label", "IP3D_signed_d0_significance"], edges=edges, normalise=normalise
    )
    exact = reference.by_value(jets, "all", normalise, "IP3D_signed_d0_significance", edges)
    table = result.summary.quantiles(result)
    labels = [str(b) for b in table["bin"].values]
    assert labels == ["-4_to_-1", "-1_to_0", "0_to_1", "1_to_2", "2_to_8"]
    check(table, "bin", {(g, labels[k]): v for (g, k), v in exact.items()})


def test_values_by_origin_count_every_track_of_the_jets_used():
    jets = attribution(200)
    result = jl.summarise(jets, "box", by="d0", normalise="none")
    mask = jets["tracks_mask"].values
    weight = np.broadcast_to(jets["weight"].values[:, None], mask.shape)
    for origin in (2, 3, 7):
        here = mask & (jets["tracks_origin"].values == origin)
        counted = float(result.sums["values"].values[origin].sum())
        assert counted == pytest.approx(weight[here].sum())
    fine = np.asarray(result.sums.attrs["fine_edges"])
    here = mask & (jets["tracks_origin"].values == 2)
    column = list(jets["tracks_feature"].values).index("d0")
    d0 = jets["tracks_value"].values[..., column][here].astype(np.float64)
    exact = np.histogram(d0.clip(-3.5, 3.49999), fine, weights=weight[here])[0]
    np.testing.assert_allclose(result.sums["values"].values[2], exact, rtol=1e-9)


def test_groups_follow_by():
    jets = attribution(60)
    with_label = jl.summarise(jets, "box", by=["label", "deta"])
    without = jl.summarise(jets, "box", by=["deta"])
    assert list(with_label.sums["group"].values) == ["all", "b", "c", "u", "tau", "not_positive"]
    assert list(without.sums["group"].values) == ["all", "not_positive"]
    assert jl.summarise(jets, "box", by="deta") == without


def test_a_variable_of_the_jets_has_no_origins():
    jets = attribution(400, weighted=False)
    result = jl.summarise(jets, "box", by=["label", "pt_btagJes"], normalise="none")
    assert "values" not in result.sums
    pt, score = jets["jets_value"].values[:, 0], jets["jets_score"].values[:, 0]
    inside = (pt >= 5e4) & (pt < 7e4)
    found = result.summary.quantiles(result)["value"].sel(group="all", bin="50000_to_70000")
    exact = np.quantile(score[inside], PROBABILITIES)
    assert np.abs(found.values - exact).max() < 0.01 * (exact[3] - exact[1])


def test_numbers_have_intervals():
    numbers = jl.summarise(attribution(500), "box", by=["label", "d0"]).numbers()
    number = numbers["box.d0.all.0.1_to_0.2.median"]
    assert number["low"] < number["value"] < number["high"]
    # of a handful of jets there is none
    assert not [n for n in numbers if n.startswith("box.d0.not_positive.-3.5")]
    assert "box.b.d0.q75" in jl.summarise(attribution(500), "box").numbers()


def test_the_interval_of_a_median_is_as_wide_as_it_should_be():
    jets = attribution(4000, weighted=False).assign(event=("jet", np.arange(4000)))
    rng = np.random.default_rng(0)
    values = rng.normal(size=4000)
    jets["jets_score"].values[:, 1] = values
    numbers = jl.summarise(jets, "box", normalise="none", replicas=300).numbers()
    found = numbers["box.all.eta_btagJes.median"]
    assert found["value"] == pytest.approx(np.median(values), abs=0.005)
    expected = 1.2533 / np.sqrt(4000)  # standard error of the median of a Gaussian
    assert (found["high"] - found["low"]) / 2 == pytest.approx(expected, rel=0.3)


def test_bins_are_known_or_asked_for():
    with pytest.raises(BadValueError, match="give edges"):
        jl.summarise(attribution(5), "box", by="part_pt")
    with pytest.raises(BadValueError, match="increase"):
        jl.summarise(attribution(5), "box", by="d0", edges=[1.0, 0.0])
    with pytest.raises(BadValueError, match="at most one feature"):
        jl.summarise(attribution(5), "box", by=["d0", "deta"])
    with pytest.raises(jl.JetlensError, match="did you mean 'deta'"):
        jl.summarise(attribution(5), "box", by="Deta", edges=[0.0, 1.0])


def test_a_bin_includes_its_lower_end_and_the_outermost_hold_the_rest():
    edges = np.array([0.0, 1.0, 2.0, 4.0])
    found = bin_of(np.array([-5.0, 0.0, 0.5, 1.0, 1.99, 2.0, 4.0, 90.0]), edges)
    np.testing.assert_array_equal(found, [0, 0, 0, 1, 1, 2, 2, 2])


def test_known_bins_increase_and_belong_to_known_variables():
    from jetlens.data.readers.ftag_variables import FEATURES

    for name, edges in EDGES.items():
        assert (np.diff(edges) > 0).all(), name
        assert name in FEATURES


def test_a_collection_that_is_not_there_is_told():
    jets = attribution(5)
    with pytest.raises(UnknownNameError, match="'track': did you mean 'tracks'"):
        jl.summarise(jets, "box", by="d0", collection="track")
    with pytest.raises(UnsupportedError, match="no collection 'hits', but"):
        jl.summarise(jets, "box", by="d0", collection="hits")
    assert jl.summarise(jets, "box", by="pt_btagJes").sums.attrs["home"] == "jets"
