"""Figures of moved jets: what they show, and that it can be read."""

from __future__ import annotations

import json
import re

import matplotlib as mpl
import numpy as np
import pytest

import jetlens as jl
from figure_words import inside
from jetlens.plots import caption
from jetlens.summarise.sums.nearest import VERDICTS
from synthetic import SCALES, flipping, scanned

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


def test_each_reason_that_there_is_has_a_line_of_its_own(jets):
    dims, flags = jets["unphysical"].dims, jets["unphysical"].values
    many = ("early", "late", "below", "discrete", "trackless", "axis", "jet_pt")
    own = {f"unphysical_{r}": (dims, flags) for r in many}
    result = jl.summarise(jets.assign(own), "nudge-scan", replicas=12)
    inside(lambda: jl.draw(result), 8.5)
    shares = next(ax for ax in jl.draw(result).axes if ax.get_ylabel() == "Share of moved jets")
    lines = [line for line in shares.lines if not line.get_label().startswith("_")]
    labels = [line.get_label() for line in lines]
    assert {"hits after the gate", "another jet's pt", "off the jet's axis"} < {*labels}
    assert len(labels) == len(many) + 2
    assert "off the mass shell" not in labels  # which none is
    assert len({(line.get_color(), str(line._dash_pattern)) for line in lines}) == len(lines)


def test_the_share_that_flips_at_all_has_an_error(jets):
    still = jl.summarise(jets.isel(scale=[0]), "nudge-scan", replicas=12)
    assert re.search(r"\b0 ± 1 % of the quark jets flip at all", caption(still))
    words = [t.get_text() for t in jl.draw(still).findobj(mpl.text.Text)]
    assert any(re.fullmatch(r"Quark \(100 ± 1 % never\)", w) for w in words), words


def test_moved_jets_are_drawn_at_the_scale_asked_for(made):
    result = made["moved-observables"]
    labels = [
        text.get_text()
        for scale in (1.0, 3.0)
        for text in jl.draw(result, scale=scale).axes[0].get_legend().get_texts()
    ]
    assert {"Moved by 1", "Moved by 3", "True quark", "True gluon", "Misclassified"} <= set(labels)
    panels = jl.draw(result, scale=1.0).axes
    assert {p.get_xlabel() for p in panels} >= {"Width", "Constituents", "$p_T$ [GeV]"}
    verdicts = {t.get_text() for p in panels for t in p.texts}
    assert verdicts <= set(VERDICTS)
    assert verdicts


def test_the_caption_recommends_a_scale(made):
    told = caption(made["moved-observables"])
    assert "Wasserstein distances" in told
    assert "The recommended scale is" in told or "No scale is recommended" in told
    assert re.search(r"by \S+ % at most|none of these is more than chance", told)


def test_shares_of_none_have_error_bars(jets):
    none = jl.summarise(
        jets.assign(bent=jets["bent"] & False), "moved-observables", replicas=12, **FEW
    )
    panel = next(p for p in jl.draw(none).axes if p.get_ylabel() == "Share of moved jets")
    bent = next(c for c in panel.containers if c.get_label() == "Bent")
    (bars,) = bent.lines[2]
    for (_, low), (_, high) in (path.vertices for path in bars.get_paths()):
        assert low == 0
        assert 0.001 < high < 0.1


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
        told = "No jet of the 700 explained is misclassified: nothing is moved."
        assert caption(nothing) == told
        move = {"label": "quark", "predicted": "gluon"}
        some = still.assign_attrs(options=json.dumps({"move": move}))
        told = "explained is among the quark jets tagged as gluon: nothing is moved."
        assert told in caption(jl.summarise(some, name, replicas=4, **options))
        none = jl.summarise(still.isel(jet=slice(0, 0)), name, replicas=4, **options)
        assert "nothing is moved" not in caption(none)


def test_no_legend_covers_a_line(made):
    figure = jl.draw(made["nudge-scan"])
    assert figure.axes[1].get_legend() is None
    (below,) = figure.legends
    assert {t.get_text() for t in below.get_texts()} >= {"Median", "95 % of jets"}


def test_flips_are_drawn_by_feature_class_and_rank():
    result = jl.summarise(flipping(500, 9), "flip-distance", replicas=12)
    inside(lambda: jl.draw(result), 8.5)
    figure = jl.draw(result)
    distances, shares = figure.axes[:2]
    line = next(x for x in shares.lines if x.get_label() == "Quark")
    share = result.summary.share(result)[0]
    scales = result.parts["fine"].pick(feature="scale")
    assert line.get_ydata()[-1] <= share[2] < line.get_ydata()[-1] + 0.02  # some beyond 5
    assert scales.shape == (5,)
    names = [t.get_text() for t in distances.get_yticklabels()]
    assert names == ["$p_T$", r"$\Delta\eta$", r"$\Delta\phi$"]  # the others are held still
    by_rank = result.summary.by_rank(result)
    drawn = figure.axes[2].lines[0].get_ydata()
    np.testing.assert_allclose(drawn, by_rank[2, : len(drawn), 0, 0])
    told = caption(result)
    assert re.search(
        r"7\d ± \d+ % of quark jets flip: the median step of all is [\d.]+ ± [\d.]+ spreads, that "
        r"of those that flip [\d.]+ ± [\d.]+ spreads, pT the most",
        told,
    )
    assert "medians over all of them, those that do not flip beyond" in told
    assert distances.get_xlabel() == "Median distance of all [spreads]"
    assert "along the gradient, toward" in told
    assert shares.get_xlabel() == "Scale (length of the raw step, in spreads)"
    few = flipping(500, 9).assign_attrs(
        options=json.dumps({"normalise": "unit", "scales": [0, 0.1, 1, 5], "steps": 20})
    )
    rarely = few["flip_scale"].where(np.arange(500) % 3 == 0)
    result = jl.summarise(few.assign(flip_scale=rarely), "flip-distance", replicas=12)
    told = caption(result)
    assert "the median step of all is not reached, that of those that flip" in told
    assert "medians over those that flip, bars" in told
    assert "along the gradient, taken anew 20 times up to the largest scale, toward" in told
    distances, shares = jl.draw(result).axes[:2]
    assert shares.get_xlabel() == "Scale (length of the way, in spreads)"
    assert distances.get_xlabel() == "Median distance of those that flip [spreads]"
    assert distances.patches[0].get_width() > 0
    nothing = jl.summarise(flipping(500, 9).isel(jet=slice(0, 0)), "flip-distance", replicas=4)
    assert "no jet was used" in {t.get_text() for t in jl.draw(nothing).findobj(mpl.text.Text)}
    assert caption(nothing)
    still = flipping(500, 9)
    still = still.assign(tried=still["tried"] & False)
    told = caption(jl.summarise(still, "flip-distance", replicas=4))
    assert told == "No jet of the 500 explained could be moved: nothing is moved."
