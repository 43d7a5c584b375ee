"""The page about variations: every number in its place, links to each variation, all escaped."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from jetlens.report import page
from jetlens.report.comparison import abstract, sections
from jetlens.report.content import Picture, Table
from jetlens.report.outcome import best_of, orders_of
from jetlens.report.variants import Comparison, Variant
from jetlens.report.worth import worth_of_orders

EVIL = '"><script>alert(1)</script>&'


def number(value, half=0.01):
    wide = {"low_95": value - 2 * half, "high_95": value + 2 * half}
    return {"value": value, "low": value - half, "high": value + half} | wide


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
            numbers[f"rejection.{d},{m}.at_50"] = number(33)
            numbers[f"rejection.{d},{m}.at_50@signal_with=mass:500"] = number(44)
            for mistag in ("0.5", "1", "10"):
                numbers[f"efficiency.{d},{m}.at_background_{mistag}"] = number(auc - 0.3)
                numbers[f"efficiency.{d},{m}.at_background_{mistag}@fc=0.1"] = number(0.123)
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
    assert text.count("0.950") == 2
    assert text.count("0.900") == 3  # once in short
    assert "4 variations of one study (2 of data.difficulty times 2 of model)" in text
    few = rendered(Comparison(**{**vars(facts), "variants": facts.variants[:3]}))
    assert "(2 of data.difficulty times 2 of model, but for what is left out)" in few
    assert "is explained by LRP." in text
    assert "train.epochs</code> = 3" in text
    assert "<script" not in text


def test_explanations_are_those_of_the_variations(facts):
    models = facts.recipe["vary"]["model"]
    models["image"]["explain"] = [{"use": "grad-cam"}]
    models["experts"]["explain"] = []
    text = rendered(facts)
    assert "is explained by grad cam." in text
    assert "explain</code> = none" in text
    models["image"]["explain"] = {"0": {"rule": "z"}}  # a part of the recipe's is changed
    assert "is explained by LRP." in rendered(facts)


def test_gains_are_told_absolute_and_in_per_cent(facts):
    text = re.sub(r"<[^>]+>", " ", rendered(facts))
    assert "Gains over image, all else the same" in text
    assert re.search(r"0\.200.*?40\.0", text, re.DOTALL)


def test_gains_over_another_place_have_tables_of_their_own(facts):
    gain = "gain.0,image.auc.vs.experts"
    numbers = facts.numbers | {gain: number(-0.05)}
    recipe = {**facts.recipe, "against": {"model": "experts"}}
    told = rendered(Comparison(**{**vars(facts), "numbers": numbers, "recipe": recipe}))
    text = re.sub(r"<[^>]+>", " ", told)
    assert "Gains over experts, all else the same" in text
    assert "against experts" in text
    assert re.search(r"by this area: image than experts \(.0.050: .0.070 to .0.030\)", text)
    assert "over experts" not in rendered(facts)


def test_a_verdict_follows_the_interval():
    def verdict(low, high):
        found = {"value": (low + high) / 2, "low": low, "high": high}
        found |= {"low_95": low - 0.02, "high_95": high + 0.02}
        table = worth_of_orders({"": {"retrained.advantage.auc.over.random": found}})
        return re.search(r">([\w ]+)</span>", str(table.rows[0][-1]))[1]

    assert verdict(0.1, 0.2) == "better"
    assert verdict(-0.1, 0.2) == verdict(0.01, 0.2) == "not told apart"
    assert verdict(-0.2, -0.1) == "worse"
    assert worth_of_orders({"": {}}) is None


def test_without_retrainings_there_is_no_such_section(facts):
    alone = Comparison(**{**vars(facts), "variants": facts.variants[:1]})
    assert "Retrained on" in rendered(facts)
    assert "Retrained on" not in rendered(alone)


def test_what_is_one_variations_own_is_not_told_of_all(facts):
    text = rendered(facts)
    assert "versions: x" in text
    assert "0123abcd" not in text


def test_the_best_is_said_with_its_gain_and_overlaps():
    axes = {"data.difficulty": ("0", "1"), "model": ("image", "experts", "list")}
    name = "efficiency.{}.at_background_1"
    numbers = {
        name.format("0,image"): number(0.5),
        name.format("0,experts"): number(0.8),
        name.format("0,list"): number(0.79),
        "gain.0,experts.efficiency.at_background_1.vs.image": number(0.3),
        name.format("1,image"): number(0.5),
        name.format("1,experts"): number(0.9),
        "gain.1,experts.efficiency.at_background_1.vs.image": number(0.4, 0.5),
    }
    (said,) = best_of(axes, numbers, "1")
    text = re.sub(r"<[^>]+>", "", said).replace("&thinsp;", " ").replace("&plusmn;", "±")
    first, second = text.split("At difficulty ")[1:]
    assert first.startswith("0: experts, 0.800 ± 0.010, not told apart from list (68 % intervals")
    assert "its gain over image is 0.300 ± 0.010 (0.28 to 0.32 at 95 %)." in first
    assert "overlap" not in second
    assert "0.60 to 1.4 at 95 %" in second
    (said,) = best_of(axes, numbers, "1", [("1",)])
    assert "At difficulty 1" in said
    assert "At difficulty 0" not in said
    assert best_of({"data.difficulty": ("0", "1")}, {}, "1") == []
    assert best_of({}, numbers, "1") == []
    assert best_of(axes, numbers, "10") == []
    alike = {name.format(f"0,{m}"): number(0.8) for m in axes["model"]}
    (said,) = best_of(axes, alike, "1")
    assert "At difficulty 0: no one is best" in said


def test_whether_the_order_of_relevance_is_better_is_said():
    def advantage(random, reverse):
        return {
            "retrained.advantage.auc.over.random": number(random),
            "retrained.advantage.auc.over.reverse": number(reverse),
        }

    (said,) = orders_of({"a": advantage(0.1, 0.1), "b": advantage(0.0, -0.1), "c": {}})
    assert "random orders better in 1 of 2 variations, not told apart in 1 of 2" in said
    assert "the reverse order better in 1 of 2 variations, worse in 1 of 2" in said
    assert orders_of({"c": {}}) == []


def test_sentences_and_curves_are_on_the_page(facts):
    name = facts.variants[1].name
    curves = [(name, Picture("Curves", "data:,curves", "How", "r.pdf"))]
    text = rendered(Comparison(**{**vars(facts), "retrained": curves}))
    assert "data:,curves" in text
    assert "Curves: <a href=" in text
    assert "better in 2 of 2 variations" in text


def test_long_lists_of_inputs_are_cut_and_no_change_is_said(facts):
    facts.recipe["vary"]["model"]["image"] = {}
    names = [f"x{i}" for i in range(17)]
    facts.variants[0].tagger["inputs"]["jets"] = names
    text = rendered(facts)
    assert "jets: x0, x1, ... x16 (17)" in text
    assert "x2," not in text
    assert re.search(r"image</td>\s*<td[^>]*>nothing</td>", text)


def tables(section):
    return [block for block in section.blocks if isinstance(block, Table)]


def test_every_background_that_was_asked_for_has_its_columns(facts):
    overview, _, performance, *_ = sections(facts)
    (table,) = tables(overview)
    wanted = [f"signal efficiency at {m} % background" for m in ("0.5", "1", "10")]
    assert list(table.head) == ["difficulty", "model", "area under the curve", *wanted, ""]
    assert all("0.1230" not in cell for row in table.rows for cell in map(str, row))
    gained = next(t for t in tables(performance) if "Gains over image" in str(t.caption))
    assert [h for h in gained.head if "%" in h] == [w.removeprefix("signal ") for w in wanted]
    assert "Highest signal efficiency at 0.5 % background" in rendered(facts)
    few = {n: v for n, v in facts.numbers.items() if "efficiency" not in n}
    (table,) = tables(sections(Comparison(**{**vars(facts), "numbers": few}))[0])
    assert not [h for h in table.head if "background" in h]


def test_how_often_variations_are_trained(facts):
    few = [replace(v, epochs=v.epochs * (1 + k)) for k, v in enumerate(facts.variants)]
    text = rendered(Comparison(**{**vars(facts), "variants": few}))
    assert "Each is trained 2 to 8 times" in text
    assert "Means over 2 to 8 retrainings" in text
    assert "Each is trained 2 times" in rendered(facts)
    once = [replace(v, epochs=[3]) for v in facts.variants]
    text = rendered(Comparison(**{**vars(facts), "variants": once}))
    assert "Each is trained" not in text
    assert "Intervals are 68 % bootstrap intervals." in text


def test_rejections_of_each_signal_have_a_table(facts):
    found = [t for t in tables(sections(facts)[2]) if "Background rejection" in str(t.caption)]
    assert [list(t.head) for t in found] == 2 * [["difficulty", "model", "at 50 %"]]
    assert "33.000" in str(found[0].rows[0][-1])
    assert "44.000" in str(found[1].rows[-1][-1])
    assert "(signal with mass 500)" in found[1].caption
    assert "quadrature" in found[0].caption


def test_uses_of_streams_are_told_apart_from_the_firsts(facts):
    own = "stream_use.{},experts.signal.constituents.share"
    found = {
        f"stream-share.{own.format(0)}": number(0.7),
        f"stream-share.{own.format(0)}.vs.image": number(0.1),
        f"stream-share.{own.format(1)}.vs.image": number(-0.1),
        "permutation.stream_use.0,experts.all.objects.loss.vs.image": number(0.01),
    }
    pictures = [("stream-use", Picture("Use of streams, compared", "data:,", "", "s.pdf"))]
    own_facts = {**vars(facts), "numbers": facts.numbers | found, "pictures": pictures}
    section = next(s for s in sections(Comparison(**own_facts)) if s.anchor == "stream-use")
    (table,) = tables(section)
    assert [re.sub(r"<[^>]+>", "", str(h)) for h in table.head][3:] == ["0,experts", "1,experts"]
    rows = [[re.sub(r"<[^>]+>", "", str(c)) for c in row] for row in table.rows]
    assert rows[0][:3] == ["constituents", "share in what enters the head", "signal"]
    assert [c.rpartition(" ")[2] for c in rows[0][3:]] == ["more", "less"]
    assert rows[1][:3] == ["objects", "loss when it is permuted", "all"]
    assert rows[1][3].endswith("not told apart")
    assert rows[1][4] == ""


def test_what_is_tagged_is_called_what_it_is(facts):
    told = Comparison(**{**vars(facts), "rows": "events"})
    assert "say of events that they have not seen" in abstract(told)[0]
    (table,) = tables(sections(told)[0])
    assert "on their test events" in str(table.caption)
    assert "on their test jets" in str(tables(sections(facts)[0])[0].caption)
