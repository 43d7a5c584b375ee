"""What users hand in wrongly: one message with status 2, and nothing half-written."""

from __future__ import annotations

import os
import shutil
import subprocess

import h5py
import numpy as np
import pytest

import jetlens
import labelled
import made_up
from jetlens.core.errors import BadFileError, BadValueError, JetlensError
from jetlens.data.readers import ftag

RECIPE = """
data = { use = "files", files = "jets.h5" }
tagger = { use = "gn2", auxiliary = [] }
train = { epochs = 1, batch = 64 }
show = [{ use = "completeness", replicas = 5 }]
[[explain]]
use = "integrated-gradients"
steps = 2
rule = "midpoint"
jets = 10
"""


@pytest.fixture
def study(tmp_path):
    """A folder with a recipe that reads ``jets.h5``, which each test writes in its own way."""
    (tmp_path / "recipe.toml").write_text(RECIPE)

    def run(until: str = "summarise", **options) -> jetlens.run:
        return jetlens.run(tmp_path / "recipe.toml", out=tmp_path / "run", until=until, **options)

    run.folder = tmp_path
    return run


def whole(folder):
    """Say that nothing half-written is left under a run's folder."""
    return not list(folder.rglob("*.part"))


def change(study, change) -> None:
    arrays = made_up.structured(labelled.jets(200))
    changed = change(arrays)
    ftag.write(study.folder / "jets.h5", arrays if changed is None else changed)


def test_files_are_studied_like_generated_jets(study):
    made_up.file(study.folder / "jets.h5")
    done = study()
    assert not (done.path / "jets").exists()
    assert done.numbers["accuracy"]["value"] > 0


def test_a_truncated_file(study):
    path = made_up.file(study.folder / "jets.h5", 2000)
    with path.open("rb+") as file:
        file.truncate(path.stat().st_size // 2)
    with pytest.raises(BadFileError, match=r"jets\.h5.*(damaged|cut short)"):
        study()
    assert whole(study.folder)


@pytest.mark.parametrize("content", [b"", b"not HDF5 at all", b"\x89HDF\r\n\x1a\n"])
def test_a_file_that_is_not_hdf5(study, content):
    (study.folder / "jets.h5").write_bytes(content)
    with pytest.raises(BadFileError, match=r"jets\.h5"):
        study()


def test_a_file_without_jets(study):
    change(study, lambda arrays: {k: v[:0] for k, v in arrays.items()})
    with pytest.raises(BadFileError, match=r"no jets in .*jets\.h5"):
        study()


def test_a_missing_file_or_environment(study, monkeypatch):
    with pytest.raises(BadFileError, match=r"no file .*jets\.h5"):
        study()
    monkeypatch.delenv("JETLENS_NOWHERE", raising=False)
    with pytest.raises(BadFileError, match="'JETLENS_NOWHERE' is not set"):
        study(set={"data.files": "$JETLENS_NOWHERE/jets.h5"})
    made_up.file(study.folder / "jets.h5")
    monkeypatch.setenv("JETLENS_NOWHERE", str(study.folder))
    assert study(until="generate", set={"data.files": "$JETLENS_NOWHERE/jets.h5"})


def test_a_missing_variable(study):
    def without(arrays):
        names = [n for n in arrays["tracks"].dtype.names if n != "deta"]
        return {**arrays, "tracks": arrays["tracks"][names].copy()}

    change(study, without)
    with pytest.raises(JetlensError, match=r"unknown variable of tracks 'deta': expected one of"):
        study()


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_an_input_that_is_not_finite(study, bad):
    def spoil(arrays):
        arrays["tracks"]["d0"][arrays["tracks"]["valid"]] = bad

    change(study, spoil)
    with pytest.raises(BadValueError, match=r"tracks\.d0 is (nan|inf) .*expected finite"):
        study()


def test_one_bad_value_among_the_test_jets_is_found_too(study):
    made_up.file(study.folder / "jets.h5")
    study(until="train")
    with h5py.File(study.folder / "jets.h5", "r+") as file:
        tracks = file["tracks"][()]
        tracks["d0"][tracks["valid"]] = np.nan
        file["tracks"][...] = tracks
    # jets that changed are trained on anew: the message comes from there
    with pytest.raises(BadValueError, match="expected finite"):
        study()


def test_jets_without_tracks_are_fine(study):
    def strip(arrays):
        arrays["tracks"]["valid"][::2] = False

    change(study, strip)
    assert study().numbers["accuracy"]["value"] > 0


def test_a_class_that_is_absent(study):
    def drop(arrays):
        keep = arrays["jets"]["HadronConeExclTruthLabelID"] != 15
        return {k: v[keep] for k, v in arrays.items()}

    change(study, drop)
    with pytest.raises(BadValueError, match="no 'tau' jets to train on: leave the class out"):
        study()
    three = {"tagger.classes": ["b", "c", "u"]}
    assert "auc.b_vs_tau" not in study(set=three).numbers
    with pytest.raises(JetlensError, match=r"'bb'.*did you mean 'b'"):
        study(set=three | {"explain.0.target": "bb"})


def test_labels_of_no_class_are_told(study):
    def unlabel(arrays):
        arrays["jets"]["HadronConeExclTruthLabelID"] = 99

    change(study, unlabel)
    with pytest.raises(BadValueError, match="no 'b' jets to train on"):
        study()


@pytest.fixture
def small_disk(tmp_path):
    """A disk of 12 MB."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=12m", "tmpfs", str(place)]
    if os.geteuid() or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("mounting a small disk needs root")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def leave(disk, space: int) -> None:
    """Fill a disk up to the last `space` bytes."""
    with (disk / "ballast").open("wb") as file:
        file.write(bytes(shutil.disk_usage(disk).free - space))


@pytest.mark.parametrize("space", [0, 30_000, 200_000])
def test_a_full_disk_while_generating(small_disk, tmp_path, own_registries, space):
    made_up.register()
    recipe = tmp_path / "recipe.toml"
    recipe.write_text(made_up.RECIPE.replace("300, partition = 60", "3000, partition = 600"))
    leave(small_disk, space)
    with pytest.raises(BadFileError, match="no space left"):
        jetlens.run(recipe, out=small_disk / "run", until="generate")
    assert whole(small_disk)
    assert not (small_disk / "run" / "jets").exists()
    files = list((small_disk / "run").rglob("*.h5"))
    assert len(files) < 5
    for path in files:
        assert len(jetlens.read(path)) == 600


@pytest.mark.parametrize("space", [0, 30_000, 200_000])
@pytest.mark.parametrize("until", ["train", "explain"])
def test_a_full_disk_later_on(small_disk, tmp_path, own_registries, until, space):
    made_up.register()
    recipe = tmp_path / "recipe.toml"
    recipe.write_text(made_up.RECIPE)
    before = {"train": "generate", "explain": "train"}[until]
    jetlens.run(recipe, out=small_disk / "run", until=before)
    there = made_up.content(small_disk / "run", "jets", "tagger")
    leave(small_disk, min(space, 60_000) if until == "explain" else space)
    with pytest.raises(BadFileError, match="no space left"):
        jetlens.run(recipe, out=small_disk / "run", until=until)
    assert whole(small_disk)
    assert made_up.content(small_disk / "run", "jets", "tagger") == there
    (small_disk / "ballast").unlink()  # with space again, the same command goes on
    jetlens.run(recipe, out=small_disk / "run", until=until)


def test_a_mistake_leaves_what_is_finished_alone(tmp_path, own_registries):
    made_up.register()
    recipe = tmp_path / "recipe.toml"
    recipe.write_text(made_up.RECIPE)
    jetlens.run(recipe, out=tmp_path / "run", until="train")
    there = made_up.content(tmp_path / "run", "jets", "tagger", "recipe.toml")
    for wrong in (
        {"tagger.classes": ["b", "c", "x"]},
        {"train.class_weights": {"x": 2.0}},
        {"train.log": {"x": {"pt": 1.0}}},
        {"train.log": {"jets": {"x": 1.0}}},
    ):
        with pytest.raises(JetlensError, match="'x'"):
            jetlens.run(recipe, out=tmp_path / "run", until="train", set=wrong)
        assert made_up.content(tmp_path / "run", "jets", "tagger", "recipe.toml") == there
    marker = tmp_path / "run" / "tagger" / "weights.safetensors"
    before = marker.stat().st_mtime_ns
    jetlens.run(recipe, out=tmp_path / "run", until="train")
    assert marker.stat().st_mtime_ns == before


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"tagger.classes": ["b"]}, r"tagger: classes = \['b'\]: expected two or more"),
        ({"data.files": "jetz.h5"}, "data: no file .*did you mean 'jets.h5'"),
        ({"data.format": "ftga"}, "data: unknown reader 'ftga': did you mean 'ftag'"),
    ],
)
def test_a_mistake_names_the_recipe_s_table(study, monkeypatch, wrong, says):
    made_up.file(study.folder / "jets.h5")
    monkeypatch.chdir(study.folder)
    with pytest.raises(JetlensError, match=says):
        study(set=wrong)
    assert not (study.folder / "run").exists()


def test_fewer_jets_leave_none_of_the_others(tmp_path, own_registries):
    made_up.register()
    recipe = tmp_path / "recipe.toml"
    recipe.write_text(made_up.RECIPE)
    jetlens.run(recipe, out=tmp_path / "run", until="generate")
    jetlens.run(recipe, out=tmp_path / "run", until="generate", set={"data.jets": 90})
    assert len(jetlens.read(tmp_path / "run" / "jets" / "*.h5")) == 90


def test_an_empty_selection_says_what_was_selected_from_how_many(study, monkeypatch):
    from jetlens.run.stages import predict

    made_up.file(study.folder / "jets.h5")
    study(until="train")
    nothing = property(lambda said: np.zeros(len(said.row), dtype=bool))
    monkeypatch.setattr(predict.Said, "correct", nothing)
    with pytest.raises(BadValueError, match=r"none of the \d+ jets that are tested is tagged") as e:
        study(set={"explain.0.select": "correct"})
    assert 'select = "all"' in str(e.value)


@pytest.mark.parametrize(
    ("tagger", "train", "says"),
    [
        ('{ use = "gn2" }', 'resample = "none"', "'gn2' takes tracks, but the jets hold jets, "),
        ('{ use = "cnn2d", pixels = 24 }', 'resample = "none"', r"shape \(1, 32, 32\) .* `pixels`"),
        ('{ use = "cnn1d", inputs = { image = ["pt"] } }', "", "'image' is no list of particles"),
        ('{ use = "mlp" }', 'resample = "thin"', r'have theta, z, r1, r2: .*resample = "none"'),
    ],
)
def test_taggers_that_do_not_fit_the_jets(tmp_path, tagger, train, says):
    path = tmp_path / "recipe.toml"
    data = 'data = { use = "toy", jets = 200 }'
    path.write_text(f"{data}\ntagger = {tagger}\ntrain = {{ {train} }}\n")
    with pytest.raises(JetlensError, match=says):
        jetlens.run(path, out=tmp_path / "run", until="train")


TOY = """
data = { use = "toy", jets = 300, partition = 150 }
tagger = { use = "mlp", inputs = { jets = ["z", "theta"] } }
train = { epochs = 1, batch = 64, resample = "none" }
explain = [{ use = "lrp", jets = 10, target = "signal" }]
"""


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"tagger.inputs.jets": ["z"], "retrain": {}}, r"single input, jets\.z, so that none"),
        ({"tagger": {"use": "cnn2d"}, "retrain": {}}, r"single input, image,.*counts as one"),
        ({"retrain.keep": [2]}, r"retrain\.keep = \[2\]: the tagger has 2 inputs; .*1 to 1"),
        ({"retrain.explain": "lpr"}, r"retrain\.explain = 'lpr': did you mean 'lrp'"),
        ({"explain": [], "retrain": {}}, r"no explanation ranks the inputs"),
        ({"vary.model.a": {"tagger.hiden": [8]}}, r"vary, model=a: tagger\.hiden.*did you mean"),
        ({"vary.model.a": {"tagger.inputs.jets": ["zz"]}}, r"'zz'.*did you mean 'z'"),
        (
            {"show": [{"use": "scatter", "x": "thet"}]},
            r"show, scatter: unknown variable 'thet': did you mean 'theta'\? .* z, theta$",
        ),
        ({"show": [{"use": "profile", "variables": ["r9"]}]}, r"profile.*r9"),
        ({"show": [{"use": "scatter", "of": "sgnal"}]}, r"scatter: .*did you mean 'signal'"),
        ({"vary.model": "a"}, r"vary\.model = 'a': expected a list of values, or a table"),
    ],
)
def test_mistakes_in_variations_and_retrainings_are_told_before_any_training(
    tmp_path, changes, told
):
    path = tmp_path / "recipe.toml"
    path.write_text(TOY)
    with pytest.raises(JetlensError, match=told):
        jetlens.run(path, out=tmp_path / "run", set=changes)
    assert not list((tmp_path / "run").rglob("weights.safetensors"))
