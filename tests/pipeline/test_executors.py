"""Serially or on a Dask cluster: the same bytes."""

from __future__ import annotations

import math

import numpy as np
import pytest

import jetlens
import made_up
from jetlens.core.errors import BadFileError, BadValueError, JetlensError

OUTPUTS = ("jets", "predictions", "attributions.zarr", "results")


@pytest.fixture
def recipe(tmp_path, own_registries):
    made_up.register()
    path = tmp_path / "recipe.toml"
    path.write_text(made_up.RECIPE)
    return path


@pytest.mark.filterwarnings("ignore::DeprecationWarning:tornado")
def test_dask_gives_the_bytes_of_serial(recipe, tmp_path):
    serial = jetlens.run(recipe, out=tmp_path / "serial", until="summarise")
    dask = jetlens.run(recipe, out=tmp_path / "dask", until="summarise", workers=2)
    one, other = (made_up.content(r.path, *OUTPUTS) for r in (serial, dask))
    assert one
    assert one.keys() == other.keys()
    assert made_up.differences(one, other) == {}
    assert serial.numbers == dask.numbers


def test_what_is_done_is_not_redone(recipe, tmp_path):
    out = tmp_path / "run"
    jetlens.run(recipe, out=out, until="summarise")
    before = {p: p.stat().st_mtime_ns for p in out.rglob("*") if p.is_file()}
    jetlens.run(recipe, out=out, until="explain")
    after = {p: p.stat().st_mtime_ns for p in before}
    changed = {p.name for p in before if before[p] != after[p]}
    assert changed <= {"recipe.toml", "lock"}


def test_jets_that_went_missing_are_made_again(recipe, tmp_path):
    out = tmp_path / "run"
    jetlens.run(recipe, out=out, until="generate")
    before = made_up.content(out, "jets")
    one = sorted((out / "jets").iterdir())[1]
    one.unlink()
    jetlens.run(recipe, out=out, until="generate")
    assert one.is_file()
    assert made_up.content(out, "jets").keys() == before.keys()


def test_a_recipe_is_not_replaced_by_its_run_nor_is_a_folder_left_by_a_mistake(recipe, tmp_path):
    words = recipe.read_text()
    with pytest.raises(BadFileError, match=r"no run's folder.*recipe\.toml"):
        jetlens.run(recipe, out=tmp_path, until="generate")
    assert recipe.read_text() == words
    with pytest.raises(BadValueError, match="expected a folder"):
        jetlens.run(recipe, out="", until="generate")
    with pytest.raises(JetlensError, match="d0_signifcance"):
        jetlens.run(
            recipe,
            out=tmp_path / "new",
            set={"tagger.inputs.tracks": ["d0_signifcance"]},
            until="train",
        )
    assert not (tmp_path / "new" / "recipe.toml").exists()


def test_a_change_redoes_what_depends_on_it_and_nothing_else(recipe, tmp_path):
    out = tmp_path / "run"
    jetlens.run(recipe, out=out, until="summarise")
    made = {n: made_up.content(out, n) for n in ("jets", "tagger", "attributions.zarr")}
    stamps = {p: p.stat().st_mtime_ns for n in ("jets", "tagger") for p in (out / n).iterdir()}
    jetlens.run(recipe, out=out, until="summarise", set=["explain.0.jets=12", "explain.0.keep=12"])
    assert {p: p.stat().st_mtime_ns for p in stamps} == stamps
    assert made_up.content(out, "attributions.zarr") != made["attributions.zarr"]
    jetlens.run(recipe, out=out, until="train", set=["train.epochs=1"])
    assert made_up.content(out, "jets") == made["jets"]
    assert made_up.content(out, "tagger") != made["tagger"]


def test_exactly_the_first_jets_of_each_class_are_explained_and_kept(recipe, tmp_path):
    from jetlens.run import attributions
    from jetlens.run.stages import predict

    out = tmp_path / "run"
    jetlens.run(recipe, out=out, until="explain")
    said = list(predict.read_all(out / "predictions"))
    rows = np.concatenate([part.row for part in said])
    assert len(said) == 5
    assert (np.diff(rows) > 0).all()
    label = np.concatenate([part.label for part in said])
    share = 14 / len(np.unique(label))
    first = [rows[label == k][: math.floor(share)] for k in np.unique(label)]
    kept = attributions.read(out / "attributions.zarr" / "integrated-gradients")
    assert sum(map(len, first)) == 14 - 14 % len(first)
    assert set(kept["row"].values) >= set(np.concatenate(first))
    state = jetlens.run(recipe, out=out, until="explain").store.state(
        "explain-integrated-gradients"
    )
    assert (state["jets"], state["kept"]) == (25, 14)


def test_a_result_says_how_many_jets_a_selection_dropped(recipe, tmp_path):
    from jetlens.run.stages import predict
    from jetlens.summarise.result import Result

    out = tmp_path / "run"
    jetlens.run(recipe, out=out, until="explain", set=["explain.0.select=correct"])
    said = list(predict.read_all(out / "predictions"))
    right = [bool(c) for part in said for c in part.correct]
    counts = Result.load(next((out / "results").rglob("00-top-origin.npz"))).sums["jets"]
    seen, selected = (int(counts.sel(count=c, group="all")) for c in ("seen", "selected"))
    assert selected == min(25, sum(right))
    last = [i for i, r in enumerate(right) if r][selected - 1]
    expected = last + 1 if selected < sum(right) else len(right)
    assert seen == expected
