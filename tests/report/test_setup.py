from __future__ import annotations

from dataclasses import replace

import pytest
import xarray as xr

from jetlens.core.batch import SHOWERS
from jetlens.report.facts import UNLABELLED, Explanation, Facts
from jetlens.report.sections import abstract
from jetlens.report.setup import what_was_run
from jetlens.summarise.jets.rows import ROWS
from jetlens.summarise.result import Result

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
    assert "classes are not brought to one distribution" in plain.caption
    assert len(plain.rows) == 3


def test_what_training_cost_is_told():
    told = facts("none", drawn={"b": 30, "c": 30})
    spent = {"parameters": 5_000, "trained": 1_200, "steps": 30}
    spent |= {"flops_step": 10**11, "flops_frozen": 2 * 10**12, "flops": 5 * 10**12}
    told = replace(told, history={**told.history, "cost": spent}, seconds=[10.0, 2.5])
    settings, jets = what_was_run(told).blocks[:2]
    assert ["Trained parameters", "1,200"] in settings.rows
    words = "5 TFLOP in 30 steps, 2 of them once, in what is frozen; 12 s, validation included"
    assert ["Cost of training", words] in settings.rows
    assert ["Drawn from it", "30", "30", "60"] in jets.rows
    bare = replace(told, history={**told.history, "cost": {**spent, "trained": 5_000}})
    assert "Trained parameters" not in [row[0] for row in what_was_run(bare).blocks[0].rows]


@pytest.mark.parametrize(
    ("train", "words"),
    [
        ({}, "in 10 parts, each of which counts as an epoch"),
        ({"looks": 1}, "in 1 part, each of which counts as an epoch"),
    ],
)
def test_how_often_steps_are_looked_at_is_told(train, words) -> None:
    told = facts("none")
    recipe = {**told.recipe, "train": {"steps": 30, "batch": 4} | train}
    words = f"30 steps at most, 4 jets a step, {words}"
    assert ["Training", words] in what_was_run(replace(told, recipe=recipe)).blocks[0].rows


def test_jets_of_no_class_are_counted_apart():
    table = what_was_run(facts("none")).blocks[1]
    assert table.rows[-1] == ["Test part", "20", "30", "50"]
    assert "7 more jets have none of these labels" in table.caption


def test_showers_are_not_called_jets():
    result = Result(None, xr.Dataset(attrs={ROWS: SHOWERS}))
    explanation = Explanation("gradient", {"use": "gradient"}, 40, 0, [(result, None)])
    told = replace(facts("thin"), explanations=[explanation])
    settings, table = what_was_run(told).blocks[:2]
    assert ["Explanation", "gradient: 40 showers"] in settings.rows
    assert ["Training", "1 epoch at most, 4 showers a step"] in settings.rows
    assert table.head[0] == "Showers"
    assert "jets" not in table.caption
    assert "showers are dropped" in table.caption
    assert "in different parts" not in table.caption
    assert "Jets of one event" in what_was_run(facts("thin")).blocks[1].caption
    known = replace(told, history={})
    assert what_was_run(known).blocks[1].rows[0][0] == "Showers"
