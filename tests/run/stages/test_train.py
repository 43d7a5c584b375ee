"""What is trained, and what is told of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import jetlens
import made_up
from jetlens.run.recipe_file import build


@pytest.mark.parametrize(
    ("data", "asked", "done", "told"),
    [
        ({"use": "toy", "jets": 60}, {}, "none", "classes not resampled in (pt, eta)"),
        ({"use": "made-up", "jets": 120}, {}, "weight", "classes resampled by weight"),
        ({"use": "made-up", "jets": 120}, {"resample": "none"}, "none", "not resampled"),
    ],
)
def test_flavours_are_resampled_where_that_is_possible_and_the_log_says_whether(
    own_registries: None,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    data: dict[str, Any],
    asked: dict[str, Any],
    done: str,
    told: str,
) -> None:
    made_up.register()
    inputs = {"jets": ["theta"] if data["use"] == "toy" else ["pt_btagJes"]}
    recipe = build(
        {
            "data": data,
            "tagger": {"use": "mlp", "inputs": inputs},
            "train": {"epochs": 1, "batch": 64, **asked},
        }
    )
    run = jetlens.run(recipe, out=tmp_path / "run", until="train", quiet=False)
    assert told in capsys.readouterr().err
    history = json.loads((run.tagger / "history.json").read_text())
    assert history["jets"]["resample"] == done
    again = jetlens.run(recipe, out=tmp_path / "run", until="train", quiet=False)
    assert again.tagger == run.tagger
    assert "trained already" in capsys.readouterr().err
