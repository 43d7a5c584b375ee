from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

import jetlens as jl
from jetlens.core.errors import BadFileError, BadValueError
from jetlens.data.base import Dataset, Part
from jetlens.data.toy import Toy
from jetlens.evaluate.predict import predict
from jetlens.run.stages.frozen_wanted import Wanted
from jetlens.run.stages.predict import read_all
from jetlens.taggers.training.features import Features
from jetlens.taggers.vit import Vit

RECIPE = """
repeats = 2
data    = { use = "toy", jets = 200, partition = 80 }
split   = [0.5, 0.2, 0.3]
train   = { steps = 4, batch = 16, resample = "none" }
[tagger]
use = "vit"
weights = "random"
seed = 3
tuned = 1
[tagger.backbone]
model_type = "vit"
hidden_size = 8
num_hidden_layers = 2
num_attention_heads = 2
intermediate_size = 16
image_size = 32
patch_size = 8
[vary]
images = { few = { train.per_class = 5 }, more = { train.per_class = 20 } }
model = { one = { tagger.tuned = 1 }, head = { tagger.tuned = "head" } }
"""


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[int]]:
    """Train eight taggers; return the run's folder, and how many jets went through frozen parts."""
    folder = tmp_path_factory.mktemp("shared")
    recipe = folder / "recipe.toml"
    recipe.write_text(RECIPE)
    seen: list[int] = []
    whole = Vit.frozen

    def counted(self, inputs, masks):
        seen.append(len(inputs["image"]))
        return whole(self, inputs, masks)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Vit, "frozen", counted)
        jl.run(recipe, folder / "run", until="generate")
        patch.setattr("jetlens.run.stages.check.check", lambda study: None)
        jl.run(recipe, folder / "run", until="explain")
    return folder, seen


def test_each_jet_goes_through_each_frozen_part_once(ran) -> None:
    """Whatever is drawn of them, and tested: of eight taggers, and of two frozen parts, of which
    the deeper one goes on from what the other made."""
    folder, seen = ran
    data = Toy(jets=200, partition=80, seed=1)
    parts = {p: Part(data, p, (0.5, 0.2, 0.3)).read() for p in ("train", "validation", "test")}
    alone = 2  # by which it is known how much room each part takes
    assert 2 * len(parts["test"]) < sum(seen) <= sum(map(len, parts.values())) + alone
    assert not (folder / "run" / ".stages" / "features").exists()  # when all are tested
    assert len(list((folder / "run").glob("*/**/tagger/tagger.json"))) == 8


@pytest.mark.parametrize("name", ["images=few,model=one", "images=more,model=head"])
def test_what_taggers_say_is_what_they_say_of_the_images(ran, name: str) -> None:
    run = ran[0] / "run" / name
    test = Part(Toy(jets=200, partition=80, seed=1), "test", (0.5, 0.2, 0.3)).read()
    whole = predict(jl.load(run / "tagger"), test)
    said = list(read_all(run / "predictions"))
    np.testing.assert_array_equal(np.concatenate([s.row for s in said]), test.row)
    logits = np.concatenate([s.logits for s in said])
    np.testing.assert_allclose(logits, whole["output"].values, rtol=1e-4, atol=1e-5)
    assert np.ptp(logits) > 1e-3


def test_trainings_are_those_that_evaluate_it_themselves(ran, tmp_path: Path) -> None:
    folder = ran[0]
    recipe = folder / "recipe.toml"
    own = ["vary.images={more={train.per_class=20}}", "repeats=1", "train.cache=false"]
    jl.run(recipe, tmp_path / "own", until="train", set=own)
    for model in ("one", "head"):
        name = Path(f"images=more,model={model}") / "tagger" / "history.json"
        found, alone = (
            json.loads((p / name).read_text()) for p in (folder / "run", tmp_path / "own")
        )
        losses = [
            [e[part]["jet"] for e in h["epochs"] for part in ("train", "validation")]
            for h in (found, alone)
        ]
        assert losses[0] == pytest.approx(losses[1], abs=1e-5)
        assert found["cost"]["flops_frozen"] > 0 == alone["cost"]["flops_frozen"]
        assert [e["steps"] for e in found["epochs"]] == [1, 2, 3, 4]


def test_a_head_costs_the_same_whether_another_tagger_is_there_or_not(ran, tmp_path: Path) -> None:
    alone = ["vary.images={few={train.per_class=5}}", "vary.model=['head']", "repeats=1"]
    jl.run(ran[0] / "recipe.toml", tmp_path, until="train", set=alone)
    name = Path("images=few,model=head") / "tagger" / "history.json"
    one, other = (json.loads((p / name).read_text()) for p in (tmp_path, ran[0] / "run"))
    assert one["cost"] == other["cost"]
    assert one["cost"]["flops_frozen"] > 0


def test_a_partition_without_tested_jets_is_tagged(tmp_path: Path) -> None:
    """Its jets are all trained on: nothing is read of what frozen parts made."""
    (tmp_path / "recipe.toml").write_text(RECIPE)
    few = ["vary.images=['few']", "vary.model=['one']", "repeats=1"]
    changes = [*few, "data.jets=89", "data.partition=88"]
    jl.run(tmp_path / "recipe.toml", tmp_path / "run", until="explain", set=changes)
    said = list(read_all(tmp_path / "run" / "images=few,model=one" / "predictions"))
    assert len(said[0].row) > 0 == len(said[1].row)


def one(folder: Path, until: str = "train", quiet: bool = True) -> Path:
    """Train one tagger on five jets of each class; return where frozen parts are kept."""
    (folder / "recipe.toml").write_text(RECIPE)
    few = ["vary.images=['few']", "vary.model=['one']", "repeats=1", "data.jets=40"]
    jl.run(folder / "recipe.toml", folder / "run", until=until, set=few, quiet=quiet)
    return folder / "run" / ".stages" / "features"


def test_a_disk_without_room_is_told_before_anything_is_written(tmp_path: Path, monkeypatch):
    room = {"free": 0}
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(**room))
    with pytest.raises(BadFileError, match=r"takes [0-9.]+ kB in .*0 bytes are free.*--out"):
        one(tmp_path)
    assert not (tmp_path / "run" / ".stages" / "features").exists()
    assert not list((tmp_path / "run").rglob("*.part"))


def test_how_much_it_is_is_told_and_what_other_keys_left_is_removed(tmp_path: Path, capsys):
    kept = tmp_path / "run" / ".stages" / "features"
    (kept / "old" / "part-00000").mkdir(parents=True)
    assert one(tmp_path, quiet=False) == kept
    (made,) = kept.iterdir()  # it stays until its tagger is tested
    written = sum(np.load(f).nbytes for f in made.rglob("of-*.npy"))
    said = capsys.readouterr().err
    told = re.search(r"takes ([0-9.]+) kB of", said)
    assert told is not None, said
    assert float(told[1]) == pytest.approx(written / 1e3, abs=0.051)
    (kept / "older").mkdir()
    one(tmp_path)  # trained already
    assert [*kept.iterdir()] == [made]


class Restarted(Dataset):
    """Two partitions, each of which numbers its jets from 0 on."""

    def partitions(self) -> list[Toy]:
        return [Toy(jets=5, seed=seed) for seed in (1, 2)]


def test_two_jets_of_one_row_are_refused(tmp_path: Path) -> None:
    """The one would be given what was made of the other."""
    task = SimpleNamespace(data=Restarted())
    study = SimpleNamespace(device="cpu")
    wanted = Wanted(study, task, Features(tmp_path), [np.array([3, 4, 7])])
    with pytest.raises(BadValueError, match="row 3 is that of 2 jets: expected a dataset to num"):
        wanted.pieces()
    wanted.rows = [np.array([7])]
    assert wanted.pieces() == []
    task.data = Toy(jets=10, partition=5)
    wanted.rows = [np.array([3, 7]), np.array([3])]
    assert [p.partition.chosen.rows.tolist() for p in wanted.pieces()] == [[3], [7]]


def test_the_deepest_that_has_all_jets_of_a_piece_is_gone_on_from(tmp_path: Path) -> None:
    task = SimpleNamespace(data=Toy(jets=10, partition=5))
    study = SimpleNamespace(device="cpu")

    def wanted(depth: int, *rows: int, stem: str = "one") -> Wanted:
        made = Features(tmp_path / f"{stem}{depth}", stem=stem, depth=depth)
        return Wanted(study, task, made, [np.array(rows)])

    own = wanted(3, 3, 7)
    others = [own, wanted(1, 3, 7), wanted(2, 2, 3), wanted(4, 3, 7), wanted(2, 3, stem="other")]
    first, second = own.pieces(others)
    assert first.before == others[2].features
    assert second.before is None
    assert [p.before for p in wanted(3, 3, 7, stem="").pieces([wanted(2, 3, 7, stem="")])] == [
        None,
        None,
    ]
