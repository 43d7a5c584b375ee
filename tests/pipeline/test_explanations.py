"""How explanations are worked on: in chunks, and left out where a method does not fit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest

import jetlens
import labelled
import made_up
from jetlens.core.errors import BadRecipeError, UnsupportedError
from jetlens.core.registry import explainers
from jetlens.data.readers import ftag
from jetlens.explain.integrated_gradients import IntegratedGradients
from jetlens.run import attributions
from jetlens.run.stages import explain, trial
from jetlens.summarise.result import Result

CALLS = []


@pytest.fixture
def methods(own_registries):
    """Integrated gradients by three jets, and those that cannot do without auxiliary tasks."""
    made_up.register()
    CALLS.clear()

    @explainers.register("by-three")
    @dataclass(frozen=True, kw_only=True)
    class ByThree(IntegratedGradients):
        at_once: ClassVar[int | None] = 3

        def explain(self, tagger, batch, target, pool=None):
            CALLS.append(len(batch))
            return super().explain(tagger, batch, target, pool)

    @explainers.register("of-tasks")
    @dataclass(frozen=True, kw_only=True)
    class OfTasks(IntegratedGradients):
        def explain(self, tagger, batch, target, pool=None):
            if not tagger.tasks:
                raise UnsupportedError("this tagger has no auxiliary tasks")
            return super().explain(tagger, batch, target, pool)


def recipe(tmp_path, text=""):
    path = tmp_path / "recipe.toml"
    path.write_text(made_up.RECIPE.replace("jets = 300", "jets = 180") + text)
    return path


def test_chunks_add_up_to_the_whole(methods, tmp_path):
    path = recipe(tmp_path)
    changes = {"data.partition": 180, "explain.0.select": "correct", "explain.0.keep": 5}
    whole = jetlens.run(path, out=tmp_path / "whole", set=changes, until="explain")
    changes["explain.0.use"] = "by-three"
    chunked = jetlens.run(path, out=tmp_path / "chunked", set=changes, until="explain")
    tried, *chunks = CALLS  # a few jets are tried before the tagger is trained
    explained = whole.store.state("explain-integrated-gradients")["jets"]
    assert (tried, max(chunks), sum(chunks)) == (2, 3, explained)
    assert len(chunks) > 1
    names = "integrated-gradients", "by-three"
    folders = [r.store.results / n for r, n in zip((whole, chunked), names, strict=True)]
    files = [sorted(f.glob("*.npz")) for f in folders]
    assert [f.name for f in files[0]] == [f.name for f in files[1]]
    for one, other in zip(*files, strict=True):
        a, b = Result.load(one), Result.load(other)
        for name in a.sums:
            np.testing.assert_allclose(a.sums[name], b.sums[name], rtol=1e-5, atol=1e-6)
    kept = [
        attributions.read(r.store.attributions / n)
        for r, n in zip((whole, chunked), names, strict=True)
    ]
    assert [k.sizes["jet"] for k in kept] == [5, 5]
    assert kept[0]["row"].values.tolist() == kept[1]["row"].values.tolist()
    np.testing.assert_allclose(
        kept[0]["tracks_score"].values, kept[1]["tracks_score"].values, rtol=1e-4, atol=1e-6
    )


def test_few_jets_are_worked_on_in_several_tasks(methods, tmp_path, monkeypatch):
    """Sums are the same but for rounding, numbers of jets and what is kept as they were."""
    path, runs = recipe(tmp_path), []
    changes = {"data.partition": 180, "explain.0.select": "correct", "explain.0.keep": 3}
    changes["explain.0.jets"] = 4
    monkeypatch.setattr(explain, "LEAST", 1)
    for parts in (1, 4):
        monkeypatch.setattr(explain, "PARTS", parts)
        out = tmp_path / str(parts)
        runs.append(jetlens.run(path, out=out, set=changes, until="explain"))
    name = "integrated-gradients"
    states = [r.store.state(f"explain-{name}") for r in runs]
    assert [(s["jets"], s["kept"]) for s in states] == [(4, 3)] * 2
    files = [sorted((r.store.results / name).glob("*.npz")) for r in runs]
    assert files[0]
    for one, other in zip(*files, strict=True):
        a, b = Result.load(one), Result.load(other)
        assert a.arguments == b.arguments
        for total in a.sums:
            np.testing.assert_allclose(a.sums[total], b.sums[total], rtol=1e-5, atol=1e-6)
        np.testing.assert_array_equal(a.sums["jets"], b.sums["jets"])  # those passed over, too
    groups = [attributions.parts(r.store.attributions / name) for r in runs]
    assert (len(groups[0]), len(groups[1])) == (1, 3)
    kept = [attributions.read(r.store.attributions / name)["row"].values.tolist() for r in runs]
    assert len(kept[0]) == 3
    assert kept[0] == kept[1]


@pytest.mark.parametrize(
    ("axis", "values", "trials"),
    [("train.epochs", [1, 2], 1), ("tagger.activation", ["relu", "gelu"], 2)],
)
def test_a_method_is_tried_once_on_taggers_that_are_alike(
    methods, tmp_path, monkeypatch, axis, values, trials
):
    tried = []

    def counted(tagger, jets, *args, **kwargs):
        tried.append(len(jets))
        return explained(tagger, jets, *args, **kwargs)

    explained = trial.explain_part
    monkeypatch.setattr(trial, "explain_part", counted)
    changes = {"repeats": 2, "explain.0.jets": 4, f"vary.{axis}": values}
    jetlens.run(recipe(tmp_path), out=tmp_path / "run", set=changes, until="explain")
    assert tried == [trial.FEW] * trials


TWO = """
[[explain]]
use = "of-tasks"
jets = 5
keep = 3
[vary.model.tracks]
train.epochs = 1
[vary.model.experts]
tagger = { use = "mlp", inputs = { jets = ["*"] } }
"""


def test_what_does_not_fit_a_variation_is_left_out_of_it(methods, tmp_path, capsys):
    path = recipe(tmp_path, TWO)
    changes = {"show": [{"use": "completeness", "replicas": 10}]}
    run = jetlens.run(path, out=tmp_path / "run", set=changes, quiet=False)
    tracks, experts = run.variations
    said = capsys.readouterr()
    assert "of-tasks is left out: it does not fit this tagger" in said.out + said.err
    assert list((tracks.store.results / "of-tasks").glob("*.npz"))
    assert not list((experts.store.results / "of-tasks").glob("*.npz"))
    assert (tracks.store.attributions / "of-tasks").is_dir()
    assert not (experts.store.attributions / "of-tasks").exists()
    page = experts.report.read_text(encoding="utf-8")
    assert "of-tasks: it does not fit this tagger: this tagger has no auxiliary tasks" in page
    assert "Left out" not in tracks.report.read_text(encoding="utf-8")
    before = experts.store.state("explain-of-tasks")
    jetlens.run(path, out=tmp_path / "run", set=changes, until="explain")
    assert experts.store.state("explain-of-tasks") == before


def test_of_a_single_study_it_is_a_mistake_told_before_training(methods, tmp_path):
    text = '[[explain]]\nuse = "of-tasks"\n'
    path = recipe(tmp_path, text)
    changes = {"tagger": {"use": "mlp", "inputs": {"jets": ["*"]}}}
    with pytest.raises(BadRecipeError, match=r"explain\.1: this tagger has no auxiliary tasks"):
        jetlens.run(path, out=tmp_path / "run", set=changes)
    assert not list((tmp_path / "run").rglob("weights.safetensors"))


def test_repeats_may_divide_the_events_anew(methods, tmp_path):
    from jetlens.run.stages import predict

    path = recipe(tmp_path)
    changes = {"repeats": 2, "resplit": True}
    runs = [
        jetlens.run(path, out=tmp_path / name, set=changes, until="explain") for name in ("a", "b")
    ]
    rows = [
        [np.concatenate([s.row for s in predict.read_all(store.predictions)]) for store in stores]
        for stores in ([r.store.repeat(0), r.store.repeat(1)] for r in runs)
    ]
    for one, other in zip(*rows, strict=True):
        assert one.tolist() == other.tolist()  # the same each time
    first, second = (set(r.tolist()) for r in rows[0])
    assert first != second
    weights = [r.store.repeat(1).tagger / "weights.safetensors" for r in runs]
    assert weights[0].read_bytes() == weights[1].read_bytes()
    once = {"repeats": 2, "explain.0.trainings": 1}
    same = jetlens.run(path, out=tmp_path / "same", set=once, until="explain")
    kept = [same.store.repeat(k).results / "integrated-gradients" for k in (0, 1)]
    assert [len(list(folder.glob("*.npz"))) for folder in kept] == [2, 0]
    state = same.store.repeat(1).state("explain-integrated-gradients")
    assert state["left_out"] == "it is asked of 1 of 2 trainings, the first"
    assert same.store.state("train")["key"] == runs[0].store.state("train")["key"]
    again = [same.store.repeat(k).state("train")["key"] for k in (0, 1)]
    assert again[1] != runs[0].store.repeat(1).state("train")["key"]
    tested = np.concatenate([s.row for s in predict.read_all(same.store.repeat(1).predictions)])
    assert set(tested.tolist()) == first  # without it, all are tested on the same jets


def test_files_of_one_class_each_are_explained_in_equal_shares(methods, tmp_path):
    """The first jets of all would be of one class; which are taken does not hang on partitions."""
    every = labelled.jets(240, seed=4)
    files = []
    for k in range(4):
        files.append(tmp_path / f"{every.classes[k]}.h5")
        ftag.write(files[-1], made_up.structured(every.take(every.label == k)))
    path = recipe(tmp_path)
    found = []
    for size in (500, 17):
        data = {"use": "files", "files": [str(f) for f in files], "partition": size}
        changes = {"data": data, "explain.0.jets": 12, "explain.0.keep": 8, "train.epochs": 1}
        run = jetlens.run(path, out=tmp_path / str(size), set=changes, until="explain")
        state = run.store.state("explain-integrated-gradients")
        assert (state["jets"], state["kept"]) == (12, 8)
        (file,) = (run.store.results / "integrated-gradients").glob("*-top-origin.npz")
        used = Result.load(file).sums["jets"].sel(count="selected")
        assert used.sel(group=list(every.classes)).values.tolist() == [3] * 4
        kept = attributions.read(run.store.attributions / "integrated-gradients")
        assert np.bincount(kept["label"].values).tolist() == [2] * 4
        found.append(kept["row"].values.tolist())
    assert found[0] == found[1]
