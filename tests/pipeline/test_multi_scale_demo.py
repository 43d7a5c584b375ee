"""The public demo of the multi-scale transformer runs whole, where its files are."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

import jetlens
from jetlens.core.errors import JetlensError
from jetlens.run.recipe_file import load

RECIPE = Path(__file__).resolve().parents[2] / "recipes" / "multi_scale_demo.toml"


def test_the_recipe_is_short_and_has_the_settings_of_the_demo() -> None:
    assert len(RECIPE.read_text(encoding="utf-8").splitlines()) < 40
    recipe = load(RECIPE)
    assert (recipe.train.epochs, recipe.train.batch, recipe.split) == (3, 50, (0.8, 0.0, 0.2))
    assert recipe.tagger.arguments["hidden"] == [128, 64, 32]
    stream = recipe.tagger.arguments["streams"]["constituents"]
    assert (stream["heads"], stream["layers"]) == (5, 3)


def test_without_its_folder_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("JETLENS_REAL_DATA", raising=False)
    with pytest.raises(JetlensError, match="'JETLENS_REAL_DATA' is not set"):
        jetlens.run(RECIPE, out=tmp_path / "run")


@pytest.mark.skipif(
    "JETLENS_REAL_DATA" not in os.environ, reason="JETLENS_REAL_DATA names no folder of real jets"
)
def test_one_epoch_tells_signal_from_background(tmp_path: Path) -> None:
    changes = {"train.epochs": 1, "train.batch": 200, "train.rate": 5e-3}
    jetlens.run(RECIPE, out=tmp_path / "run", set=changes)
    numbers = json.loads((tmp_path / "run/results/numbers.json").read_text())
    assert numbers["auc.signal_vs_background"]["value"] > 0.96
    assert numbers["auc.signal_vs_background"]["low"] > 0.95
    tagger = jetlens.load(tmp_path / "run/tagger")
    parameters = sum(p.numel() for p in tagger.parameters())
    assert abs(parameters / 59_603 - 1) < 0.05  # of the authors' own network
    report = (tmp_path / "run/report.html").read_text(encoding="utf-8")
    assert f"{parameters:,}" in report
