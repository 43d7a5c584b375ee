"""Explainers that are not jetlens's own, asked for several targets at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
import torch

import jetlens as jl
import moving
from jetlens.core import attribution
from jetlens.core.attribution import OF_TARGET, Table
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
    assert sorted(n for n in several.data_vars if "target" in several[n].dims) == sorted(own)
    for target in TARGETS:
        one = jl.explain(tagger, jets, explainer, target=target)
        picked = attribution.one_target(several, target)
        assert set(picked.data_vars) == set(one.data_vars) - {"target"}
        for name in picked.data_vars:
            np.testing.assert_array_equal(picked[name], one[name], err_msg=str(name))
    assert float(abs(np.diff(several[own[0]].sel(target=["gluon", "quark"]), axis=0)).min()) > 1e-6
