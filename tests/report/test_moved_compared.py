"""Variations side by side: what moved jets and gradients say of each."""

from __future__ import annotations

import re

from jetlens.report.moved_compared import moved_compared
from jetlens.report.variants import Comparison, Variant


def number(value, half=0.01):
    return {"value": value, "low": value - half, "high": value + half}


def words(cell: object) -> str:
    return re.sub(r"<[^>]+>", "", str(cell)).replace("&thinsp;", " ").replace("&plusmn;", "±")


def facts(numbers, *places):
    variants = [Variant(p, {"model": p}, {}, [1], {}) for p in places]
    return Comparison({"vary": {}}, "", variants, [], numbers, {})


def numbers():
    found = {}
    for place, scale, verdicts in (("flat", 1.0, (1, 0)), ("flat.5", 3.0, (1, -1))):
        found[f"nudge.moved.{place}.scale"] = number(scale)
        found[f"nudge.moved.{place}.flipped"] = number(0.5)
        for observable, verdict in zip(("width", "hits.x"), verdicts, strict=True):
            found[f"nudge.moved.{place}.unchanged.{observable}.quark"] = number(0, 0)
            found[f"nudge.moved.{place}.verdict.{observable}.quark"] = number(verdict, 0)
        found[f"nudge.moved.{place}.unchanged.charge.quark"] = number(1, 0)
        found[f"flip.flip.{place}.share.all"] = number(0.9)
        for k, feature in enumerate(("pt", "deta")):
            found[f"gradient.wanted_change.{place}.all.{feature}.size"] = number(k + scale)
            found[f"gradient.wanted_change.{place}.all.{feature}.size.rank_1"] = number(9)
        found[f"gradient.wanted_change.{place}.all.deta.first"] = number(0.97)
    found["flip.flip.flat.step_of_all.all"] = number(1.5)
    found["nudge.moved.flat.scale@select=correct"] = number(7)
    return found


def test_every_variation_has_its_own_numbers():
    (section,) = moved_compared(facts(numbers(), "flat", "flat.5", "other"))
    table, verdicts = section.blocks
    assert [words(c) for c in table.head] == ["", "flat", "flat.5"]  # the third is not explained
    rows = {words(row[0]): [words(c) for c in row[1:]] for row in table.rows}
    assert rows == {
        "recommended scale": ["1.000 ± 0.010", "3.000 ± 0.010"],
        "decisions flipped there": ["50.0 ± 1.0 %", "50.0 ± 1.0 %"],
        "observables and inputs nearer": ["1 of 3", "1 of 3"],
        "decisions that a step flips": ["90.0 ± 1.0 %", "90.0 ± 1.0 %"],
        "smallest step that flips half of them, in spreads": ["1.500 ± 0.010", "not reached"],
        "most wanted change": [
            "deta (2.000 ± 0.010, first in 97 % of replicas)",
            "deta (4.000 ± 0.010, first in 97 % of replicas)",
        ],
    }
    said = [[words(c) for c in row] for row in verdicts.rows]
    assert said == [
        ["width", "quark", "nearer", "nearer"],
        ["hits.x", "quark", "not told apart", "farther"],
        ["charge", "quark", "does not change", "does not change"],
    ]
    assert "(nudge)" in verdicts.caption


def test_two_explanations_of_a_kind_are_told_apart():
    both = numbers() | {"nudge-2.moved.flat.scale": number(0.3)}
    table = moved_compared(facts(both, "flat", "flat.5"))[0].blocks[0]
    rows = {words(row[0]): [words(c) for c in row[1:]] for row in table.rows}
    assert rows["recommended scale (nudge)"] == ["1.000 ± 0.010", "3.000 ± 0.010"]
    assert rows["recommended scale (nudge-2)"] == ["0.300 ± 0.010", ""]
    assert "decisions flipped there" in rows


def test_where_retrainings_differ_nothing_is_told_apart():
    mixed = numbers() | {"nudge.moved.flat.verdict.width.quark": number(2 / 3)}
    verdicts = moved_compared(facts(mixed, "flat", "flat.5"))[0].blocks[1]
    assert [words(c) for c in verdicts.rows[0][2:]] == ["not told apart", "nearer"]


def test_without_moved_jets_there_is_no_section():
    assert moved_compared(facts({"auc.flat": number(0.9)}, "flat")) == []


def test_with_a_control_what_it_does_is_told_beside():
    found = numbers()
    for observable, verdict in (("width", 0), ("hits.x", 1)):
        found[f"nudge.moved.flat.control.{observable}.quark"] = number(-0.1)
        found[f"nudge.moved.flat.picked_up.{observable}.quark"] = number(verdict, 0)
    table, verdicts = moved_compared(facts(found, "flat", "flat.5"))[0].blocks
    assert [[words(c) for c in row[2:]] for row in verdicts.rows] == [
        ["nearer (not told apart)", "nearer"],
        ["not told apart (nearer)", "farther"],
        ["does not change", "does not change"],
    ]
    assert "than after a control step" in verdicts.caption
    rows = {words(row[0]): [words(c) for c in row[1:]] for row in table.rows}
    assert rows["observables and inputs nearer"] == ["1 of 3", "1 of 3"]
