"""The page about variations: every number in its place, links to each variation, all escaped."""

from __future__ import annotations

import re

import pytest

from jetlens.report import page
from jetlens.report.comparison import Comparison, Variant, abstract, sections
from jetlens.report.content import Picture
from jetlens.report.worth import worth_of_orders

EVIL = '"><script>alert(1)</script>&'


def number(value, half=0.01):
    return {"value": value, "low": value - half, "high": value + half}


@pytest.fixture
def facts():
    variants, numbers = [], {}
    for d in ("0", "1"):
        for m, auc in (("image", 0.9), ("experts", 0.95)):
            places = {"data.difficulty": d, "model": m}
            tagger = {"use": "mlp", "parameters": 1234, "inputs": {"jets": [EVIL]}}
            own = {f"retrained.advantage.auc.over.{o}": number(0.1) for o in ("random", "reverse")}
            name = f"data.difficulty={d},model={m}"
            variants.append(Variant(name, places, tagger, [3, 4], own if m == "experts" else {}))
            numbers[f"auc.{d},{m}"] = number(auc)
        gain = f"gain.{d},experts.efficiency.at_background_1"
        numbers[f"{gain}.vs.image"] = number(0.2)
        numbers[f"{gain}.relative.vs.image"] = number(0.4)
    recipe = {
        "repeats": 2,
        "vary": {
            "data.difficulty": [0, 1],
            "model": {"image": {"train": {"epochs": 3}}, "experts": {"tagger": {"use": EVIL}}},
        },
        "explain": [{"use": "lrp"}, {"use": "lrp"}],
    }
    pictures = [("relevance", Picture("Relevance, compared", "data:,", EVIL, "f.pdf"))]
    told = {"versions": {"x": EVIL}, "hashes": {"jets": "0123abcd"}}
    return Comparison(recipe, EVIL, variants, pictures, numbers, told)


def rendered(facts):
    return page.render("T", abstract(facts), sections(facts), "1")


def test_each_variation_has_a_row_and_a_link(facts):
    text = rendered(facts)
    for variant in facts.variants:
        address = variant.name.replace("=", "%3D").replace(",", "%2C")
        assert f'href="{address}/report.html"' in text
    assert text.count("0.950") == text.count("0.900") == 2
    assert "4 variations of one study (2 of data.difficulty times 2 of model)" in text
    assert "is explained by LRP." in text
    assert "train.epochs</code> = 3" in text
    assert "<script" not in text


def test_gains_are_told_absolute_and_in_per_cent(facts):
    text = re.sub(r"<[^>]+>", " ", rendered(facts))
    assert "Gains over image, all else the same" in text
    assert re.search(r"0\.200.*?40\.0", text, re.DOTALL)


def test_a_verdict_follows_the_interval():
    def verdict(low, high):
        found = {"value": (low + high) / 2, "low": low, "high": high}
        table = worth_of_orders({"": {"retrained.advantage.auc.over.random": found}})
        return re.search(r">(\w+)</span>", str(table.rows[0][-1]))[1]

    assert verdict(0.1, 0.2) == "yes"
    assert verdict(-0.1, 0.2) == "open"
    assert verdict(-0.2, -0.1) == "no"
    assert worth_of_orders({"": {}}) is None


def test_without_retrainings_there_is_no_such_section(facts):
    alone = Comparison(**{**vars(facts), "variants": facts.variants[:1]})
    assert "Retrained on" in rendered(facts)
    assert "Retrained on" not in rendered(alone)


def test_what_is_one_variations_own_is_not_told_of_all(facts):
    text = rendered(facts)
    assert "versions: x" in text
    assert "0123abcd" not in text
