from __future__ import annotations

import re

import jetlens as jl
from jetlens.report import page
from jetlens.report.content import Picture
from jetlens.report.facts import Facts
from jetlens.report.reach import reach
from searches import MASSES, events


def rendered(result, assumptions="Nothing is assumed."):
    facts = Facts(
        recipe={}, recipe_text="", tagger={}, history={}, test={}, explanations=[], numbers={},
        performance=[(result, Picture("Reach", "data:,x", "How", "reach.pdf"))],
        assumptions=assumptions,
    )  # fmt: skip
    section = reach(facts)
    return re.sub(r"<[^>]+>", " ", page.render("t", [], [section], "1"))


def test_limits_cross_sections_and_assumptions_are_told():
    options = {"masses": MASSES, "luminosity": 100.0, "replicas": 10, "events": 2}
    text = rendered(jl.summarise(events(4000), "reach", **options))
    for words in ("Nothing is assumed.", "100 /fb", "known to 5 %", "qcd", "ttbar", "without sys"):
        assert words in text
    assert "none are made up" in text
    assert "too few events" not in text
    assert "optimistic" not in text
    tags = jl.summarise(events(4000, tags=(0.8, 0.3)), "reach", **options)
    assert "limits are optimistic where the tagger prefers jets" in rendered(tags)
    known = jl.summarise(events(4000), "reach", published=[[500, 3.0]], **options)
    text = rendered(known)
    assert "none are made up" not in text
    assert "spans the first two" in text


def test_what_the_simulation_does_not_allow_is_told():
    result = jl.summarise(events(300), "reach", masses=MASSES, events=1000, replicas=10)
    text = rendered(result)
    assert "too few events" in text
    tight = jl.summarise(events(4000, power=6), "reach", masses=MASSES, events=80, replicas=10)
    assert "too small for a tighter cut" in rendered(tight)


def test_without_a_reach_there_is_no_section():
    facts = Facts(
        recipe={}, recipe_text="", tagger={}, history={}, test={}, explanations=[], numbers={},
        performance=[],
    )  # fmt: skip
    assert reach(facts) is None
