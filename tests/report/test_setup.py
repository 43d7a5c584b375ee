from __future__ import annotations

from jetlens.report.facts import UNLABELLED, Facts
from jetlens.report.sections import abstract
from jetlens.report.setup import what_was_run

COUNTS = {"b": 100, "c": 300}


def facts(resample: str, **jets) -> Facts:
    loss = {"jet": 1.0}
    history = {
        "jets": {"read": COUNTS, "kept": COUNTS, "resample": resample, **jets},
        "epochs": [{"epoch": 0, "train": loss, "validation": loss}],
        "best": 0,
    }
    return Facts(
        recipe={
            "data": {"use": "files"},
            "split": [0.7, 0.1, 0.2],
            "seed": 1,
            "train": {"epochs": 1, "batch": 4},
        },
        recipe_text="",
        tagger={"use": "gn2", "parameters": 10, "classes": ["b", "c"], "inputs": {"jets": ["pt"]}},
        history=history,
        test={"b": 20, "c": 30, UNLABELLED: 7},
        performance=[],
        explanations=[],
        numbers={},
    )


def test_weighted_jets_are_counted_by_what_their_weights_are_worth():
    told = facts("weight", effective={"b": 99.7, "c": 104.2})
    table = what_was_run(told).blocks[1]
    assert ["Effective number", "100", "104", "204"] in table.rows
    assert ["Used for training", "100", "300", "400"] in table.rows
    assert "No jet is dropped" in table.caption
    assert "400 weighted jets" in abstract(told)[0]


def test_what_is_said_of_resampling_is_what_was_done():
    assert "jets are dropped" in what_was_run(facts("thin")).blocks[1].caption
    plain = what_was_run(facts("none")).blocks[1]
    assert "kinematics" not in plain.caption
    assert len(plain.rows) == 3


def test_jets_of_no_class_are_counted_apart():
    table = what_was_run(facts("none")).blocks[1]
    assert table.rows[-1] == ["Test part", "20", "30", "50"]
    assert "7 more jets have none of these labels" in table.caption
