from __future__ import annotations

from jetlens.run.numbers import qualified

NUMBER = {"value": 1.0, "low": 0.5, "high": 1.5}


def test_a_second_summary_of_the_same_names_says_what_sets_it_apart():
    """Of all of its numbers: one that it alone has is of its jets, not of the first one's."""
    first = {"use": "performance", "efficiencies": (0.6,), "weight": None}
    second = first | {"efficiencies": (0.5,), "weight": "xsec_weight"}
    parts = [
        (first, {"auc.b": NUMBER, "rejection.at_60": NUMBER}),
        (second, {"auc.b": NUMBER, "rejection.at_50": NUMBER}),
    ]
    after = "@efficiencies=0.5,weight=xsec_weight"
    assert list(qualified(parts)) == [
        "auc.b", "rejection.at_60", f"auc.b{after}", f"rejection.at_50{after}"
    ]  # fmt: skip
    assert list(qualified(parts, "lrp."))[-1] == f"lrp.rejection.at_50{after}"


def test_summaries_that_share_no_name_keep_theirs():
    parts = [
        ({"use": "box", "by": ("label",)}, {"box.b": NUMBER}),
        ({"use": "box", "by": ("pt",)}, {"box.low": NUMBER}),
        ({"use": "performance"}, {"auc.b": NUMBER}),
    ]
    assert list(qualified(parts)) == ["box.b", "box.low", "auc.b"]


def test_numbers_without_an_interval_are_left_out():
    broken = NUMBER | {"low": float("nan")}
    assert list(qualified([({"use": "a"}, {"a.x": broken, "a.y": NUMBER})])) == ["a.y"]
