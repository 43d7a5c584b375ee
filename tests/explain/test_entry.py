"""Explainers that are not jetlens's own, asked for several targets at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
import torch

import jetlens as jl
import moving
from contracts import explainers as case
from jetlens.core import attribution
from jetlens.core.attribution import OF_TARGET, Table
from jetlens.core.registry import explainers
from jetlens.explain.base import Explainer, Scores, ScoringExplainer

TARGETS = ["gluon", "quark", "predicted"]


@dataclass(frozen=True, kw_only=True)
class Doubts(ScoringExplainer):
    """One minus the probability of the class, of each jet and beside each label."""

    registered_name = "doubts"

    def score(self, tagger, packed, chosen, target, context):
        inputs, masks = packed.cut(slice(None))
        with torch.no_grad():
            chance = tagger(inputs, masks).softmax(1)
        doubt = 1 - chance.gather(1, chosen[:, None])[:, 0]
        beside = torch.stack([doubt, 2 * doubt], 1)
        return Scores(
            per_jet={"doubt": doubt}, tables={"doubled": Table(beside, {"times": [1, 2]})}
        )


@dataclass(frozen=True, kw_only=True)
class ByHand(Explainer):
    """The position of the class, in a dataset that is made from nothing."""

    registered_name = "by-hand"

    def explain(self, tagger, batch, target, pool=None):
        found = Doubts().explain(tagger, batch, target, pool).drop_vars(["doubt", "doubled"])
        marked = ("jet", found.target.values + 0.5, {OF_TARGET: 1})
        return found.assign(middle=marked, seen=("jet", np.arange(len(batch))))


@pytest.mark.parametrize(
    ("explainer", "own"), [(Doubts(), ["doubt", "doubled"]), (ByHand(), ["middle"])]
)
def test_what_an_explainer_finds_of_each_target_is_kept(explainer: Explainer, own: list) -> None:
    tagger, jets = moving.tagger(), moving.jets()
    several = jl.explain(tagger, jets, explainer, target=TARGETS)
    per_target = [n for n in several.data_vars if "target" in several[n].dims]
    assert sorted(per_target) == sorted([*own, attribution.TARGET_CLASS])
    for target in TARGETS:
        one = jl.explain(tagger, jets, explainer, target=target)
        picked = attribution.one_target(several, target)
        assert set(picked.data_vars) == set(one.data_vars)
        assert picked.attrs == one.attrs
        for name in picked.data_vars:
            np.testing.assert_array_equal(picked[name], one[name], err_msg=str(name))
    assert float(abs(np.diff(several[own[0]].sel(target=["gluon", "quark"]), axis=0)).min()) > 1e-6


@pytest.mark.parametrize("method", ["gradient", "attention"])
def test_of_several_targets_each_jet_keeps_its_class(method: str) -> None:
    tagger, jets = case.tagger_for(method), case.jets()
    found = jl.explain(tagger, jets, method, target=["c", "predicted", "label", "b - c"])
    chosen = found.target_class.sel(target="predicted")
    np.testing.assert_array_equal(chosen, found.output.argmax("class"))
    np.testing.assert_array_equal(found.target_class.sel(target="label"), jets.label)
    assert (found.target_class.sel(target="c") == 1).all()
    assert (found.target_class.sel(target="b - c") == -1).all()
    assert found.attrs["of"] == ["logit"] * 3 + ["expression"]


def test_a_target_that_is_picked_is_summarised_as_if_it_were_alone() -> None:
    tagger, jets = moving.tagger(), moving.jets()
    several = jl.explain(tagger, jets, "gradient", target=["quark", "predicted"], unit="spread")
    with pytest.raises(jl.JetlensError, match=r"as in scores\.sel\(target='quark'\)"):
        jl.summarise(several, "wanted-change")
    for target in ("quark", "predicted"):
        alone = jl.explain(tagger, jets, "gradient", target=target, unit="spread")
        picked = jl.summarise(several.sel(target=target), "wanted-change")
        assert picked.sums.identical(jl.summarise(alone, "wanted-change").sums)


@pytest.mark.parametrize("kind", [list, tuple, np.array, lambda names: (n for n in names)])
def test_names_of_targets_come_in_any_row(kind) -> None:
    found = jl.explain(case.tagger(), case.jets(3), "gradient", target=kind(["c", "b"]))
    assert found.target.values.tolist() == ["c", "b"]
    assert found.attrs["target"] == ["c", "b"]


def test_one_name_of_numpy_is_one_target() -> None:
    for name in (np.str_("c"), np.array("c")):
        found = jl.explain(case.tagger(), case.jets(3), "gradient", target=name)
        assert found.attrs["target"] == "c"
        assert (found.target == 1).all()


@pytest.mark.parametrize("target", [1, None, [], ["b", 1], np.array([0, 1]), {"b": 1}, b"b", True])
def test_what_is_no_name_is_refused_and_the_classes_are_named(target) -> None:
    with pytest.raises(jl.JetlensError, match=r"expected a name, or a list.* b, c, u, "):
        jl.explain(case.tagger(), case.jets(3), "gradient", target=target)


@pytest.mark.parametrize("method", ["integrated-gradients", "nudge", "attention"])
def test_an_explainer_itself_takes_names(method: str) -> None:
    tagger, jets = case.tagger_for(method), case.jets(12)
    found = explainers.make(method).explain(tagger, jets, "c")
    assert found.identical(jl.explain(tagger, jets, method, target="c"))
    with pytest.raises(jl.JetlensError, match="unknown target 'd'"):
        explainers.make(method).explain(tagger, jets, "d")
    with pytest.raises(jl.JetlensError, match=r"target=1: .*\(b, c, u\)"):
        explainers.make(method).explain(tagger, jets, 1)
