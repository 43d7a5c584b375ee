"""Figures of attention, importance and streams: what they show, and that it can be read."""

from __future__ import annotations

import numpy as np
import pytest

import jetlens as jl
from figure_words import inside
from jetlens.plots import caption
from jetlens.plots.entry import title
from jetlens.summarise.trainings.ensemble import Ensemble, Member
from synthetic import ATTENDED, attended

COMPARED = ("attention-rank", "cross-attention", "importance-plane", "stream-use")
NAMES = ("H", "J1", "J2", "1a", "1b", "2a", "2b", "next", "missing")


def result(name, jets=200, seed=1, **options):
    if name == "cross-attention":
        options = {"names": NAMES} | options
    return jl.summarise(attended(jets, 8, seed=seed), name, replicas=8, **options)


def ensemble(name, models=("concatenation", "asking"), retrainings=2, jets=80):
    return Ensemble(
        tuple(
            Member({"model": model}, repeat, result(name, jets, 10 * k + repeat))
            for k, model in enumerate(models)
            for repeat in range(retrainings)
        )
    )


@pytest.mark.parametrize("name", ATTENDED)
def test_words_can_be_read(name):
    inside(lambda: jl.draw(result(name)), 9)


@pytest.mark.parametrize("name", COMPARED)
def test_words_of_several_taggers_can_be_read(name):
    inside(lambda: jl.draw(ensemble(name)), 9)


@pytest.mark.parametrize("name", COMPARED)
@pytest.mark.parametrize("kind", ["one training", "one variation", "empty"])
def test_poor_ensembles_are_drawn_too(name, kind):
    found = {
        "one training": lambda: ensemble(name, retrainings=1),
        "one variation": lambda: ensemble(name, models=("asking",)),
        "empty": lambda: ensemble(name, jets=0),
    }[kind]()
    jl.draw(found)
    told = caption(found)
    assert told.endswith(".")
    assert "$" not in told
    assert title(found).endswith(", compared")


def test_maps_share_their_colours_with_signal_above():
    found = result("attention-map")
    figure = jl.draw(found)
    panels = [a for a in figure.axes if a.get_images() and a.get_label() != "<colorbar>"]
    assert len(panels) == 3 * 3  # two classes and their difference, three heads
    scales = {(a.get_images()[0].norm.vmin, a.get_images()[0].norm.vmax) for a in panels[:6]}
    assert len(scales) == 1
    assert [a.get_ylabel() for a in panels[:6:3]] == ["Signal", "Background"]
    drawn = np.asarray(panels[0].get_images()[0].get_array())
    mean = found.summary.means(found)[2, 0]  # signal, first head
    np.testing.assert_allclose(drawn[:6, :6], mean[:6, :6])


def test_bars_of_objects_stand_beside_their_rows():
    found = result("cross-attention")
    figure = jl.draw(found)
    panels = [a for a in figure.axes if a.patches and a.get_label() != "<colorbar>"]
    widths = [p.get_width() for p in panels[0].patches]
    np.testing.assert_allclose(widths, found.summary.shares(found)[2, :, 0])
    assert [t.get_text() for t in figure.axes[0].get_yticklabels()] == list(NAMES)


def test_captions_say_what_came_out():
    told = caption(result("cross-attention", jets=400))
    assert "Most is received by H for signal" in told
    assert "by missing for background" in told
    assert "The leading 2 particles receive" in caption(result("attention-rank"))
    assert "Within 0.2 of a subjet lie" in caption(result("importance-plane"))
    assert "(uniform: 1 and" in caption(result("attention-entropy"))


def test_points_are_means_over_retrainings():
    found = ensemble("stream-use", retrainings=3)
    numbers = found.numbers()
    figure = jl.draw(found)
    drawn = {
        round(float(y), 6)
        for ax in figure.axes
        for c in ax.containers
        if hasattr(c, "has_yerr")
        for y in c.lines[0].get_ydata()
    }
    wanted = numbers["stream_use.asking.signal.constituents.share"]["value"]
    assert round(wanted, 6) in drawn
