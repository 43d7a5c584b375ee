from __future__ import annotations

import json

import numpy as np
import pytest

import jetlens as jl
from jetlens.core.errors import BadValueError, UnsupportedError
from jetlens.summarise.wanted_change import WantedChange
from reference import gradient_summaries as reference
from synthetic import attribution, graded


def read(jets, **options):
    return WantedChange(replicas=3, **options).gradients(jets)


def test_misclassified_jets_are_groups_of_their_own():
    jets = graded(120)
    found = read(jets)
    assert found.grouped.groups == tuple(reference.groups(jets))
    for g, own in enumerate(reference.groups(jets).values()):
        assert list(np.flatnonzero(found.grouped.member[:, g])) == own


def test_misclassified_jets_that_were_passed_over_are_counted():
    jets = graded(120)
    wrong = (jets["label"] != jets["output"].argmax("class")).values
    whole = jl.summarise(jets, "wanted-change", select="correct", replicas=3)
    only = jets.isel(jet=~wrong).assign_attrs(
        passed_over={
            "all": int(wrong.sum()),
            **{
                str(c): int((wrong & (jets["label"].values == i)).sum())
                for i, c in enumerate(jets["class"].values)
            },
        }
    )
    part = jl.summarise(only, "wanted-change", replicas=3)
    np.testing.assert_array_equal(
        part.sums["jets"].sel(count="seen"), whole.sums["jets"].sel(count="seen")
    )
    used = part.sums["jets"].sel(count="used")
    assert int(used.sel(group="quark.misclassified")) == 0


def test_jets_without_gradients_are_passed_over():
    jets = graded(40)
    gone = np.arange(40) % 4 == 0
    score = jets["constituents_score"].where(~gone[:, None, None])
    found = read(jets.assign(constituents_score=score))
    there = jets["constituents_mask"].values.any(axis=1)
    np.testing.assert_array_equal(found.used, there & ~gone)
    assert not found.score[gone].any()


def test_a_gradient_that_is_not_finite_is_told():
    jets = graded(20)
    score = jets["constituents_score"].values.copy()
    jet, particle = np.argwhere(jets["constituents_mask"].values)[-1]
    score[jet, particle, 2] = np.inf
    broken = jets.assign(constituents_score=(jets["constituents_score"].dims, score))
    with pytest.raises(BadValueError, match=f"the jet of row {jet} has a gradient"):
        read(broken)


def test_variables_of_jets_are_lists_of_one():
    jets = attribution(60)
    graded_too = jets.assign_attrs(options='{"unit": "input"}')
    found = read(graded_too, collection="jets")
    assert found.score.shape == (60, 1, 2)
    np.testing.assert_allclose(found.score[:, 0], jets["jets_score"].values)
    assert found.used.all()


@pytest.mark.parametrize(
    ("options", "unit"),
    [
        ({"use": "gradient", "unit": "physical"}, "physical"),
        ({"use": "smooth-gradient", "unit": "input"}, "input"),
        ({"use": "gradient", "unit": "spread"}, "spread"),
    ],
)
def test_the_unit_is_that_of_the_explainer(options, unit):
    jets = graded(20).assign_attrs(options=json.dumps(options), toward="other")
    found = read(jets)
    assert found.unit == unit
    assert found.attrs["target"] == "other"


def test_what_holds_no_gradients_is_refused():
    with pytest.raises(UnsupportedError, match="scores of 'lrp' are no gradients"):
        read(attribution(10).assign_attrs(method="lrp", options='{"use": "lrp"}'))
    image = attribution(10, image=True).assign_attrs(options='{"unit": "input"}')
    with pytest.raises(UnsupportedError, match="no collection of particles 'image'"):
        read(image, collection="image")
    with pytest.raises(UnsupportedError, match="no gradients of 'constituents'"):
        read(graded(10).drop_vars("constituents_score"))
