from __future__ import annotations

import re

import pytest

from jetlens.report.verdicts import NO, OPEN, YES, against_first, beaten, verdict

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
    (said,) = beaten(AXES, found, "cross-attention")
    assert "seed 1: kinematics does worse than cross-attention" in plain(said)
    assert "concatenation" not in plain(said)
    assert against_first(AXES, numbers(), "", "cross-attention") is None


def test_who_beats_the_first_is_said():
    (said,) = beaten(AXES, numbers())
    text = plain(said)
    assert "told at 95 %" in text
    assert "seed 1: cross-attention beats concatenation, 0.0100" in text
    assert "kinematics does worse than concatenation" in text
    assert beaten(AXES, {}) == []
