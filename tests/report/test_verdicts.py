from __future__ import annotations

import re

import pytest

from jetlens.report.verdicts import NO, OPEN, YES, against_first, judged, verdict

AXES = {"data.seed": ("1",), "model": ("concatenation", "cross-attention", "kinematics")}


def number(value, half):
    wide = {"low_95": value - 2 * half, "high_95": value + 2 * half}
    return {"value": value, "low": value - half, "high": value + half} | wide


def numbers():
    found = {}
    for model, auc, limit in (("cross-attention", 0.01, 0.9), ("kinematics", -0.05, 1.1)):
        found[f"gain.1,{model}.auc.vs.concatenation"] = number(auc, 0.002)
        found[f"gain.1,{model}.rejection.at_50.vs.concatenation"] = number(30, 50)
        found[f"gain.1,{model}.rejection.at_50.relative.vs.concatenation"] = number(0.3, 0.5)
        found[f"reach.ratio.1,{model}.1000.vs.concatenation"] = number(limit, 0.04)
        found[f"gain.1,{model}.auc.vs.concatenation@weight=xsec_weight"] = number(-auc, 0.002)
    return found


@pytest.mark.parametrize(
    ("value", "zero", "small", "said"),
    [
        (0.11, 0, False, YES), (-0.11, 0, False, NO), (0.01, 0, False, OPEN),
        (0.89, 1, True, YES), (1.11, 1, True, NO), (1.01, 1, True, OPEN),
        (0.08, 0, False, OPEN), (0.92, 1, True, OPEN),  # more than one standard deviation
    ],
)  # fmt: skip
def test_a_verdict_follows_the_interval_of_95_per_cent(value, zero, small, said):
    assert verdict(number(value, 0.05), zero, small) == said


def plain(cell):
    return re.sub(r"<[^>]+>", "", str(cell))


def test_everything_that_is_compared_has_a_row():
    table = against_first(AXES, numbers(), "Means over 5 pairs.")
    assert table.head == ["seed", "against concatenation", "cross-attention", "kinematics"]
    rows = {plain(r[1]): [plain(c) for c in r[2:]] for r in table.rows}
    said = {
        words: [next(v for v in (OPEN, YES, NO) if v in c) for c in r] for words, r in rows.items()
    }
    assert said == {
        "area under the curve, difference": [YES, NO],
        "background rejection at 50 % signal efficiency, gain in %": [OPEN, OPEN],
        "expected limit at 1000 GeV, ratio": [YES, NO],
        "area under the curve, difference (weight xsec weight)": [NO, YES],
    }
    assert "Verdicts are at 95 %" in table.caption
    assert "30" in rows["background rejection at 50 % signal efficiency, gain in %"][0]
    assert "Means over 5 pairs." in table.caption
    assert against_first(AXES, {}, "") is None
    assert against_first({}, numbers(), "") is None


def test_another_place_may_be_compared_with():
    found = numbers() | {"gain.1,kinematics.auc.vs.cross-attention": number(-0.06, 0.002)}
    table = against_first(AXES, found, "", "cross-attention")
    assert table.head == ["seed", "against cross-attention", "kinematics"]  # no empty column
    ((*_, cell),) = table.rows
    assert NO in plain(cell)
    assert against_first(AXES, numbers(), "", "cross-attention") is None


def test_the_interval_of_the_verdict_stands_beside_it_and_what_is_lost_at_most():
    assert "(0.0060 to 0.014)" in plain(judged(number(0.01, 0.002)))
    table = against_first(AXES, numbers() | {
        "gain.1,kinematics.auc.vs.concatenation": number(-0.002, 0.004)
    }, "")  # fmt: skip
    cell = next(plain(r[3]) for r in table.rows if plain(r[1]).endswith("difference"))
    assert cell.endswith("(−0.010 to 0.0060) not told apart: loses at most 0.010")
    assert "not to say that they are alike" in table.caption


def test_a_verdict_of_one_pair_says_so():
    one = number(0.1, 0.01)
    assert plain(judged(one | {"pairs": 1.0})).endswith(" better (one pair)")
    assert plain(judged(one | {"pairs": 5.0})).endswith(" better")
