"""Taggers trained again with other seeds, and variations of a recipe, each a run of its own."""

from __future__ import annotations

import pytest

import jetlens
import made_up
from jetlens.core.errors import BadFileError
from jetlens.run.inspect import describe as jetlens_says


@pytest.fixture
def recipe(tmp_path, own_registries):
    made_up.register()
    path = tmp_path / "recipe.toml"
    path.write_text(made_up.RECIPE.replace("jets = 300", "jets = 180"))
    return path


def test_repeats_are_other_taggers_of_the_same_jets(recipe, tmp_path):
    run = jetlens.run(recipe, out=tmp_path / "run", set={"repeats": 2})
    second = run.store.repeat(1)
    weights = [s.tagger / "weights.safetensors" for s in (run.store, second)]
    assert weights[0].read_bytes() != weights[1].read_bytes()
    assert not second.jets.exists()
    assert "Spread over repeats" in run.report.read_text()
    single = jetlens.run(recipe, out=tmp_path / "single")
    assert (single.tagger / "weights.safetensors").read_bytes() == weights[0].read_bytes()
    assert single.numbers == run.numbers
    assert "Spread over repeats" not in single.report.read_text()


def test_variations_stand_beside_each_other_and_share_jets(recipe, tmp_path):
    vary = '\n[vary]\n"train.epochs" = [1, 2]\n"data.jets" = [60, 120]\n'
    recipe.write_text(recipe.read_text() + vary)
    run = jetlens.run(recipe, out=tmp_path / "run", until="train")
    names = [v.path.name for v in run.variations]
    assert names == [
        "train.epochs=1,data.jets=60",
        "train.epochs=1,data.jets=120",
        "train.epochs=2,data.jets=60",
        "train.epochs=2,data.jets=120",
    ]
    jets = [sum(len(b) for b in jetlens.open(v.path / "jets" / "*.h5")) for v in run.variations]
    assert jets == [60, 120, 60, 120]
    first, _, third, _ = (v.path / "jets" / "part-00000.h5" for v in run.variations)
    assert first.samefile(third)
    assert jetlens_says(tmp_path / "run").startswith(f"{tmp_path / 'run'}: run of 4 variations")
    with pytest.raises(BadFileError, match="has variations"):
        _ = run.numbers
    with pytest.raises(BadFileError, match="by the stage 'summarise'"):
        _ = run.variations[0].numbers
    again = jetlens.run(recipe, out=tmp_path / "run", until="train")
    assert [v.path for v in again.variations] == [v.path for v in run.variations]
