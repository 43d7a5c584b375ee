"""The study of a pretrained vision transformer: what its recipe asks of networks and images."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from jetlens.core.errors import BadValueError
from jetlens.run.checks import images
from jetlens.run.executor import Serial
from jetlens.run.progress import Log
from jetlens.run.recipe import Used, load
from jetlens.run.stages.check import untrained
from jetlens.run.store import Store
from jetlens.run.study import Study

RECIPE = Path(__file__).resolve().parents[2] / "recipes" / "vit_attention.toml"


@pytest.mark.parametrize("preset", [None, "quick", "gpu"])
def test_networks_take_the_images_of_each_preset(preset, tmp_path):
    recipe = load(RECIPE, preset=preset, changes={"data.images.pixels": 56} if preset else {})
    whole = Study(recipe, Store(tmp_path), Serial(), Log(True))
    studies = {v.places["model"]: v for v in whole.variations()}
    cnn = studies["cnn"]
    source, made = cnn.source(), images(cnn.recipe.data)
    jets = made.add(source.batch(source.foreseen(4), 0))
    assert untrained(cnn, jets).pixels == jets["image"].values.shape[-1] == made.pixels
    other = Used(use="cnn2d", pixels=32)
    with pytest.raises(BadValueError, match="its argument `pixels` is 32"):
        untrained(replace(cnn, recipe=cnn.recipe.model_copy(update={"tagger": other})), jets)
    assert {v.recipe.data.arguments["classes"][0] for v in whole.variations()} == {"H4q", "Wqq"}
    assert {"last-two", "head-only", "random"} <= set(studies)
