from __future__ import annotations

import numpy as np
import pytest

import jetlens as jl
from jetlens.summarise.attention_rank import KINDS
from reference import attention_summaries as reference
from synthetic import attended, leading, with_attention


@pytest.mark.parametrize("order", ["listed", "pt_frac"])
def test_it_is_the_slow_twin(order):
    jets = attended(60, 8)
    result = jl.summarise(jets, "attention-rank", order=order, most=10)
    found = result.summary.shares(result)[:, 0, :, 0]
    name = None if order == "listed" else order
    for g, own in enumerate(reference.groups(jets).values()):
        exact = reference.shares_by_rank(jets, own, 10, name)
        np.testing.assert_allclose(found[g], exact, rtol=1e-6)


def test_all_attention_on_the_first():
    jets = attended(80, 9)
    one = with_attention(jets, leading(jets["constituents_mask"].values))
    numbers = jl.summarise(one, "attention-rank", leading=1).numbers()
    for group in ("all", "background", "signal"):
        assert numbers[f"attention_rank.{group}.leading_1"] == pytest.approx(
            {"value": 1, "low": 1, "high": 1}
        )
        assert numbers[f"attention_rank.{group}.effective"]["value"] == pytest.approx(1)
    apart = numbers["attention_rank.signal_minus_background.leading_1"]
    assert apart == pytest.approx({"value": 0, "low": 0, "high": 0}, abs=1e-12)


def test_uniform_attention_and_attention_by_pt_are_the_nulls():
    jets = attended(80, 9)
    pt = np.nan_to_num(jets["constituents_value"].values[..., 0])
    for kind, weight in (("uniform", np.ones(pt.shape)), ("pt", pt)):
        result = jl.summarise(with_attention(jets, weight), "attention-rank", most=9)
        share = result.summary.shares(result)
        np.testing.assert_allclose(share[:, 0], share[:, KINDS.index(kind)], atol=1e-6)
        np.testing.assert_allclose(share.sum(axis=2), 1, atol=1e-6)  # nothing is lost
        numbers = result.numbers()
        effective = numbers["attention_rank.all.effective"]["value"]
        if kind == "uniform":
            many, weight = jets["constituents_mask"].sum("constituents"), jets["weight"]
            assert effective == pytest.approx(np.average(many[many > 0], weights=weight[many > 0]))
        assert effective == pytest.approx(
            numbers[f"attention_rank.all.effective.{kind}"]["value"], rel=1e-5
        )


def test_what_other_streams_are_given_has_no_part():
    jets = attended(40, 8)
    half = jets.copy(deep=True)
    name = "attention_constituents_constituents"
    half[name] = jets[name] / 2
    a, b = (jl.summarise(j, "attention-rank", replicas=5).numbers() for j in (jets, half))
    assert a["attention_rank.all.effective"]["value"] <= 8
    for number in a:
        assert b[number] == pytest.approx(a[number])


def test_classes_that_differ_are_told_apart():
    numbers = jl.summarise(attended(600, 12), "attention-rank").numbers()
    apart = numbers["attention_rank.signal_minus_background.leading_2"]
    assert apart["low"] > 0.1
    signal, background = (
        numbers[f"attention_rank.{c}.leading_2"]["value"] for c in ("signal", "background")
    )
    assert apart["value"] == pytest.approx(signal - background)


def test_pt_beside_the_inputs_gives_the_order():
    """Places in any order: those that know their pT are ordered by it."""
    jets = attended(50, 8)
    pt = np.where(jets["constituents_mask"], 100.0 - np.arange(8), np.nan)
    told = jets.assign(constituents_pt=(("jet", "constituents"), pt))
    turn = np.random.default_rng(5).permutation(8)
    places = {d: turn for d in jets.dims if d == "constituents" or d.endswith("s_constituents")}
    places = {d: p for d, p in places.items() if jets.sizes[d] == 8}
    named = {
        d: jets[d].values
        for d in (f"{axis}_constituents_constituents_place" for axis in ("query", "key"))
    }
    turned = told.isel(places).assign_coords(
        {d: (jets[d].dims, values) for d, values in named.items()}
    )
    a = jl.summarise(jets, "attention-rank", order="listed", replicas=5)
    b = jl.summarise(turned, "attention-rank", replicas=5)
    assert a.sums.attrs["order"] == ""
    assert b.sums.attrs["order"] == "$p_T$"
    np.testing.assert_allclose(a.sums["share"][:, 0], b.sums["share"][:, 0], rtol=1e-6)


def test_without_pt_there_is_no_such_number():
    jets = attended(40, 6)
    names = ["first", "deta", "dphi"]
    bare = jets.assign_coords(constituents_feature=names)
    told = jets["constituents_value"].attrs["features"].replace("pt_frac", "first")
    bare["constituents_value"].attrs["features"] = told
    numbers = jl.summarise(bare, "attention-rank").numbers()
    assert "attention_rank.signal.leading_2" in numbers
    assert not any(name.endswith(".pt") for name in numbers)


def test_nonsense_is_refused():
    with pytest.raises(jl.JetlensError, match="leading=30: expected 1 to most=20"):
        jl.summarise(attended(5, 4), "attention-rank", leading=30)
