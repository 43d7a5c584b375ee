from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm

import jetlens as jl
from jetlens.core.errors import UnsupportedError
from jetlens.summarise.trainings.ensemble import Ensemble, Member
from reference import attention_summaries as reference
from synthetic import attended

NAMES = ("candidate", "fat jet 1", "fat jet 2", "1a", "1b", "2a", "2b", "next", "missing")


def test_it_is_the_slow_twin():
    jets = attended(60, 6)
    jets["objects_mask"].values[:9] = False  # such jets have nothing to look at
    jets["attention_constituents_objects"].values[:9] = np.nan
    result = jl.summarise(jets, "cross-attention", names=NAMES)
    found = result.summary.shares(result)[..., 0]
    for g, own in enumerate(reference.groups(jets).values()):
        np.testing.assert_allclose(found[g], reference.objects_shares(jets, own), rtol=1e-6)
        assert found[g].sum() == pytest.approx(1, abs=1e-6)


def test_which_object_receives_most_is_found_with_its_certainty():
    result = jl.summarise(attended(600, 8), "cross-attention", names=NAMES)
    assert result.summary.ranking(result, "signal")[0] == "candidate"
    assert result.summary.ranking(result, "background")[0] == "missing"
    numbers = result.numbers()
    z = norm.ppf(0.84)  # of 100 replicas all, or none
    sure = numbers["cross_attention.signal.candidate.first"]
    assert sure == pytest.approx({"value": 1, "low": 100 / (100 + z**2), "high": 1})
    never = numbers["cross_attention.background.candidate.first"]
    assert never == pytest.approx({"value": 0, "low": 0, "high": z**2 / (100 + z**2)})
    own = numbers["cross_attention.signal.candidate"]
    assert own["low"] > numbers["cross_attention.signal.candidate.uniform"]["value"]
    np.testing.assert_allclose(result.summary.first(result).sum(axis=1), 1)


def test_of_objects_that_are_alike_none_is_surely_the_first():
    jets = attended(300, 6)
    here = jets["objects_mask"].values
    rng = np.random.default_rng(1)
    name = "attention_constituents_objects"
    values = np.where(np.isnan(jets[name]), np.nan, rng.exponential(size=jets[name].shape))
    total = np.nansum(values, axis=-1, keepdims=True)
    values = values / np.where(total > 0, total, 1)
    made = jets.assign({name: jets[name].copy(data=values)})
    result = jl.summarise(made, "cross-attention")
    first = result.summary.first(result)[0]
    assert first.max() < 0.95
    numbers = result.numbers()
    for name, share in zip(result.sums["object"].values, first, strict=True):
        number = numbers[f"cross_attention.all.{name}.first"]
        assert number["low"] <= number["value"] == share <= number["high"]
        assert number["high"] - number["low"] == pytest.approx(
            2 * norm.ppf(0.84) * np.sqrt(share * (1 - share) / 100), abs=0.01
        )
    assert here.any()


def test_over_trainings_shares_stay_between_none_and_all():
    each = [jl.summarise(attended(80, 4, seed=s), "cross-attention", names=NAMES) for s in (1, 2)]
    turned = jl.summarise(attended(80, 4, seed=1), "cross-attention", names=NAMES[::-1])
    members = (Member({}, k, r) for k, r in enumerate((*each, turned)))
    numbers = Ensemble(tuple(members)).numbers()
    assert numbers["cross_attention.signal.candidate.first"]["value"] == pytest.approx(
        2 / 3, abs=0.05
    )
    assert numbers["cross_attention.signal.candidate.first"]["high"] == 1
    assert numbers["cross_attention.signal.missing.first"]["low"] == 0


def test_the_map_shows_the_same_as_the_shares():
    jets = attended(80, 6)
    result = jl.summarise(jets, "cross-attention", most=6)
    table = result.summary.map(result)
    np.testing.assert_allclose(table.sum(axis=-1), 1, atol=1e-6)  # all jets that ask have objects
    alone = jl.summarise(jets.isel(jet=[3]), "cross-attention", most=6)
    real = int(jets["constituents_mask"][3].sum())
    mean = alone.summary.map(alone)[0, :real].mean(axis=0)
    np.testing.assert_allclose(mean, alone.summary.shares(alone)[0, :, 0], rtol=1e-6)


def test_shares_are_of_what_the_objects_receive():
    """As of rollout, where particles keep a part to themselves."""
    jets = attended(40, 6)
    name = "attention_constituents_objects"
    part = jets.assign({name: jets[name].copy(data=0.4 * jets[name].values)})
    found, whole = (jl.summarise(j, "cross-attention") for j in (part, jets))
    np.testing.assert_allclose(found.summary.map(found), whole.summary.map(whole), rtol=1e-5)
    expected = whole.numbers()
    for number, value in found.numbers().items():
        assert value == pytest.approx(expected[number], rel=1e-5)


def test_objects_are_named_or_numbered():
    jets = attended(20, 4)
    plain = jl.summarise(jets, "cross-attention")
    assert list(plain.sums["object"].values) == [str(k) for k in range(1, 10)]
    assert (
        "cross_attention.all.fat_jet_1"
        in jl.summarise(jets, "cross-attention", names=NAMES).numbers()
    )
    with pytest.raises(jl.JetlensError, match="expected 9, one for each place of 'objects'"):
        jl.summarise(jets, "cross-attention", names=["a", "b"])
    with pytest.raises(jl.JetlensError, match="expected each only once"):
        jl.summarise(jets, "cross-attention", names=["a", "a"])
    with pytest.raises(UnsupportedError, match="no attention of constituents to objects"):
        jl.summarise(
            jets.drop_vars("attention_constituents_objects").assign(
                attention_objects_constituents=jets["attention_constituents_objects"].assign_attrs(
                    query="objects", key="constituents"
                )
            ),
            "cross-attention",
        )
