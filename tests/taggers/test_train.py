from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from pydantic import ValidationError
from torch import Tensor, nn

import jetlens as jl
from jetlens.core.errors import BadValueError, UnknownNameError
from jetlens.core.registry import taggers
from jetlens.data.base import Part
from jetlens.data.toy import Toy
from jetlens.taggers.base import Tagger
from jetlens.taggers.encode import encode
from jetlens.taggers.train import TrainSettings, train
from jetlens.taggers.training.losses import JET
from labelled import INPUTS, Labelled

CLASSES = ("b", "c", "u", "tau")
DATA = Labelled(1200, 400)
CONFIG = {"use": "gn2", "dropout": 0.1}  # dropout: the generator's state matters


def settings(**changes) -> TrainSettings:
    return TrainSettings(**{"epochs": 3, "batch": 64, "rate": 3e-3, "accelerator": "cpu"} | changes)


def go(out: Path, config=CONFIG, data=DATA, classes=CLASSES, **changes) -> Tagger:
    return train(config, data, settings(**changes), out, inputs=INPUTS, classes=classes)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("undisturbed") / "tagger"
    go(out)
    return out


def contents(folder: Path) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in folder.iterdir()}


def history(folder: Path) -> dict:
    return json.loads((folder / "history.json").read_text())


def test_it_learns_every_task(undisturbed: Path, capfd: pytest.CaptureFixture[str]) -> None:
    epochs = history(undisturbed)["epochs"]
    assert len(epochs) == 3
    for task in ("jet", "tracks.origin", "tracks.vertex"):
        for part in ("train", "validation"):
            assert epochs[-1][part][task] < epochs[0][part][task]
    assert epochs[-1]["validation"]["accuracy"] > 0.38  # a quarter by chance


def test_nothing_is_printed_and_nothing_left_behind(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    state = torch.get_rng_state()
    go(tmp_path / "tagger", epochs=1)
    assert capfd.readouterr() == ("", "")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["tagger", "tagger.seconds.json"]
    assert torch.equal(torch.get_rng_state(), state)


def test_the_same_training_gives_the_same_bytes(undisturbed: Path, tmp_path: Path) -> None:
    go(tmp_path / "again")
    assert contents(tmp_path / "again") == contents(undisturbed)


def test_the_best_weights_are_kept_and_saved(undisturbed: Path, tmp_path: Path) -> None:
    told = history(undisturbed)
    losses = [e["validation"]["jet"] for e in told["epochs"]]
    assert told["best"] == losses.index(min(losses))


RUINED = {
    "epochs": 20,
    "rate": 1.0,
    "start_rate": 1e-4,
    "warm_up": 0.95,
    "clip": None,
    "patience": 2,
    "resample": "none",
}
"""Rates that ruin the network after a good beginning."""


def test_after_the_best_epoch_it_stops_and_the_best_weights_stay(tmp_path: Path) -> None:
    tagger = go(tmp_path / "t", **RUINED)
    told = history(tmp_path / "t")
    losses = [e["validation"]["jet"] for e in told["epochs"]]
    assert 0 < told["best"] == losses.index(min(losses)) == len(losses) - 3
    assert losses[-1] > 1.02 * min(losses)
    validation = Part(DATA, "validation").read()
    loaded = jl.load(tmp_path / "t")
    with torch.no_grad():
        logits = loaded(*encode(loaded, validation))
        assert torch.equal(logits, tagger(*encode(tagger, validation)))
    mean = nn.functional.cross_entropy(logits, torch.as_tensor(validation.label))
    assert float(mean) == pytest.approx(min(losses), rel=1e-4)


def interrupted(
    patch: pytest.MonkeyPatch, epoch: int, step: int, out: Path, error=KeyError, **changes
) -> None:
    """Train until something breaks in a step."""
    from jetlens.taggers.training.fitting import Fit

    whole = Fit.training_step

    def breaking(self, batch, batch_idx):
        if self.current_epoch == epoch and batch_idx == step:
            raise error("the power went")
        return whole(self, batch, batch_idx)

    with patch.context() as within:
        within.setattr(Fit, "training_step", breaking)
        with pytest.raises(error):
            go(out, **changes)


def record(patch: pytest.MonkeyPatch) -> list[int]:
    """Return a list that fills with the epoch of each step."""
    from jetlens.taggers.training.fitting import Fit

    whole, done = Fit.training_step, []

    def noting(self, batch, batch_idx):
        done.append(self.current_epoch)
        return whole(self, batch, batch_idx)

    patch.setattr(Fit, "training_step", noting)
    return done


@pytest.mark.parametrize(("epoch", "step"), [(0, 3), (1, 0), (2, 5)])
def test_resumed_it_ends_like_an_undisturbed_run(
    undisturbed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, epoch: int, step: int
) -> None:
    interrupted(monkeypatch, epoch, step, tmp_path / "tagger")
    assert [p.name for p in tmp_path.iterdir()] == ["tagger.work"]
    with monkeypatch.context() as patch:
        done = record(patch)
        go(tmp_path / "tagger")
    assert set(done) == set(range(epoch, 3))  # finished epochs are not redone
    assert contents(tmp_path / "tagger") == contents(undisturbed)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["tagger", "tagger.seconds.json"]


def test_steps_take_the_place_of_epochs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Passes go on from one look at the validation loss to the next, and after a kill."""
    settings = {"steps": 12, "epochs": None, "batch": 256, "patience": 10}
    go(tmp_path / "whole", **settings)
    told = history(tmp_path / "whole")
    epochs = told["epochs"]
    assert [e["steps"] for e in epochs] == [1, 2, 3, 4, 6, 7, 8, 9, 10, 12]
    assert told["cost"]["steps"] == 12
    rates = [e["rate"] for e in epochs]
    assert max(rates) == rates[0]  # a tenth of the steps is warming up
    assert rates == sorted(rates, reverse=True)
    assert rates[-1] < 1e-3 * rates[0]
    with monkeypatch.context() as patch:
        interrupted(patch, 3, 0, tmp_path / "killed", **settings)
    done = record(monkeypatch)
    go(tmp_path / "killed", **settings)
    assert len(done) == 12 - 3
    assert contents(tmp_path / "killed") == contents(tmp_path / "whole")


def test_an_interrupt_comes_through(
    undisturbed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = signal.getsignal(signal.SIGINT)
    interrupted(monkeypatch, 1, 2, tmp_path / "tagger", KeyboardInterrupt)
    assert signal.getsignal(signal.SIGINT) is before
    go(tmp_path / "tagger")
    assert contents(tmp_path / "tagger") == contents(undisturbed)


KILLED = """
import os, signal, sys
sys.path.insert(0, sys.argv[2])
from test_train import go, Path, taggers
taggers.fill()
assert "lightning" not in sys.modules, "it takes seconds to import"
from jetlens.taggers.training.fitting import Fit
whole = Fit.training_step
def deadly(self, batch, batch_idx):
    if self.current_epoch == 1 and batch_idx == 4:
        os.kill(os.getpid(), signal.SIGKILL)
    return whole(self, batch, batch_idx)
Fit.training_step = deadly
go(Path(sys.argv[1]))
"""


def test_killed_it_goes_on_to_the_same_bytes(undisturbed: Path, tmp_path: Path) -> None:
    here = Path(__file__).parent
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, str(tmp_path / "tagger"), str(here)],
        env={**os.environ, "PYTHONPATH": str(here.parent)},
        check=False,
        capture_output=True,
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()
    assert killed.stdout == killed.stderr == b""  # none of Lightning's tips, either
    go(tmp_path / "tagger")
    assert contents(tmp_path / "tagger") == contents(undisturbed)


def test_a_checkpoint_of_another_training_is_not_gone_on_with(
    undisturbed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    interrupted(monkeypatch, 1, 0, tmp_path / "tagger", seed=9)
    go(tmp_path / "tagger")
    assert contents(tmp_path / "tagger") == contents(undisturbed)


def test_killed_after_it_stopped_it_trains_no_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from jetlens.taggers import train as module

    def full(*_) -> None:
        raise OSError("no space")

    with monkeypatch.context() as patch:
        patch.setattr(module, "save", full)
        with pytest.raises(OSError, match="no space"):
            go(tmp_path / "tagger", **RUINED)
    done = record(monkeypatch)
    go(tmp_path / "tagger", **RUINED)
    assert not done
    go(tmp_path / "undisturbed", **RUINED)
    assert contents(tmp_path / "tagger") == contents(tmp_path / "undisturbed")


def test_streamed_it_learns_too(tmp_path: Path) -> None:
    go(tmp_path / "t", pool=200, epochs=2)
    epochs = history(tmp_path / "t")["epochs"]
    assert epochs[1]["validation"]["jet"] < epochs[0]["validation"]["jet"]


def test_what_was_dropped_is_told(tmp_path: Path) -> None:
    go(tmp_path / "t", epochs=1, resample="thin")
    jets = history(tmp_path / "t")["jets"]
    part = Part(DATA, "train").read()
    assert jets["read"] == {c: int((part.label == i).sum()) for i, c in enumerate(CLASSES)}
    assert all(0 < jets["kept"][c] < jets["read"][c] for c in CLASSES)


class Sum(Tagger):
    """A tagger without auxiliary tasks, as a third party writes it."""

    def __init__(self, inputs, classes, scaling=None, *, width: int = 8) -> None:
        super().__init__(inputs, classes, scaling)
        self.width = width
        self.each = nn.Sequential(nn.Linear(19, width), nn.GELU(), nn.Linear(width, len(classes)))

    def forward(self, inputs: dict[str, Tensor], masks: dict[str, Tensor]) -> Tensor:
        each = self.each(inputs["tracks"]) * masks["tracks"][..., None]
        return each.sum(1)


def test_any_registered_tagger_is_trained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    taggers.fill()
    monkeypatch.setattr(taggers, "_table", dict(taggers._table))
    taggers.register("sum")(Sum)
    tagger = go(tmp_path / "t", {"use": "sum", "width": 5}, class_weights={"b": 2.0})
    epochs = history(tmp_path / "t")["epochs"]
    assert set(epochs[0]["train"]) == {JET}
    assert epochs[-1]["train"][JET] < epochs[0]["train"][JET]
    assert jl.load(tmp_path / "t").width == tagger.width == 5


TOY_JETS = {"jets": ["theta", "z", "r1", "r2"]}
TOY_LIST = {"constituents": ["pt", "deta", "dphi"]}


@pytest.mark.parametrize("scaling", ["standard", "unit"])
@pytest.mark.parametrize(
    ("config", "inputs"),
    [
        ({"use": "cnn2d", "widths": (4, 4), "kernels": (5, 3)}, {"image": ["pt"]}),
        ({"use": "cnn2d", "widths": (4, 4), "kernels": (5, 3)}, {"image": ["pt"]} | TOY_JETS),
        ({"use": "cnn1d", "widths": (16,)}, TOY_LIST | TOY_JETS),
        ({"use": "rnn", "width": 16}, TOY_LIST),
        ({"use": "mlp"}, TOY_JETS),
    ],
)
def test_the_toy_is_learned_from_whatever_inputs(
    tmp_path: Path, config: dict, inputs: dict, scaling: str
) -> None:
    data = Toy(jets=1500, partition=500)
    trained = train(
        config,
        data,
        settings(epochs=2, resample="none", scaling=scaling),
        tmp_path / "t",
        inputs=inputs,
        classes=("background", "signal"),
    )
    loaded, test = jl.load(tmp_path / "t"), Part(data, "test").read()
    assert loaded.scaling == trained.scaling
    encoded, masks = encode(loaded, test)
    with torch.no_grad():
        right = loaded(encoded, masks).argmax(1).numpy() == test.label
    assert right.mean() > 0.8  # a half by chance
    if scaling == "unit":
        assert loaded.scaling.limits.keys() == set(inputs) - {"image"}
        for name in loaded.scaling.limits:
            assert 0 <= encoded[name].min() < encoded[name].max() <= 1


def test_jets_without_pt_are_told_before_anything_is_made(tmp_path: Path) -> None:
    with pytest.raises(BadValueError, match=r"have theta, z, r1, r2: .*resample = \"none\""):
        train(
            {"use": "mlp"},
            Toy(jets=100),
            settings(resample="weight"),
            tmp_path / "t",
            inputs=TOY_JETS,
            classes=("background", "signal"),
        )
    assert not list(tmp_path.iterdir())


def test_mistakes_are_told(tmp_path: Path) -> None:
    with pytest.raises(ValidationError, match="epoch"):
        settings(epoch=3)
    with pytest.raises(ValidationError):
        settings(epochs=0)
    with pytest.raises(UnknownNameError, match="did you mean 'gn2'"):
        go(tmp_path / "t", {"use": "gn"})
    with pytest.raises(UnknownNameError, match="unknown class 'beauty'"):
        go(tmp_path / "t", class_weights={"beauty": 2.0})
    with pytest.raises(BadValueError, match="no 'top' jets"):
        go(tmp_path / "t", classes=("b", "top"))
    with pytest.raises(BadValueError, match="no 'top' jets"):
        go(tmp_path / "t", classes=("b", "top"), resample="none")
    with pytest.raises(BadValueError, match=r"classes = \['b'\]: expected two or more"):
        go(tmp_path / "t", classes=("b",))
    assert not list(tmp_path.iterdir())


def test_without_a_validation_part_the_training_loss_is_judged(tmp_path: Path) -> None:
    train(
        CONFIG,
        DATA,
        settings(),
        tmp_path / "t",
        inputs=INPUTS,
        classes=CLASSES,
        split=(0.8, 0, 0.2),
    )
    told = history(tmp_path / "t")
    assert [e["validation"] for e in told["epochs"]] == [{}] * 3
    losses = [e["train"]["jet"] for e in told["epochs"]]
    assert told["best"] == losses.index(min(losses)) == 2


def test_a_batch_larger_than_the_train_part_is_all_of_it(tmp_path: Path) -> None:
    go(tmp_path / "t", data=Labelled(120, 40), batch=5000)
    assert len(history(tmp_path / "t")["epochs"]) == 3


def test_a_training_that_diverges_is_told_and_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(BadValueError, match=r"diverged in epoch \d.*train\.rate = 1e\+20.*smaller"):
        go(tmp_path / "tagger", rate=1e20)
    assert list(tmp_path.iterdir()) == []
