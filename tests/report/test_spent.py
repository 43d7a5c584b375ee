"""What trainings take stands beside how well they do; what is frozen is not trained."""

from __future__ import annotations

import re

from jetlens.report.spent import spent, trained
from jetlens.report.variants import Comparison, Variant


def number(value, half=0.0):
    return {"value": value, "low": value - half, "high": value + half}


def facts(numbers):
    variants = [
        Variant(f"tagger.size={place}", {"tagger.size": place}, {}, [1], {})
        for place in ("head", "whole")
    ]
    return Comparison({}, "", variants, [], numbers, {})


NUMBERS = {
    "cost.head.jets": number(600.0),
    "cost.head.trained": number(770.0),
    "cost.head.flops": number(2.5e12),
    "cost.head.seconds": number(40.0, 2.0),
    "auc.head": number(0.81, 0.02),
    "accuracy.head": number(0.7, 0.03),
    "cost.whole.trained": number(22_057_346.0),
}


def plain(cell):
    return re.sub(r"<[^>]+>", "", str(cell)).replace("&thinsp;", " ").replace("&plusmn;", "±")


def test_costs_stand_beside_performance():
    (table,) = spent(facts(NUMBERS), "Means over 3 retrainings.")
    assert [plain(h) for h in table.head] == [
        "size", "jets trained on", "trained parameters", "TFLOP", "seconds", "accuracy",
        "area under the curve",
    ]  # fmt: skip
    rows = [[plain(c) for c in row] for row in table.rows]
    assert rows[0] == ["head", "600", "770", "2.50", "40.0 ± 2.0", "0.700 ± 0.030", "0.810 ± 0.020"]
    assert rows[1] == ["whole", "", "22,057,346", "", "", "", ""]
    assert table.caption.endswith("Of accuracy and area: means over 3 retrainings.")
    assert spent(facts({"auc.head": number(0.8)}), "") == []


def test_parameters_that_are_frozen_are_told():
    found = facts(NUMBERS)
    assert trained(found, {"tagger.size": "head"}, 22_057_346) == "770 of 22,057,346"
    assert trained(found, {"tagger.size": "whole"}, 22_057_346) == "22,057,346"
    assert trained(found, {"tagger.size": "other"}, 12) == "12"
