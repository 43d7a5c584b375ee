"""Figures of where in images taggers look."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

import imaged
import jetlens as jl
from figure_words import inside, words
from jetlens.plots import caption
from jetlens.plots.entry import title
from jetlens.summarise.trainings.ensemble import Ensemble, Member


def result(name, seed=1, jets=90, **options):
    return jl.summarise(imaged.looked(jets, seed=seed, **options), name, replicas=8)


def said(figure):
    return " ".join(t.get_text() for t in words(figure))


@pytest.mark.parametrize("name", imaged.LOOKED)
def test_each_figure_can_be_read_and_says_what_it_is(name):
    found = result(name)
    inside(lambda: jl.draw(found), 5)
    drawn = jl.draw(found)
    assert "jetlens" in said(drawn)
    if name != "attention-distance":
        assert "Four" in said(drawn)
    told = caption(found)
    assert told.endswith(".")
    assert "$" not in told
    assert "90 jets" in told


def test_jets_without_partons_are_told():
    jets = imaged.looked(40)
    for j, told in ((jets, False), (jets.drop_vars("partons_value"), True)):
        found = jl.summarise(j, "attention-fraction", replicas=5)
        assert ("no regions but subjets" in caption(found)) == told
        several = Ensemble(tuple(Member({"model": m}, 0, found) for m in "ab"))
        assert ("no regions but subjets" in caption(several)) == told


@pytest.mark.parametrize("name", imaged.LOOKED)
def test_nothing_and_a_class_without_jets_are_drawn(name):
    jl.draw(result(name, jets=40, absent=("two",)))
    none = jl.summarise(imaged.looked(4).isel(jet=slice(0, 0)), name)
    assert "no jet was used" in said(jl.draw(none))


def test_single_jets_leave_no_room_for_those_that_are_not_there():
    jets = imaged.looked(60)
    right = (jets["output"].argmax("class") == jets["label"]).values
    with_wrong, without = (
        len(jl.draw(jl.summarise(some, "attention-overlay", replicas=3)).axes)
        for some in (jets, jets.isel(jet=np.flatnonzero(right)))
    )
    assert with_wrong - without == 2 * 2  # two classes, two jets of each


def assert_against_radius(found, drawn):
    """Every tagger's enrichment over its trainings is drawn at each radius, of both nulls."""
    last = [ax for ax in drawn.axes if "turned" in ax.get_ylabel()]
    assert len(last) == 2 * 2  # tasks times classes
    assert len([ax for ax in drawn.axes if "in patches" in ax.get_ylabel()]) == 2 * 2
    shown = {c.get_label(): c.lines[0].get_ydata() for c in last[0].containers}
    group = imaged.CLASSES[0]
    results = next(r for v, r in found.groups().items() if dict(v)["model"] == "tuned")
    each = [
        r.summary.enrichment(r)[list(r.sums["group"].values).index(group)][
            list(r.sums["null"].values).index("turned")
        ][:, 0]
        for r in results
    ]
    np.testing.assert_allclose(shown["tuned"], np.mean(each, axis=0))
    np.testing.assert_allclose(shown["random"], 1)


@pytest.mark.parametrize("name", imaged.LOOKED)
def test_several_taggers_are_compared(name):
    members = []
    for repeat in range(2):
        tuned = imaged.looked(60, seed=repeat)
        even = tuned.assign(image_importance=xr.ones_like(tuned["image_importance"]))
        for model, jets in (("tuned", tuned), ("random", even)):
            found = jl.summarise(jets, name, replicas=8)
            members += [
                Member({"data": task, "images": "300", "model": model}, repeat, found, jets=task)
                for task in ("first", "second")
            ]
    found = Ensemble(tuple(members))
    inside(lambda: jl.draw(found), 5)
    drawn = jl.draw(found)
    for word in ("first", "second", "tuned", "random"):
        assert word in said(drawn)
    assert "300" not in said(drawn)  # all have that
    assert title(found).endswith(", compared")
    assert "$" not in caption(found)
    numbers = found.numbers()
    if name == "attention-overlay":
        maps = [ax.images[0] for ax in drawn.axes if ax.images]
        assert len(maps) == 2 * 2 * 2  # tasks, classes, taggers
        ends = {m.norm.vmax for m in maps}
        assert ends == {max(m.get_array().max() for m in maps)}  # one scale, of which all is shown
    if name == "attention-distance":
        rows = {ax.get_title(): [line.get_label() for line in ax.containers] for ax in drawn.axes}
        assert rows == {"first": ["tuned", "random"], "second": ["tuned", "random"]}
    if name == "attention-fraction":
        columns = [t.get_text().replace("\n", " ") for t in drawn.axes[0].get_xticklabels()]
        assert columns[:3] == ["tuned", "random", "area"]  # nulls all, in one row
        assert columns[-2:] == ["own discs, turned", "another jet's discs"]
        assert_against_radius(found, drawn)
        gain = numbers["attention_fraction.gain.first,300,random.four.vs.tuned"]
        each = [
            numbers[f"attention_fraction.first,300,{model}.four"]["value"]
            for model in ("random", "tuned")
        ]
        assert gain["value"] == pytest.approx(each[0] - each[1], rel=1e-4)
        assert gain["low_95"] < gain["value"] < gain["high_95"]
        assert not any(".vs.first" in n for n in numbers)  # other data are other jets
