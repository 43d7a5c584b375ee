"""Taggers trained again with other seeds, and variations of a recipe, each a run of its own."""

from __future__ import annotations

import json

import numpy as np
import pytest

import jetlens
import made_up
from jetlens.core.errors import BadFileError
from jetlens.run.inspect import describe as jetlens_says


@pytest.fixture
def recipe(tmp_path, own_registries):
    made_up.register()
    path = tmp_path / "recipe.toml"
    path.write_text(made_up.RECIPE.replace("jets = 300", "jets = 180"))
    return path


def test_repeats_are_other_taggers_of_the_same_jets(recipe, tmp_path):
    run = jetlens.run(recipe, out=tmp_path / "run", set={"repeats": 2})
    second = run.store.repeat(1)
    weights = [s.tagger / "weights.safetensors" for s in (run.store, second)]
    assert weights[0].read_bytes() != weights[1].read_bytes()
    assert not second.jets.exists()
    assert "Spread over repeats" in run.report.read_text()
    single = jetlens.run(recipe, out=tmp_path / "single")
    assert (single.tagger / "weights.safetensors").read_bytes() == weights[0].read_bytes()
    own = {n: v for n, v in run.numbers.items() if not n.startswith("retrainings.")}
    assert single.numbers == own
    both = [r["accuracy"]["value"] for r in (run.numbers, numbers_of(second))]
    assert run.numbers["retrainings.accuracy"]["value"] == pytest.approx(np.mean(both))
    assert (run.path / "figures" / "tagger-performance-compared.svg").is_file()
    assert "bands reach from the lowest to the highest" in run.report.read_text()
    assert "Spread over repeats" not in single.report.read_text()
    assert not (single.path / "figures" / "tagger-performance-compared.svg").exists()


def numbers_of(store):
    return json.loads(store.numbers.read_text())


def test_variations_stand_beside_each_other_and_share_jets(recipe, tmp_path):
    vary = '\n[vary]\n"train.epochs" = [1, 2]\n"data.jets" = [60, 120]\n'
    recipe.write_text(recipe.read_text() + vary)
    run = jetlens.run(recipe, out=tmp_path / "run", until="train")
    names = [v.path.name for v in run.variations]
    assert names == [
        "train.epochs=1,data.jets=60",
        "train.epochs=1,data.jets=120",
        "train.epochs=2,data.jets=60",
        "train.epochs=2,data.jets=120",
    ]
    jets = [sum(len(b) for b in jetlens.open(v.path / "jets" / "*.h5")) for v in run.variations]
    assert jets == [60, 120, 60, 120]
    first, _, third, _ = (v.path / "jets" / "part-00000.h5" for v in run.variations)
    assert first.samefile(third)
    assert jetlens_says(tmp_path / "run").startswith(f"{tmp_path / 'run'}: run of 4 variations")
    for one in (run, run.variations[0]):
        with pytest.raises(BadFileError, match="by the stage 'summarise'"):
            _ = one.numbers
    again = jetlens.run(recipe, out=tmp_path / "run", until="train")
    assert [v.path for v in again.variations] == [v.path for v in run.variations]


@pytest.fixture
def varied(recipe):
    """Two axes, one of named alternatives; whatever is drawn, is drawn of few jets."""
    recipe.write_text(
        recipe.read_text()
        + """
[presets.one]
vary.length = ["short"]
[vary]
"data.seed" = [1, 2]
[vary.length.short]
train.epochs = 1
[vary.length.long]
train.epochs = 2
explain.0.jets = 20
"""
    )
    return recipe


def stamps(folder):
    return {p: p.stat().st_mtime_ns for p in folder.rglob("*") if p.is_file()}


def test_named_alternatives_are_compared_and_not_again_if_nothing_changed(varied, tmp_path):
    out = tmp_path / "run"
    run = jetlens.run(varied, out=out, until="summarise")
    assert [v.path.name for v in run.variations] == [
        "data.seed=1,length=short",
        "data.seed=1,length=long",
        "data.seed=2,length=short",
        "data.seed=2,length=long",
    ]
    assert not run.report.exists()
    for place in ("1,short", "1,long", "2,short", "2,long"):
        assert f"accuracy.{place}" in run.numbers
    gains = {n.split(".")[1] for n in run.numbers if n.startswith("gain.")}
    assert gains == {"1,long", "2,long"}  # none between other data
    values = [v.numbers["accuracy"]["value"] for v in run.variations]
    assert run.numbers["gain.1,long.accuracy.vs.short"]["value"] == values[1] - values[0]
    run = jetlens.run(varied, out=out)
    assert all(v.report.is_file() for v in (run, *run.variations))
    assert {p.suffix for p in (out / "figures").iterdir()} == {".svg", ".pdf", ".png"}
    before = stamps(out)
    jetlens.run(varied, out=out)
    changed = {p.name for p, t in stamps(out).items() if before.get(p) != t}
    assert changed <= {"recipe.toml", "lock", "numbers.json", "provenance.json", "hashes.json"}
    compared = run.store.numbers.stat().st_mtime_ns
    assert compared == before[run.store.numbers]
    one = jetlens.run(varied, out=out, preset="one", until="summarise")
    assert [v.path.name for v in one.variations] == [
        "data.seed=1,length=short",
        "data.seed=2,length=short",
    ]
    assert not [n for n in one.numbers if "long" in n]


def test_same_jets_are_shared_whichever_variation_made_them(varied, tmp_path):
    run = jetlens.run(varied, out=tmp_path / "run", until="generate")
    files = [v.path / "jets" / "part-00000.h5" for v in run.variations]
    assert files[0].samefile(files[1])
    assert files[2].samefile(files[3])  # not those of the first variation
    assert files[0].read_bytes() != files[2].read_bytes()


def test_a_mistake_in_one_variation_is_told_before_any_is_trained(varied, tmp_path):
    varied.write_text(varied.read_text() + 'tagger.classes = ["b", "c", "x"]\n')
    with pytest.raises(jetlens.JetlensError, match="'x'"):
        jetlens.run(varied, out=tmp_path / "run")
    assert not list((tmp_path / "run").rglob("weights.safetensors"))


def test_trainings_side_by_side_end_as_one_after_the_other(varied, tmp_path, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    from jetlens.run.executor import one_thread

    with one_thread():
        alone = jetlens.run(varied, out=tmp_path / "alone", until="train", preset="one")
    beside = jetlens.run(varied, out=tmp_path / "beside", until="train", preset="one", workers=2)
    for one, other in zip(alone.variations, beside.variations, strict=True):
        names = ("tagger/weights.safetensors", "tagger/history.json")
        assert made_up.content(one.path, *names) == made_up.content(other.path, *names)


def test_what_was_trained_beside_others_is_not_trained_again(varied, tmp_path, monkeypatch):
    from jetlens.run.stages import train_one

    trained = []

    def fit(config, data, settings, out, **rest):
        if len(trained) == 2:
            raise KeyboardInterrupt
        trained.append(out)
        out.mkdir(parents=True)
        (out / "tagger.json").write_text("{}")

    monkeypatch.setattr(train_one, "fit", fit)
    with pytest.raises(KeyboardInterrupt):
        jetlens.run(varied, out=tmp_path / "run", until="train")
    trained.clear()
    jetlens.run(varied, out=tmp_path / "run", until="train", preset="one")
    assert len(trained) == 1  # the other one was there
