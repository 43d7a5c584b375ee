from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

import jetlens as jl
from jetlens.core.errors import BadFileError, BadValueError
from jetlens.data.base import Part
from jetlens.data.toy import Toy
from jetlens.taggers.encode import encode
from jetlens.taggers.gn2 import GN2
from jetlens.taggers.train import TrainSettings, train
from jetlens.taggers.training.batches import Batches
from jetlens.taggers.training.frozen import Once, evaluate, evaluate_onward
from jetlens.taggers.vit import Vit
from labelled import INPUTS, Labelled

IMAGE, CLASSES = {"image": ["pt"]}, ("background", "signal")
DATA = Toy(jets=400, partition=150)
TABLE = {
    "model_type": "vit",
    "hidden_size": 16,
    "num_hidden_layers": 3,
    "num_attention_heads": 2,
    "intermediate_size": 32,
    "image_size": 32,
    "patch_size": 8,
    "hidden_dropout_prob": 0.2,
}


def config(tuned) -> dict:
    return {"use": "vit", "backbone": TABLE, "weights": "random", "tuned": tuned}


def go(out: Path, tuned, **changes) -> dict:
    settings = {"epochs": 3, "batch": 16, "resample": "none", "accelerator": "cpu", "rate": 5e-3}
    settings = TrainSettings(**settings | changes)
    train(config(tuned), DATA, settings, out, inputs=IMAGE, classes=CLASSES)
    return json.loads((out / "history.json").read_text())


def tagger(tuned=1) -> Vit:
    torch.manual_seed(1)
    return Vit(IMAGE, CLASSES, backbone=TABLE, weights="random", tuned=tuned)


def losses(history: dict) -> list[float]:
    return [e[part]["jet"] for e in history["epochs"] for part in ("train", "validation")]


@pytest.mark.parametrize("tuned", ["head", 2])
def test_losses_are_those_without_the_cache(tmp_path: Path, tuned) -> None:
    cached, plain = go(tmp_path / "c", tuned), go(tmp_path / "p", tuned, cache=False)
    assert losses(cached) == pytest.approx(losses(plain), abs=1e-5)
    assert cached["epochs"][0]["train"] != cached["epochs"][-1]["train"]
    cost, plainly = cached["cost"], plain["cost"]
    assert cost["parameters"] == plainly["parameters"] > cost["trained"] == plainly["trained"]
    assert cost["flops"] < plainly["flops"]
    assert cost["flops"] == cost["steps"] * cost["flops_step"] + cost["flops_frozen"]
    one = cost["flops_frozen"] // sum(cached["jets"]["kept"].values())
    assert plainly["flops_step"] == pytest.approx(cost["flops_step"] + 16 * one, rel=1e-3)


def test_what_is_trained_learns_and_what_is_frozen_stays(tmp_path: Path) -> None:
    go(tmp_path / "t", 1)
    before, after = tagger().state_dict(), jl.load(tmp_path / "t").state_dict()
    moved = {k for k, v in after.items() if not torch.equal(v, before[k])}
    assert moved == {n for n, p in tagger().named_parameters() if p.requires_grad}


def test_each_jet_goes_through_it_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole, seen = Vit.frozen, []

    def counted(self, inputs, masks):
        seen.append((len(inputs["image"]), self.network.training, torch.is_grad_enabled()))
        return whole(self, inputs, masks)

    monkeypatch.setattr(Vit, "frozen", counted)
    go(tmp_path / "t", 1, epochs=4)
    jets = sum(len(Part(DATA, part).read()) for part in ("train", "validation"))
    assert sum(n for n, *_ in seen) == jets
    assert {tuple(rest) for _, *rest in seen} == {(False, False)}


def test_resumed_it_ends_like_an_undisturbed_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from jetlens.taggers.training.fitting import Fit

    go(tmp_path / "undisturbed", 1)
    whole = Fit.training_step

    def breaking(self, batch, batch_idx):
        if self.current_epoch == 1:
            raise KeyError("the power went")
        return whole(self, batch, batch_idx)

    with monkeypatch.context() as patch:
        patch.setattr(Fit, "training_step", breaking)
        with pytest.raises(KeyError):
            go(tmp_path / "t", 1)
    (checkpoint,) = (tmp_path / "t.work").glob("*.ckpt")
    names = torch.load(checkpoint, weights_only=True)["state_dict"]
    assert {n for n in names if ".layers." in n} == {n for n in names if ".layers.2." in n} != set()
    go(tmp_path / "t", 1)
    for file in ("weights.safetensors", "history.json", "tagger.json"):
        same = [(tmp_path / name / file).read_bytes() for name in ("t", "undisturbed")]
        assert same[0] == same[1]


def test_in_a_file_it_is_the_same(tmp_path: Path) -> None:
    jets, files = len(DATA.read()), tmp_path / "f"
    memory, _ = Once(files, 2**30).examples(tagger(), DATA, jets)
    assert not list(tmp_path.iterdir())
    large, _ = Once(files, 1000).examples(tagger(), DATA, jets)
    assert [p.name for p in tmp_path.iterdir()] == ["f.image"]
    assert files.with_name("f.image").stat().st_size == jets * 17 * 16 * 4
    rows = torch.randperm(jets)[:50]
    one, other = memory.batch(rows), large.batch(rows)
    assert torch.equal(one.inputs["image"], other.inputs["image"])
    assert torch.equal(one.label, other.label)
    whole = DATA.read()
    made = tagger().eval()
    expected = made.frozen(encode(made, whole.take(rows.numpy()))[0], {})["image"]
    torch.testing.assert_close(one.inputs["image"], expected, rtol=1e-5, atol=1e-6)
    assert one.label.tolist() == whole.label[rows.numpy()].tolist()


def test_a_training_that_lies_in_a_file_leaves_none(tmp_path: Path) -> None:
    large = go(tmp_path / "t", 1, cache_memory=1000)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["t", "t.seconds.json"]
    assert losses(large) == losses(go(tmp_path / "m", 1))


def test_processes_that_train_together_have_files_of_their_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.distributed, "is_initialized", lambda: True)
    for rank in (0, 1):
        monkeypatch.setattr(torch.distributed, "get_rank", lambda rank=rank: rank)
        Once(tmp_path / "f", 1).examples(tagger(), DATA, len(DATA.read()))
    assert sorted(p.name for p in tmp_path.iterdir()) == ["f.image", "f.image.1"]


def test_what_is_kept_has_the_precision_of_the_training() -> None:
    half = tagger().to(torch.bfloat16)
    kept, _ = Once(Path("unused"), 2**30).examples(half, DATA, len(DATA.read()))
    whole, _ = Once(Path("unused"), 2**30).examples(tagger(), DATA, len(DATA.read()))
    found, exact = (e.batch(torch.arange(20)).inputs["image"] for e in (kept, whole))
    assert found.dtype == torch.bfloat16
    torch.testing.assert_close(found.float(), exact, rtol=0.1, atol=0.1)


def test_a_place_that_cannot_be_written_to_is_told(tmp_path: Path) -> None:
    (tmp_path / "f.image").mkdir()
    with pytest.raises(BadFileError, match="cannot write"):
        Once(tmp_path / "f", 1).examples(tagger(), DATA, 400)


def test_more_jets_than_the_pool_holds_are_kept_all_the_same() -> None:
    once = Once(Path("unused"), 2**30)
    made = Batches(tagger(), DATA, lambda b: b, 400, size=16, pool=50, seed=1, once=once)
    first, again = ([b.label for (b,) in made.epoch(0)] for _ in range(2))
    assert len(first) == 25
    assert all(torch.equal(a, b) for a, b in zip(first, again, strict=True))


def test_lists_are_not_kept() -> None:
    data = Labelled(50, 50)
    with pytest.raises(BadValueError, match=r"tracks: .*train\.cache = false"):
        Once(Path("unused"), 2**30).examples(GN2(INPUTS, ("b", "c", "u", "tau")), data, 50)


def test_what_another_made_is_gone_on_from() -> None:
    """At the price of the layers between the two."""
    some = DATA.read().take(slice(0, 40))
    shallow, deep = (tagger(tuned).eval() for tuned in (2, 1))
    (made, before), (whole, all_of_it) = (evaluate(t, some) for t in (shallow, deep))
    found, rest = evaluate_onward(deep, made, 1)
    torch.testing.assert_close(found, whole, rtol=1e-5, atol=1e-6)
    assert (before > 0, rest > 0, before + rest) == (True, True, all_of_it)


def test_drawn_jets_are_told(tmp_path: Path) -> None:
    jets = go(tmp_path / "t", "head", per_class=40)["jets"]
    assert jets["drawn"] == jets["kept"] == {"background": 40, "signal": 40}
    part = Part(DATA, "train").read()
    assert jets["read"] == {c: int((part.label == i).sum()) for i, c in enumerate(CLASSES)}
    with pytest.raises(
        BadValueError, match=r"per_class = 400: the train part has \d+ 'background'"
    ):
        go(tmp_path / "more", "head", per_class=400)
