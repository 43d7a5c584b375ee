"""The numbers on top of a report are those of the results, and tell what was asked."""

from __future__ import annotations

import re

import numpy as np
import pytest

import imaged
import jetlens as jl
from jetlens.report.content import Picture
from jetlens.report.explanation import explained
from jetlens.report.facts import Explanation, Facts
from jetlens.report.headlines import HEADLINES, headlines, nearer_by_class
from jetlens.report.numbers import in_percent, measured
from jetlens.report.sections import overview
from synthetic import attended, attribution, flipping, graded, scanned


def words(cell: object) -> str:
    return re.sub(r"<[^>]+>", "", str(cell))


def test_the_scale_and_what_comes_nearer_are_told():
    result = jl.summarise(
        scanned(500, 9), "moved-observables", replicas=20, observables=["width", "multiplicity"]
    )
    numbers = result.numbers()
    first, second = headlines(result)
    assert words(first.label) == "Scale at which jets are nearest to their class"
    assert first.number == measured(numbers["moved.scale"])
    assert str(measured(in_percent(numbers["moved.flipped"]), "%")) in first.note
    verdicts = [v["value"] for n, v in numbers.items() if n.startswith("moved.verdict.")]
    nearer = nearer_by_class(numbers)
    assert sum(n for n, _ in nearer.values()) == verdicts.count(1)
    assert {m for _, m in nearer.values()} == {5}  # two observables, three inputs
    assert second.number == f"{verdicts.count(1)} of 10"
    assert f"toward gluon: {nearer['gluon'][0]} of 5" in second.note
    bent = scanned(500, 9).assign(bent=lambda jets: jets["bent"] | True)
    none = jl.summarise(bent, "moved-observables", replicas=20, observables=["width"])
    assert words(headlines(none)[0].label) == "Scale looked at (none is recommended)"
    few = jl.summarise(scanned(20, 9), "moved-observables", replicas=4, observables=["width"])
    assert headlines(few) == []


def test_what_flips_and_what_is_wanted_are_told():
    flips = jl.summarise(flipping(300, 9), "flip-distance", replicas=20)
    share, step = headlines(flips, "flip-2")
    assert words(share.label) == "Decisions that a step flips (flip-2)"
    assert share.number == measured(in_percent(flips.numbers()["flip.share.all"]), "%")
    assert step.number == measured(flips.numbers()["flip.step_of_all.all"])
    assert step.note == measured(flips.numbers()["flip.step.all"]) + " of those that flip"
    few = flipping(300, 9)
    rarely = few.assign(flip_scale=few["flip_scale"].where(np.arange(300) % 3 == 0))
    flips = jl.summarise(rarely, "flip-distance", replicas=20)
    share, step = headlines(flips)
    assert step.number == "not reached"
    assert step.note == measured(flips.numbers()["flip.step.all"]) + " of those that flip"
    wanted = jl.summarise(graded(100, 8), "wanted-change", replicas=20)
    (tile,) = headlines(wanted)
    assert words(tile.number) == "pT"
    assert str(measured(wanted.numbers()["wanted_change.all.pt.size"])) in tile.note
    assert "the largest in 100 % of replicas" in tile.note


def test_where_attention_lies_is_told():
    ranked = jl.summarise(attended(80, 9), "attention-rank", leading=3)
    (tile,) = headlines(ranked)
    number = ranked.numbers()["attention_rank.all.leading_3"]
    assert words(tile.label) == "Attention on the 3 leading particles"
    assert tile.number == measured(in_percent(number), "%")
    assert tile.note.startswith("even shares: ")
    some = imaged.jets(90)
    looked = imaged.explained(some, np.ones_like(some["image"].values[:, 0]))
    fraction = jl.summarise(looked, "attention-fraction", radii=[], replicas=20)
    tiles = headlines(fraction)
    numbers = fraction.numbers()
    assert {words(t.label).rpartition(", ")[2]: t.number for t in tiles} == {
        group: measured(numbers[f"attention_fraction.{group}.enrichment.pt_in_patches"])
        for group in ("two", "four")
    }
    assert "over that of the pT in patches, " in words(tiles[0].label)
    bare = imaged.explained(some, np.ones_like(some["image"].values[:, 0]), None)
    fraction = jl.summarise(bare, "attention-fraction", radii=[], replicas=20)
    assert "over that of the pT, " in words(headlines(fraction)[0].label)


def test_explanations_are_named_where_several_have_a_summary():
    flips = jl.summarise(flipping(60, 9), "flip-distance", replicas=4)
    again = jl.summarise(flipping(60, 9), "flip-distance", replicas=4, ranks=[1, 5])
    wanted = jl.summarise(graded(60, 8), "wanted-change", replicas=4)
    drawn = Picture("", "data:,", "", "")
    each = {"gradient": [wanted], "flip": [flips, again], "flip-2": [flips]}
    facts = Facts(
        recipe={}, recipe_text="", tagger={}, history={}, test={}, performance=[], numbers={},
        explanations=[
            Explanation(name, {"use": "flip"}, 60, 0, [(r, drawn) for r in results])
            for name, results in each.items()
        ],
    )  # fmt: skip
    (tiles,) = overview(facts).blocks
    assert [words(t.label) for t in tiles.tiles] == [
        "Feature it wants to change most",
        "Decisions that a step flips (flip)",
        "Smallest step that flips, median, in spreads (flip)",
        "Decisions that a step flips (flip-2)",
        "Smallest step that flips, median, in spreads (flip-2)",
    ]


@pytest.mark.parametrize("name", ["completeness", "statements"])
def test_checks_have_tiles(name):
    assert headlines(jl.summarise(attribution(100), name, replicas=5))
    assert all(re.compile(h.name) for found in HEADLINES.values() for h in found)


@pytest.mark.parametrize(
    ("use", "asked"),
    [
        ("gradient", "Which feature does the tagger want to change? (x)"),
        ("nudge", "What would turn these jets into the other class? (x)"),
        ("flip", "The smallest change that flips a decision (x)"),
        ("lrp", "What the tagger looks at (x)"),
    ],
)
def test_sections_ask_what_the_method_answers(use, asked):
    settings = {"use": use, "target": "predicted", "of": "logit", "select": "all"}
    first, *_ = explained(Explanation("x", settings, 10, 0, []), several=True)
    assert first.title == asked
