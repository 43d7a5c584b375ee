"""Every recipe runs from collisions to report, small."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import numpy as np
import pytest

import jetlens
from jetlens.run import attributions
from jetlens.run.recipe_file import load

RECIPES = Path(__file__).resolve().parents[2] / "recipes"
SMALL = {
    "data.jets": 500,
    "data.partition": 250,
    "data.mu": 2,
    "data.pool": 200,
    "train.epochs": 1,
    "train.batch": 64,
    "explain.0.jets": 60,
    "explain.0.keep": 30,
}


@pytest.mark.parametrize("path", sorted(RECIPES.glob("*.toml")), ids=lambda p: p.stem)
def test_a_recipe_is_short_and_understood_with_each_of_its_presets(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) < 40
    load(path)
    for preset in tomllib.loads(path.read_text(encoding="utf-8")).get("presets", {}):
        load(path, preset=preset)


@pytest.fixture(scope="module")
def flavour(tmp_path_factory, flavour_settings):
    """The flavour study, tiny; `flavour_settings` keeps the pile-up pool of the session."""
    out = tmp_path_factory.mktemp("runs") / "flavour"
    return jetlens.run(RECIPES / "flavour.toml", out=out, set=SMALL)


def test_the_run_holds_what_it_promises(flavour):
    recipe = load(RECIPES / "flavour.toml", changes=SMALL)
    for place in ("recipe.toml", "provenance.json", "report.html", "results/numbers.json"):
        assert (flavour.path / place).is_file()
    assert len(list((flavour.path / "jets").glob("*.h5"))) == 2
    assert sum(len(b) for b in jetlens.open(flavour.path / "jets" / "*.h5")) == 500
    figures = {p.suffix for p in (flavour.path / "figures").iterdir()}
    assert figures == {".svg", ".pdf", ".png"}
    assert len(list((flavour.path / "figures").glob("*.svg"))) == len(recipe.show)
    assert flavour.report.stat().st_size < 15e6


def test_headline_numbers_are_flat_with_intervals(flavour):
    numbers = json.loads((flavour.path / "results" / "numbers.json").read_text())
    assert numbers == flavour.numbers
    for name in ("auc.b_vs_light", "auc.single.b_vs_light", "auc.gain.b_vs_light", "accuracy"):
        assert numbers[name]["low"] <= numbers[name]["value"] <= numbers[name]["high"]
    for start in ("rejection.light.", "top_origin.", "box.all.", "statement."):
        assert any(name.startswith(start) for name in numbers), start
    assert any(name.endswith("@normalise=none") for name in numbers)
    assert all(set(n) - {"defined"} == {"value", "low", "high"} for n in numbers.values())


def test_kept_attributions_are_correctly_tagged_test_jets(flavour):
    found = attributions.read(flavour.path / "attributions.zarr" / "integrated-gradients")
    assert 0 < found.sizes["jet"] <= 30
    np.testing.assert_array_equal(found["output"].values.argmax(1), found["label"].values)
    from jetlens.data.base import in_part

    assert in_part(found["event"].values, "test").all()
    assert np.abs(found["completeness_error"]).max() < 0.05
    jets = jetlens.read(flavour.path / "jets" / "*.h5")
    d0 = jets["tracks"].column("d0")[found["row"].values]
    kept = found["tracks_value"].sel(tracks_feature="d0").values
    mask = found["tracks_mask"].values
    np.testing.assert_array_equal(kept[mask], d0[:, : mask.shape[1]][mask])


def test_the_report_tells_the_study(flavour):
    text = flavour.report.read_text(encoding="utf-8")
    for words in (
        "Integrated gradients of a jet-flavour tagger",
        "Tagger performance",
        "Is it the expected physics?",
        "Completeness error",
        "wrongly tagged ones are dropped",
        "pythia8mc",
        "Best single variable".lower(),
    ):
        assert words in text
    assert "http://" not in text.replace("http://www.w3.org", "")
    provenance = json.loads((flavour.path / "provenance.json").read_text())
    assert provenance["versions"]["jetlens"] == jetlens.__version__
    assert provenance["seeds"] == {"recipe": 1, "training": [1]}


def test_the_tagger_loads_and_explains_anew(flavour):
    tagger = jetlens.load(flavour.tagger)
    jets = jetlens.read(flavour.path / "jets" / "part-00000.h5").take(slice(0, 20))
    scores = jetlens.explain(tagger, jets, "integrated-gradients", target="b", baseline="zero")
    assert scores["tracks_score"].shape[0] == 20
