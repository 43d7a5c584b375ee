"""Words about jets, said of showers and events."""

from __future__ import annotations

from matplotlib.figure import Figure

from jetlens.plots.shared.rows import rename
from jetlens.plots.shared.words import said_of

WORDS = "Jets by jetlens: a jet's pT, 5 jets, and what a jet is in gluon-jets"


def test_jets_stay_jets():
    assert said_of("jets", WORDS) == WORDS


def test_all_words_follow():
    wanted = "Showers by jetlens: a shower's pT, 5 showers, and what a shower is in gluon-showers"
    assert said_of("showers", WORDS) == wanted


def test_jets_that_are_in_an_event_stay_jets():
    words = "Signal jets: the two jets, both large jets, fat jets and b-jets of 3 jets; subjets"
    wanted = (
        "Signal events: the two jets, both large jets, fat jets and b-jets of 3 events; subjets"
    )
    assert said_of("events", words) == wanted


def test_words_of_figures_follow():
    figure = Figure()
    ax = figure.subplots()
    ax.plot([0, 1], label="All jets")
    ax.legend()
    ax.set_ylabel("Share of jets per bin")
    rename(figure, "showers")
    assert ax.get_ylabel() == "Share of showers per bin"
    assert ax.get_legend().get_texts()[0].get_text() == "All showers"
