"""The study of a pretrained vision transformer: what its recipe asks of networks and images."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from jetlens.core.errors import BadRecipeError
from jetlens.run.checks import images
from jetlens.run.entry import run
from jetlens.run.executor import Serial
from jetlens.run.progress import Log
from jetlens.run.recipe import Used
from jetlens.run.recipe_file import load
from jetlens.run.stages.check import untrained
from jetlens.run.store import Store
from jetlens.run.study import Study

RECIPE = Path(__file__).resolve().parents[2] / "recipes" / "vit_attention.toml"


PRESETS = pytest.mark.parametrize("preset", [None, "quick", "gpu"])


@PRESETS
def test_networks_take_the_images_of_each_preset(preset, tmp_path):
    places = {"quick": ("112",), "gpu": ("112", "224"), None: ()}[preset]
    small = {f"vary.pixels.{place}.data.images.pixels": 56 for place in places}
    recipe = load(RECIPE, preset=preset, changes=small)
    whole = Study(recipe, Store(tmp_path), Serial(), Log(True))
    studies = {v.places["model"]: v for v in whole.variations()}
    cnn = studies["cnn"]
    source, made = cnn.source(), images(cnn.recipe.data)
    jets = made.add(source.batch(source.foreseen(4), 0))
    assert untrained(cnn, jets).pixels == jets["image"].values.shape[-1] == made.pixels
    other = Used(use="cnn2d", pixels=32)
    with pytest.raises(BadRecipeError, match=r"^data\.images: .* its argument `pixels` is 32"):
        untrained(replace(cnn, recipe=cnn.recipe.model_copy(update={"tagger": other})), jets)
    classes = {tuple(v.recipe.data.arguments["classes"]) for v in whole.variations()}
    assert classes == {("Zqq", "H4q"), ("Zqq", "Wqq")}  # the last one is what is tagged
    assert {"last-two", "head-only", "random"} <= set(studies)


@PRESETS
def test_each_model_has_its_equal_with_two_layers(preset):
    """Of as many pixels and images, and of as many draws: what it is paired with."""
    recipe = load(RECIPE, preset=preset)
    found = {tuple(v.places.values()): tree for v, tree in recipe.variations()}
    assert next(iter(recipe.vary["model"])) == "last-two"
    for (*others, model), tree in found.items():
        equal = found[*others, "last-two"]
        assert equal["repeats"] >= tree["repeats"], model
        for same in ("data", "split"):
            assert equal[same] == tree[same]
        for same in ("per_class", "batch"):
            assert equal["train"][same] == tree["train"][same]
        # what costs little a step takes more of them, never fewer
        steps = tree["train"]["steps"], equal["train"]["steps"]
        if model in ("head-only", "random"):
            assert steps[0] > steps[1] or preset == "quick"
        elif preset == "gpu":  # there nothing is stopped early for what it costs
            assert steps[0] >= steps[1]
    assert {model for *_, model in found} == {*recipe.vary["model"]}


def test_how_often_trainings_go_through_their_images(tmp_path):
    """Two layers of the full recipe 2.4 times through the largest samples; the preset ten times."""
    for preset, least in ((None, 2.4), ("gpu", 10.0)):
        recipe = load(RECIPE, preset=preset)
        studies = Study(recipe, Store(tmp_path), Serial(), Log(True)).variations()
        passes: dict[str, list[float]] = {}
        for each in studies:
            told = each.recipe.train
            passes.setdefault(each.places["model"], []).append(
                told.steps * told.batch / (2 * told.per_class)
            )
        assert min(passes["last-two"]) == pytest.approx(least)
        assert min(passes["whole"]) == min(passes["scratch"]) >= 2.5
        assert {s.recipe.train.per_class for s in studies} == {30, 100, 300, 1000}
        draws = {(s.places["model"], s.recipe.repeats) for s in studies}
        wanted = 5 if preset else 3
        assert {("whole", wanted), ("scratch", wanted), ("last-two", 5), ("cnn", 5)} <= draws
    assert len(studies) == 2 * 4 * 7


def test_the_full_recipe_compares_all_at_one_size_and_explains_at_that_of_the_pretraining():
    """At 112 pixels all that is trained, at 224 of 300 images what has an explanation."""
    found: dict[str, dict[str, set[str]]] = {"224": {}, "112": {}}
    for variation, tree in load(RECIPE).variations():
        places = variation.places
        assert bool(tree["explain"]) == (places["pixels"] == "224")
        found[places["pixels"]].setdefault(places["model"], set()).add(places["images"])
    every, dear = {"30", "100", "300", "1000"}, {"100", "300"}
    assert found["112"] == {
        "last-two": every, "head-only": every, "cnn": every, "whole": dear, "scratch": dear
    }  # fmt: skip
    assert found["224"] == {m: {"300"} for m in ("last-two", "head-only", "random")}


SMALL = {
    "model_type": "dinov2",
    "hidden_size": 8,
    "num_hidden_layers": 3,
    "num_attention_heads": 2,
    "mlp_ratio": 2,
    "image_size": 56,
    "patch_size": 14,
}


def test_the_quick_preset_runs_with_a_small_backbone(tmp_path):
    """From collisions to numbers, at 56 pixels: two taggers of one task, and their comparison."""
    changes = {
        "data.jets": 60,
        "vary.pixels.112.data.images.pixels": 56,
        "split": [0.5, 0.2, 0.3],
        "tagger": {"backbone": SMALL, "weights": "random", "seed": 1},
        "train": {"steps": 3, "batch": 8},
        "vary.model.head-only.train.steps": 3,
        "vary.images.100.train.per_class": 6,
        "vary.data": ["H4q-Zqq"],
        "vary.model": ["last-two", "head-only"],
    }
    done = run(RECIPE, tmp_path / "vit", preset="quick", set=changes, until="summarise")
    assert [r.path.name.rpartition("=")[2] for r in done.variations] == ["last-two", "head-only"]
    for each in done.variations:
        told = json.loads((each.tagger / "history.json").read_text())
        assert told["jets"]["kept"] == {"H4q": 6, "Zqq": 6}
        assert [e["steps"] for e in told["epochs"]] == [1, 2, 3]
        assert told["cost"]["flops_frozen"] > 0
        assert {"accuracy", "attention.attention_fraction.all.minus.turned"} <= set(each.numbers)
    assert any(".attention_fraction.gain." in f".{n}" for n in done.numbers)
    costs = {
        m: done.numbers[f"cost.H4q-Zqq,100,112,{m}.trained"] for m in ("head-only", "last-two")
    }
    assert costs["head-only"] == dict.fromkeys(("value", "low", "high"), 8 * 2 + 2)
    assert costs["last-two"]["value"] > 18
    assert not (done.path / ".stages" / "features").exists()
