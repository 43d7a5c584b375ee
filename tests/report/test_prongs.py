"""Do variations look at prongs more than the first? Every difference has its verdict."""

from __future__ import annotations

import re
from dataclasses import replace

from jetlens.report.caveats import caveats
from jetlens.report.in_short import in_short
from jetlens.report.prongs import prongs
from jetlens.report.variants import Comparison, Variant

EXPLAINED = {
    "attention": {"use": "attention", "jets": 120},
    "attention-2": {"use": "attention", "layers": "*.11.*", "jets": 60, "trainings": 1},
}


def number(value, **more):
    half = 0.01
    wide = {"low_95": value - 2 * half, "high_95": value + 2 * half}
    return {"value": value, "low": value - half, "high": value + half} | wide | more


def facts(numbers):
    places = [{"data": d, "model": m} for d in ("four", "two") for m in ("tuned", "untuned")]
    variants = [Variant(",".join(p.values()), p, {}, [1], {}) for p in places]
    return Comparison({}, "", variants, [], numbers, {})


def plain(cell):
    return re.sub(r"<[^>]+>", "", str(cell)).replace("&#39;", "'")


def test_every_difference_has_a_cell_with_its_verdict():
    start = "attention_fraction.gain.four,untuned"
    numbers = {
        f"attention.{start}.all.vs.tuned": number(0.2),
        f"attention.{start}.H4q.vs.tuned": number(-0.05, pairs=5.0),
        f"attention.{start}.H4q.enrichment.turned.vs.tuned": number(0.01, pairs=5.0),
        f"attention.{start}.H4q.enrichment.pt.vs.tuned": number(0.7),
        f"attention.{start}.Zqq.enrichment.other.vs.tuned": number(0.5),
        f"attention.{start}.H4q.vs.tuned@regions=partons": number(0.03),
        "grad-cam.attention_fraction.gain.two,untuned.H4q.vs.tuned": number(0.03, pairs=1.0),
        "grad-cam.attention_fraction.two,untuned.H4q": number(0.4),
        "attention_fraction.gain.two,untuned.H4q.vs.another": number(0.0),
    }
    *_, table = prongs(facts(numbers))
    assert [plain(h) for h in table.head] == [
        "explanation", "class", "data", "model", "pairs", "share",
        "enrichment over own discs, turned", "enrichment over another jet's discs",
    ]  # fmt: skip
    rows = {(plain(r[0]), plain(r[1])): [plain(c) for c in r[2:]] for r in table.rows}
    assert set(rows) == {  # of all jets together there is none: they have other numbers of discs
        ("attention", "H → 4q"), ("attention", "Z → qq"), ("grad-cam", "H → 4q"),
        ("attention (regions partons)", "H → 4q"),
    }  # fmt: skip
    four = rows["attention", "H → 4q"]
    assert four[:3] == ["four", "untuned", "5"]
    assert four[3].endswith("(−0.070 to −0.030) less")
    assert four[4].endswith(" not told apart")
    assert four[5] == ""
    two = rows["attention", "Z → qq"]
    assert two[3] == two[4] == ""
    assert two[5].endswith(" more")
    assert rows["grad-cam", "H → 4q"][2] == "1"
    assert rows["grad-cam", "H → 4q"][3].endswith(" more (one pair)")
    assert "than tuned, all else the same" in table.caption
    assert "the class sets how many" in table.caption
    assert prongs(facts({})) == []


def test_all_jets_are_told_where_there_are_no_classes():
    numbers = {"attention_fraction.gain.four,untuned.all.vs.tuned": number(0.2)}
    (table,) = prongs(facts(numbers))
    ((name, group, *_),) = table.rows
    assert (plain(name), plain(group)) == ("explanation", "All")


def shares(start, share, **nulls):
    found = {start: number(share)}
    for null, (own, pairs) in nulls.items():
        found[f"{start}.{null}"] = number(own)
        found[f"{start}.enrichment.{null}"] = number(share / own)
        found[f"{start}.minus.{null}"] = number(share - own, pairs=pairs)
    return found


def test_each_explanation_is_tested_against_each_null_over_its_trainings():
    numbers = {}
    for name in ("attention", "attention-2"):
        for place, share in (("four,tuned", 0.4), ("four,untuned", 0.3)):
            start = f"{name}.attention_fraction.{place}.H4q"
            pairs = 5.0 if name == "attention" else 1.0
            each = {"area": (0.1, pairs), "pt": (0.6, pairs), "pt_in_patches": (0.31, pairs)}
            numbers |= shares(start, share, **each)
    numbers["attention.attention_fraction.four,tuned.H4q.right_minus_wrong"] = number(
        0.1, pairs=3.0
    )
    about, first, rest = prongs(replace(facts(numbers), explanations=EXPLAINED))
    assert first.caption.startswith("Attention, data four: ")
    assert "may overlap the jet's own" in about.text
    rows = [[plain(c) for c in row] for row in first.rows]
    assert [r[:3] + r[-2:] for r in rows] == [
        ["H → 4q", "tuned", "area", "above", "5"],
        ["H → 4q", "tuned", "pT (unfair to patches)", "below", "5"],
        ["H → 4q", "tuned", "pT in patches", "above", "5"],
        ["H → 4q", "tuned", "right, against wrong", "above", "3"],
        ["H → 4q", "untuned", "area", "above", "5"],
        ["H → 4q", "untuned", "pT (unfair to patches)", "below", "5"],
        ["H → 4q", "untuned", "pT in patches", "not told apart", "5"],
    ]
    assert {len(r) for r in rows} == {len(first.head)}
    assert rows[0][-3] == "0.30 (0.28 to 0.32)"
    rows = [[plain(c) for c in row] for row in rest.rows]
    assert [r[:5] for r in rows] == [
        ["attention-2 (layers *.11.*)", "H → 4q", "four", "tuned", "1"],
        ["attention-2 (layers *.11.*)", "H → 4q", "four", "untuned", "1"],
    ]
    assert rows[0][-1].endswith(" above (one training)")


def test_a_task_is_told_in_short():
    start = "attention_fraction.four,tuned.H4q"
    numbers = shares(start, 0.4, area=(0.1, 5.0), pt=(0.6, 5.0), turned=(0.41, 5.0)) | {
        "attention_fraction.gain.four,untuned.H4q.vs.tuned": number(-0.1),
        "auc.four,tuned": number(0.9),
        "cost.four,tuned.jets": {"value": 600.0, "low": 600.0, "high": 600.0},
        "cost.four,tuned.flops": {"value": 2e12, "low": 2e12, "high": 2e12},
        "gain.four,untuned.auc.vs.tuned": number(-0.01),
    }
    said, points = in_short(facts(numbers))
    text = plain(said.text)
    assert text.startswith("data four, model tuned: area under the curve 0.9")
    assert "by 600 jets trained on and 2 TFLOP a training." in text
    gain, share = map(plain, points.points)
    assert gain == (
        "Not told apart at 95 %, by this area: untuned from tuned (loses at most 0.030)."
    )
    assert "above area and that of untuned; below pT; not told apart from own discs turned" in share
    numbers["gain.four,untuned.auc.vs.tuned"]["pairs"] = 1.0
    _, alone = in_short(facts(numbers))
    assert "(loses at most 0.030, one pair)" in plain(alone.points[0])
    other = replace(facts(numbers), variants=[
        replace(v, tested=v.places["data"]) for v in facts(numbers).variants
    ])  # fmt: skip
    two = in_short(replace(other, numbers=numbers | {"auc.two,tuned": number(0.8)}))
    assert [plain(s.text).partition(":")[0] for s in two if s.kind == "paragraph"] == [
        "data four, model tuned", "data two, model tuned"
    ]  # fmt: skip
    assert in_short(facts({})) == []


def test_places_that_the_first_does_not_have_are_told_where_they_are():
    places = [("300", "224", "tuned"), ("300", "112", "tuned"), ("300", "112", "whole")]
    variants = [
        Variant(",".join(p), dict(zip(("images", "pixels", "model"), p, strict=True)), {}, [1], {})
        for p in places
    ]
    numbers = {
        "gain.300,112,whole.auc.vs.tuned": number(0.05),
        "gain.300,112,tuned.auc.vs.224": number(-0.05),
    }
    (said,) = in_short(Comparison({}, "", variants, [], numbers, {}))
    better, worse = map(plain, said.points)
    assert better == (
        "Better, by this area: whole than tuned (0.050: 0.030 to 0.070, at pixels 112)."
    )
    assert worse.startswith("Worse, by this area: pixels 112 than pixels 224 (")


def test_classes_of_which_the_same_is_to_be_said_share_a_point():
    alike = facts(
        shares("attention_fraction.four,tuned.H4q", 0.4, area=(0.1, 5.0))
        | shares("attention_fraction.four,tuned.Zqq", 0.3, area=(0.1, 5.0))
    )
    (said,) = in_short(alike)
    (both,) = map(plain, said.points)
    assert "H → 4q" in both
    assert "Z → qq" in both
    apart = shares("attention_fraction.four,tuned.Zqq", 0.3, area=(0.5, 5.0))
    (said,) = in_short(replace(alike, numbers=alike.numbers | apart))
    assert [plain(p).rpartition("95 % ")[2] for p in said.points] == ["above area.", "below area."]


def test_how_much_draws_share_is_told_and_what_is_assumed():
    drawn = [
        Variant(str(many), {"images": str(many)}, {}, [1] * 5, {}, drawn=(float(many), 1120.0))
        for many in (30, 1000)
    ]
    found = Comparison({}, "", drawn, [], {}, {}, assumptions=["Not JetClass's own."])
    (section,) = caveats(found)
    first, second = (str(block.text) for block in section.blocks)
    assert first == "Not JetClass's own."
    assert "on average 3 % of 30 and 89 % of 1,000 jets a class." in second
    assert "All have the same test jets." in second
    once = replace(found, variants=[replace(v, epochs=[1]) for v in drawn], assumptions=())
    assert caveats(once) == []
