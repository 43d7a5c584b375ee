"""Figures of moved jets: what they show, and that it can be read."""

from __future__ import annotations

import re

import matplotlib as mpl
import numpy as np
import pytest

import jetlens as jl
from figure_words import inside
from jetlens.plots import caption
from synthetic import SCALES, scanned

FEW = {"observables": ["width", "multiplicity"]}
CASES = [("nudge-scan", {}), ("moved-observables", FEW)]


@pytest.fixture(scope="module")
def jets():
    return scanned(700, 9)


@pytest.fixture(scope="module")
def made(jets):
    return {name: jl.summarise(jets, name, replicas=12, **options) for name, options in CASES}


@pytest.mark.parametrize("name", [name for name, _ in CASES])
def test_words_can_be_read(made, name):
    inside(lambda: jl.draw(made[name]), 8.5)


def test_medians_are_drawn_against_the_scale(made):
    result = made["nudge-scan"]
    odds, _ = result.summary.score(result)
    panel = jl.draw(result).axes[0]
    line = next(x for x in panel.lines if x.get_label() == "Median")
    np.testing.assert_allclose(line.get_xdata(), SCALES)
    np.testing.assert_allclose(line.get_ydata(), 1 / (1 + np.exp(-odds[0, :, 2])))
    assert "misclassified jets of 700 jets" in caption(result)
    assert "half of the quark jets flip by a scale of" in caption(result).lower()


def test_moved_jets_are_drawn_at_the_scale_asked_for(made):
    result = made["moved-observables"]
    labels = [
        text.get_text()
        for scale in (1.0, 3.0)
        for text in jl.draw(result, scale=scale).axes[0].get_legend().get_texts()
    ]
    assert {"Moved by 1", "Moved by 3", "True quark", "True gluon", "Before"} <= set(labels)
    panels = jl.draw(result, scale=1.0).axes
    assert {p.get_xlabel() for p in panels} >= {"Width", "Constituents"}
    verdicts = {t.get_text() for p in panels for t in p.texts}
    assert verdicts <= {"nearer", "farther", "not told apart"}
    assert verdicts


def test_the_caption_recommends_a_scale(made):
    told = caption(made["moved-observables"])
    assert "Wasserstein distances" in told
    assert "The recommended scale is" in told or "No scale is recommended" in told
    assert re.search(r"by \S+ % at most|none of these is more than chance", told)


@pytest.mark.parametrize(("name", "options"), CASES)
def test_one_scale_is_drawn_in_the_middle(jets, name, options):
    result = jl.summarise(jets.isel(scale=[-1]), name, replicas=12, **options)
    limits = [p.get_xlim() for p in jl.draw(result).axes if p.get_xlabel().startswith("Scale")]
    assert limits
    assert all(low < SCALES[-1] < high for low, high in limits[:1])


def test_no_moved_jets(jets):
    still = jets.assign(moved_output=jets["moved_output"] * np.nan)
    for name, options in CASES:
        nothing = jl.summarise(still, name, replicas=4, **options)
        words = {t.get_text() for t in jl.draw(nothing).findobj(mpl.text.Text)}
        assert "no jet was used" in words
        assert caption(nothing)
