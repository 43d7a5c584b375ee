from __future__ import annotations

import numpy as np
import pytest

import jetlens as jl
from jetlens.core import attention
from jetlens.core.errors import UnknownNameError, UnsupportedError
from reference import attention_summaries as reference
from synthetic import attended

MAP = "attention_constituents_constituents"


@pytest.mark.parametrize("order", ["listed", "pt_frac"])
def test_it_is_the_slow_twin(order):
    jets = attended(40, 7)
    result = jl.summarise(jets, "attention-map", order=order, most=9)
    found = result.summary.means(result)
    name = None if order == "listed" else order
    for g, (group, own) in enumerate(reference.groups(jets).items()):
        assert str(result.sums["group"].values[g]) == group
        for head in range(3):
            exact = reference.mean_map(jets, own, head, 9, name)
            np.testing.assert_allclose(found[g, head], exact, rtol=1e-6, err_msg=group)


def test_rows_add_up_to_one():
    result = jl.summarise(attended(100, 12), "attention-map", most=12)
    rows = result.summary.means(result).sum(axis=-1)
    np.testing.assert_allclose(rows, 1, atol=1e-6)


def test_by_predicted_class_of_another_layer_and_head():
    jets = attended(60, 5)
    one = jl.summarise(
        jets, "attention-map", by="predicted", layer="constituents.0", head="2", most=5
    )
    assert one.sums.sizes["head"] == 1
    own = reference.groups(jets, by="predicted")["signal"]
    assert own != reference.groups(jets)["signal"]
    exact = reference.mean_map(jets.isel({"layer_constituents_constituents": [0]}), own, 2, 5)
    np.testing.assert_allclose(one.summary.means(one)[2, 0], exact, rtol=1e-6)


def test_the_error_is_that_of_a_mean():
    jets = attended(4000, 3, weighted=False)
    result = jl.summarise(jets, "attention-map", most=2)
    each = [
        jl.summarise(jets.isel(jet=slice(k, k + 100)), "attention-map", most=2)
        for k in range(0, 4000, 100)
    ]
    spread = np.std([r.summary.means(r)[0] for r in each], axis=0, ddof=1) / np.sqrt(len(each))
    np.testing.assert_allclose(result.summary.errors(result)[0], spread, rtol=0.5)


def test_errors_do_not_depend_on_the_unit_of_weights():
    jets = attended(200, 4)
    a = jl.summarise(jets, "attention-map", most=3)
    b = jl.summarise(jets.assign(weight=7.0 * jets["weight"]), "attention-map", most=3)
    np.testing.assert_allclose(a.summary.errors(a), b.summary.errors(b))


def test_alike_classes_do_not_differ_and_others_do():
    jets = attended(600, 6)
    shuffled = jets.assign(label=("jet", np.random.default_rng(2).permutation(jets["label"])))
    for given, clear in ((jets, True), (shuffled, False)):
        result = jl.summarise(given, "attention-map", most=3)
        apart, error = result.summary.difference(result, "signal", "background")
        assert (apart[0, :, 0] > 4 * error[0, :, 0]).all() == clear


def test_of_few_jets_nothing_is_said_to_differ():
    result = jl.summarise(attended(12, 6), "attention-map", most=3)
    assert np.isnan(result.summary.difference(result, "signal", "background")[0]).all()


def test_tokens_of_the_networks_own_are_no_particles():
    """A class token before the particles changes neither their ranks nor their attention."""
    jets = attended(30, 4)
    axes = attention.axes("constituents", "constituents")
    values = jets[MAP].values
    real = np.pad(jets["constituents_mask"].values, ((0, 0), (1, 0)), constant_values=True)
    pairs = (real[:, :, None] & real[:, None, :])[:, None, None]
    wide = np.where(pairs, np.full((*values.shape[:3], 5, 5), 0.1), np.nan)
    wide[..., 1:, 1:] = values
    tokens = attention.Tokens(
        (attention.CLASS, *4 * ("constituents",)), (attention.NOWHERE, 0, 1, 2, 3)
    )
    bare = jets.drop_vars([MAP, *(c for c in jets.coords if "constituents_constituents" in c)])
    named = {axes[0]: jets[axes[0]].values, axes[1]: jets[axes[1]].values}
    told = {"query": "constituents", "key": "constituents"}
    other = bare.assign({MAP: (("jet", *axes), wide, told)}).assign_coords(
        named | tokens.coordinates(axes[2]) | tokens.coordinates(axes[3])
    )
    for name in ("attention-map", "attention-rank"):
        a, b = (jl.summarise(j, name, most=4, replicas=5) for j in (jets, other))
        for variable in a.sums:
            np.testing.assert_allclose(a.sums[variable], b.sums[variable], rtol=1e-6)


def test_what_is_not_there_is_told():
    jets = attended(10, 4)
    with pytest.raises(UnknownNameError, match=r"did you mean 'constituents\.0'"):
        jl.summarise(jets, "attention-map", layer="constituent.0")
    with pytest.raises(UnknownNameError, match="unknown head of attention '7': expected one of 0"):
        jl.summarise(jets, "attention-map", head="7")
    with pytest.raises(UnknownNameError, match=r"did you mean 'constituents\.pt_frac'"):
        jl.summarise(jets, "attention-map", order="pt_fraction")
    with pytest.raises(UnknownNameError, match="did you mean 'constituents'"):
        jl.summarise(jets, "attention-map", collection="constituent")
    with pytest.raises(UnsupportedError, match="no attending stream 'tracks'"):
        jl.summarise(jets, "attention-map", collection="tracks")
    with pytest.raises(UnsupportedError, match="no attention of objects to objects here, but of"):
        jl.summarise(jets, "attention-entropy", query="objects", key="objects")
    with pytest.raises(UnsupportedError, match="no attention: explain a tagger that attends"):
        jl.summarise(
            jets.drop_vars(MAP).drop_vars("attention_constituents_objects"), "attention-map"
        )
    with pytest.raises(jl.JetlensError, match="most=0"):
        jl.summarise(jets, "attention-map", most=0)
