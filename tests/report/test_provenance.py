"""Numbers over repeats: means that one repeat does not make, and what repeats are."""

from __future__ import annotations

import pytest
from markupsafe import Markup

from jetlens.report.facts import Facts
from jetlens.report.provenance import repeats


def number(value: float) -> dict[str, float]:
    return {"value": value, "low": value * 0.9, "high": value * 1.1}


def of(each, **recipe):
    told = Facts(recipe, "", {}, {}, {}, [], [], numbers=each[0], repeats=each)
    return repeats(told).blocks[0]


def section(values: list[float], **recipe):
    return of(
        [{"rejection.qcd.at_50": number(v), "auc.qcd": number(v / 1000)} for v in values], **recipe
    )


def words(table, name: str) -> str:
    found = next(Markup(row[1]) for row in table.rows if name in row[0])
    return found.striptags().replace("\u2009", " ")


def test_means_of_rejections_are_geometric_and_others_are_not():
    table = section([10.0, 1000.0])
    assert words(table, "rejection").startswith("100")
    assert words(table, "auc").startswith("0.51 ")


def test_rejections_without_an_end_have_the_usual_mean():
    assert words(section([0.0, 10.0]), "rejection").startswith("5.")


@pytest.mark.parametrize(("resplit", "what"), [(True, "divisions of the events"), (False, "seeds")])
def test_it_says_what_repeats_are(resplit: bool, what: str):
    assert f"trained with {what} of their own" in section([1.0, 2.0], resplit=resplit).caption


def test_what_a_repeat_lacks_is_left_out():
    table = of([{"auc.qcd": number(0.5), "accuracy": number(0.6)}, {"auc.qcd": number(0.7)}])
    assert [row[0] for row in table.rows] == [Markup("<code>auc.qcd</code>")]


def test_the_spread_is_the_standard_deviation():
    table = section([500.0, 600.0, 700.0])
    assert words(table, "auc") == "0.60 ± 0.10"
