"""Explanations of images by a vision transformer as Hugging Face writes it, on the same axes."""

from __future__ import annotations

import copy
import json

import numpy as np
import pytest
import torch

import attending
import imaged
import jetlens as jl
from jetlens.core.attribution import PATCHES, importance
from jetlens.core.errors import JetlensError
from jetlens.explain.rollout import feeds
from jetlens.explain.tokens.following import follow

pytest.importorskip("transformers")

CELLS = imaged.PIXELS // imaged.PATCH
CONFIG = {
    "model_type": "dinov2",
    "hidden_size": 16,
    "num_hidden_layers": 3,
    "num_attention_heads": 2,
    "patch_size": imaged.PATCH,
    "image_size": imaged.PIXELS,
}


@pytest.fixture(scope="module")
def tagger():
    from jetlens.taggers.vit import Vit

    torch.manual_seed(3)
    made = Vit({"image": ["pt"]}, imaged.CLASSES, backbone=CONFIG, weights="random", tuned=1)
    for parameter in made.parameters():  # a new network attends nearly evenly
        parameter.data += 0.3 * torch.randn_like(parameter)
    return made.double()


@pytest.fixture(scope="module")
def some():
    return imaged.jets(6)


@pytest.fixture(scope="module")
def weights(tagger, some):
    """Attention as the model itself tells it, unfused: ``[jet, layer, head, query, key]``."""
    model = copy.deepcopy(tagger.network.model)
    model.set_attn_implementation("eager")
    image = torch.as_tensor(some["image"].values).double()
    image = tagger.network._normalised(image.expand(-1, 3, -1, -1))
    with torch.no_grad():
        told = model.eval()(image, output_attentions=True).attentions
    return torch.stack(told, 1).numpy()


def spread(patches):
    """Return numbers of patches as pixels."""
    grid = patches.reshape(-1, CELLS, CELLS)
    return grid.repeat(imaged.PATCH, axis=1).repeat(imaged.PATCH, axis=2)


def test_what_the_class_token_attends_to_is_the_mean_over_heads_and_layers(tagger, some, weights):
    found = jl.explain(tagger, some, "attention", asking="class")
    np.testing.assert_allclose(
        found.image_importance, spread(weights[:, :, :, 0, 1:].mean((1, 2))), rtol=1e-6
    )
    mean = jl.explain(tagger, some, "attention-rollout", rule="mean", asking="class")
    np.testing.assert_allclose(mean.image_importance, found.image_importance)
    assert json.loads(found.attrs[PATCHES]) == {"image": [imaged.PATCH, imaged.PATCH]}


def test_single_layers_and_every_token(tagger, some, weights):
    name = str(jl.explain(tagger, some, "attention").layer_image_image.values[1])
    one = jl.explain(tagger, some, "attention", asking="class", layers=name)
    np.testing.assert_allclose(
        one.image_importance, spread(weights[:, 1, :, 0, 1:].mean(1)), rtol=1e-6
    )
    every = jl.explain(tagger, some, "attention", layers=name)
    np.testing.assert_allclose(
        every.image_importance, spread(weights[:, 1, :, :, 1:].mean((1, 2))), rtol=1e-6
    )


def test_rollout_is_the_product_with_the_residual_and_normalised_rows(tagger, some, weights):
    found = jl.explain(tagger, some, "attention-rollout")
    rolled = np.eye(weights.shape[-1])
    for layer in range(weights.shape[1]):
        step = weights[:, layer].mean(1) + np.eye(weights.shape[-1])
        rolled = step / step.sum(-1, keepdims=True) @ rolled
    np.testing.assert_allclose(found.image_importance, spread(rolled[:, 0, 1:]), rtol=1e-6)


def test_a_class_token_is_found_with_far_fewer_copies_than_tokens(tagger, some, monkeypatch):
    """One copy of the image for each of 257 tokens would cost more than what is explained."""
    copies = []

    def counted(tagger, made_up, axes, changes):
        copies.append(len(changes))
        return follow(tagger, made_up, axes, changes)

    monkeypatch.setattr(feeds, "follow", counted)
    found = jl.explain(copy.deepcopy(tagger), some, "attention-rollout")
    tokens = 1 + CELLS**2
    assert found.sizes["query_image_image"] == tokens
    assert copies[0] == CONFIG["num_hidden_layers"]
    assert sum(copies[1:]) <= 2 * np.sqrt(tokens) + 2
    same = jl.explain(tagger, some, "attention-rollout")
    np.testing.assert_array_equal(found.image_importance, same.image_importance)


def test_a_mean_with_the_residual_and_normalised_rows(tagger, some, weights):
    kept = weights + np.eye(weights.shape[-1])
    kept = kept / kept.sum(-1, keepdims=True)
    for method, options in (("attention", {}), ("attention-rollout", {"rule": "mean"})):
        every = jl.explain(tagger, some, method, residual=True, **options)
        wanted = spread(kept[..., 1:].mean((1, 2, 3)))
        np.testing.assert_allclose(every.image_importance, wanted, rtol=1e-6)
        told = every.attention_image_image.values
        like = kept if method == "attention" else kept.mean((1, 2), keepdims=True)
        np.testing.assert_allclose(told, like, rtol=1e-6)


def test_the_residual_drops_out_of_the_shares_of_a_class_token(tagger, some):
    with_it, without = (
        importance(jl.explain(tagger, some, "attention", asking="class", residual=r), "image")
        for r in (True, False)
    )
    np.testing.assert_allclose(2 * with_it, without, rtol=1e-6)


@pytest.mark.parametrize(
    ("method", "options"),
    [
        ("attention", {"asking": "class"}),
        ("attention-rollout", {}),
        ("grad-cam", {}),
        ("gradient", {}),
        ("integrated-gradients", {"steps": 4, "rule": "gauss-legendre"}),
    ],
)
def test_all_methods_give_maps_on_the_same_axes_with_regions_beside(tagger, some, method, options):
    found = jl.explain(tagger, some, method, target="label", **options)
    looked = importance(found, "image")
    assert looked.dims == ("jet", "y", "x")
    assert looked.shape == (6, imaged.PIXELS, imaged.PIXELS)
    assert float(looked.sum()) > 0
    for axis in "xy":
        np.testing.assert_array_equal(found[axis], some["image"].places[axis][1])
    for name in ("prongs", "partons", "particles"):
        real = some[name].mask
        np.testing.assert_array_equal(found[f"{name}_mask"], real)
        own = found[f"{name}_value"].values[..., :3]
        np.testing.assert_array_equal(own[real], some[name].values[real])
        assert np.isnan(found[f"{name}_value"].values[~real]).all()
    kinds = set(jl.summarise(found, "attention-fraction", replicas=3).sums["kind"].values)
    assert ("pt_in_patches" in kinds) == ("gradient" not in method)


def test_what_cannot_ask_is_told(tagger, some):
    with pytest.raises(JetlensError, match="did you mean 'class'"):
        jl.explain(tagger, some, "attention", asking="clas")
    with pytest.raises(JetlensError, match="goes with rule='mean'"):
        jl.explain(tagger, some, "attention-rollout", asking="class")
    with pytest.raises(JetlensError, match="no class token asks"):
        jl.explain(attending.tagger("4d-bool-mask"), attending.jets(), "attention", asking="class")
