"""The page is one file that needs nothing else, whatever stands in the names of a user's files."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest

import synthetic
from jetlens.report import page
from jetlens.report.content import (
    Listing,
    Paragraph,
    Picture,
    Section,
    Table,
    Tile,
    Tiles,
)
from jetlens.report.facts import Explanation, Facts
from jetlens.report.pictures import Order, picture
from jetlens.report.sections import abstract, sections
from jetlens.summarise.entry import summarise

EVIL = '"><script>alert(1)</script>&'


class Tags(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))


def test_every_place_for_text_is_escaped():
    blocks = [
        Paragraph(EVIL),
        Tiles([Tile(EVIL, EVIL, EVIL)]),
        Table([EVIL], [[EVIL]], EVIL),
        Picture(EVIL, "data:,", EVIL, EVIL),
        Listing(EVIL, EVIL),
    ]
    text = page.render(EVIL, [EVIL], [Section("a", EVIL, blocks)], "1")
    assert "<script" not in text
    assert text.count("&lt;script&gt;") >= 14
    assert "script" not in {tag for tag, _ in Tags(text).tags}


@pytest.fixture(scope="module")
def facts(tmp_path_factory):
    """Facts about a made-up run with names that mean harm."""
    folder = tmp_path_factory.mktemp("results")
    attribution = synthetic.attribution(300)
    shown = {
        "performance": {},
        "statements": {},
        "top-origin": {"ranks": 2},
        "completeness": {},
    }
    drawn = {}
    for name, options in shown.items():
        result = summarise(attribution, name, replicas=10, **options)
        result.save(folder / f"{name}.npz")
        drawn[name] = (result, picture(Order(folder / f"{name}.npz", folder, name)))
    numbers = {k: n for result, _ in drawn.values() for k, n in result.numbers().items()}
    other = {k: {**n, "value": n["value"] * 1.01} for k, n in numbers.items()}
    settings = {"use": "integrated-gradients", "target": EVIL, "of": "logit", "select": "all"}
    return Facts(
        recipe={"data": {"use": "files", "files": [EVIL]}, "split": [0.7, 0.1, 0.2], "seed": 1},
        recipe_text=EVIL,
        tagger={
            "use": EVIL,
            "parameters": 10,
            "classes": ["b", "c", "u", "tau"],
            "inputs": {"jets": [EVIL]},
        },
        history={},
        test={"b": 100, "c": 100, "u": 50, "tau": 50},
        performance=[drawn["performance"]],
        explanations=[
            Explanation(
                "ig", settings, 300, 10, [v for k, v in drawn.items() if k != "performance"]
            )
        ],
        numbers=numbers,
        repeats=[numbers, other],
        provenance={"versions": {EVIL: EVIL}},
    )


def test_a_report_is_whole_and_alone(facts):
    text = page.render("T", abstract(facts), sections(facts), "1")
    tags = Tags(text).tags
    assert "script" not in {tag for tag, _ in tags}
    for tag, attrs in tags:
        for name in ("src", "href"):
            if name in attrs:
                assert attrs[name].startswith("data:" if tag == "img" else "#"), attrs[name]
    assert not {"link", "iframe", "object"} & {tag for tag, _ in tags}
    assert "@import" not in text
    assert "url(" not in text
    anchors = {attrs["id"] for tag, attrs in tags if tag == "section"}
    linked = {attrs["href"].removeprefix("#") for tag, attrs in tags if tag == "a"}
    assert anchors == linked
    assert anchors >= {"overview", "run", "performance", "explanation", "physics", "completeness"}
    assert anchors >= {"repeats", "provenance"}
    assert sum(tag == "img" for tag, _ in tags) == 4
    assert len(text) < 15e6


def test_every_statement_stands_in_the_table_with_its_verdict(facts):
    from jetlens.report.words import said
    from jetlens.summarise.jets.statement_table import STATEMENTS

    text = page.render("T", abstract(facts), sections(facts), "1")
    for statement in STATEMENTS:
        assert said(statement.text) in text
    assert text.count('class="verdict') == len(STATEMENTS)


def test_the_spread_over_repeats_is_told(facts):
    text = page.render("T", abstract(facts), sections(facts), "1")
    assert "auc.b_vs_light" in text
    single = Facts(**{**vars(facts), "repeats": [facts.numbers]})
    assert "Spread over repeats" not in page.render("T", abstract(single), sections(single), "1")
