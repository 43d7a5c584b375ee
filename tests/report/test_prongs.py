"""Do variations look at prongs more than the first? Every difference has its verdict."""

from __future__ import annotations

import re

from jetlens.report.prongs import prongs
from jetlens.report.variants import Comparison, Variant


def number(value):
    half = 0.01
    wide = {"low_95": value - 2 * half, "high_95": value + 2 * half}
    return {"value": value, "low": value - half, "high": value + half} | wide


def facts(numbers):
    places = [{"data": d, "model": m} for d in ("four", "two") for m in ("tuned", "untuned")]
    variants = [Variant(",".join(p.values()), p, {}, [1], {}) for p in places]
    return Comparison({}, "", variants, [], numbers, {})


def plain(cell):
    return re.sub(r"<[^>]+>", "", str(cell)).replace("&#39;", "'")


def test_every_difference_has_a_cell_with_its_verdict():
    start = "attention_fraction.gain.four,untuned.all"
    numbers = {
        f"attention.{start}.vs.tuned": number(-0.05),
        f"attention.{start}.enrichment.turned.vs.tuned": number(0.01),
        f"attention.{start}.enrichment.other.vs.tuned": number(0.5),
        f"attention.{start}.enrichment.pt.vs.tuned": number(0.7),
        f"attention.{start}.vs.tuned@regions=partons": number(0.03),
        "grad-cam.attention_fraction.gain.two,untuned.H4q.vs.tuned": number(0.0),
        "grad-cam.attention_fraction.two,untuned.H4q": number(0.4),
        "attention_fraction.gain.two,untuned.H4q.vs.another": number(0.0),
    }
    (table,) = prongs(facts(numbers))
    assert [plain(h) for h in table.head] == [
        "explanation", "data", "model", "share, All", "share, H → 4q",
        "enrichment over own discs, turned", "enrichment over another jet's discs",
    ]  # fmt: skip
    rows = {plain(r[0]): [plain(c) for c in r[1:]] for r in table.rows}
    assert set(rows) == {"attention", "grad-cam", "attention (regions partons)"}
    assert rows["attention"][:2] == ["four", "untuned"]
    said = [c and c.rpartition(";")[2].split(" ", 1)[1] for c in rows["attention"][2:]]
    assert said == ["less", "", "not told apart", "more"]
    assert rows["attention (regions partons)"][2].endswith(" more")
    assert rows["grad-cam"][:3] == ["two", "untuned", ""]
    assert rows["grad-cam"][3].endswith("not told apart")
    assert rows["grad-cam"][4:] == ["", ""]
    assert "than tuned, all else the same" in table.caption
    assert prongs(facts({})) == []
