from __future__ import annotations

from pathlib import Path

import pytest

from jetlens.core.errors import BadFileError, BadRecipeError
from jetlens.run.recipe_file import load, parse_settings

PYTHIA = 'use = "pythia", jets = 100, mu = 1'
WHOLE = """
title = "t"
data = { use = "pythia", jets = 100, mu = 1 }
train = { epochs = 3 }
show = [{ use = "box" }]
[[explain]]
use = "integrated-gradients"
baseline = "zero"
[presets.quick]
data.jets = 10
"""


@pytest.fixture
def write(tmp_path):
    def write(text: str) -> Path:
        path = tmp_path / "recipe.toml"
        path.write_text(text)
        return path

    return write


def test_defaults_presets_and_changes_come_in_this_order(write):
    path = write(WHOLE)
    plain = load(path)
    assert plain.data.arguments == {"jets": 100, "mu": 1}
    assert plain.train.epochs == 3
    assert plain.tagger.use == "gn2"
    assert load(path, preset="quick").data.arguments["jets"] == 10
    changed = load(path, preset="quick", changes=parse_settings(["data.jets=7", "seed=4"]))
    assert changed.data.arguments["jets"] == 7
    assert changed.seed == 4


def test_what_is_written_is_read_back_the_same(write, tmp_path):
    first = load(write(WHOLE), preset="quick")
    first.write(tmp_path / "run" / "recipe.toml")
    again = load(tmp_path / "run" / "recipe.toml")
    assert again == first.model_copy(update={"train": again.train})
    assert again.train.model_dump() == first.train.model_dump()
    assert "seed" not in again.train.model_fields_set  # it still follows the recipe's seed


@pytest.mark.parametrize(
    ("old", "new", "parts"),
    [
        ('title = "t"', "titel = 1", ["titel", "did you mean 'title'"]),
        ("epochs = 3", "epoch = 3", ["train.epoch", "did you mean 'epochs'"]),
        ("epochs = 3", "epochs = 0", ["train.epochs", "0", "expected 1 or more"]),
        ("epochs = 3", 'epochs = "3"', ["train.epochs", "'3'", "valid integer"]),
        ('"pythia"', '"pytia"', ["data.use", "'pytia'", "did you mean 'pythia'"]),
        ("mu = 1", "mo = 1", ["data.mo", "did you mean 'mu'"]),
        ("mu = 1", 'mu = "many"', ["data.mu", "'many'", "a number"]),
        ("mu = 1", "images = { pixel = 9 }", ["data.images.pixel = 9", "did you mean 'pixels'"]),
        ("mu = 1", "images = { pixels = 0 }", ["data.images: pixels = 0", "1 or more"]),
        ("mu = 1", 'images = { channels = "pt" }', ["data.images.channels = 'pt'", "a list of"]),
        ("mu = 1", 'images = { scale = "mean" }', ["data.images: unknown scale 'mean'"]),
        ("mu = 1", 'images = { prongs = "clas" }', ["data.images: prongs", "mean 'class'"]),
        ("mu = 1", "images = { prongs = { b = 0 } }", ["data.images: prongs.b = 0", "1 or more"]),
        ("mu = 1", "images = 3", ["data.images = 3", "an object"]),
        ('"integrated-gradients"', '"integrated-gradient"', ["explain.0.use", "did you mean"]),
        ('baseline = "zero"', 'base = "zero"', ["explain.0.base", "did you mean 'baseline'"]),
        ('baseline = "zero"', 'baseline = "zeros"', ["explain.0", "zeros", "did you mean 'zero'"]),
        ('baseline = "zero"', 'select = "wrong"', ["explain.0.select", "'wrong'", "correct"]),
        ('baseline = "zero"', "jets = 0", ["explain.0.jets", "0"]),
        ('"box"', '"bocks"', ["show.0.use", "'bocks'", "did you mean 'box'"]),
        ('{ use = "box" }', '{ use = "box", by = ["d00"] }', ["show.0", "d00"]),
        ('title = "t"', "split = [0.5, 0.5, 0.5]", ["split", "0.5", "add up to 1"]),
        ('title = "t"', "split = [0.5, 0.6]", ["split = [0.5, 0.6]", "three shares"]),
        ('title = "t"', "split = [nan, 0.5, 0.5]", ["split", "three shares"]),
        ('title = "t"', "split = [0.5, nan, 0.5]", ["split", "three shares"]),
        ('title = "t"', 'leave_out = [{ x = ["a"] }]', ["toml: leave_out: no axis 'x'"]),
        ("mu = 1", "partition = 0", ["data: partition = 0", "1 or more"]),
        ('title = "t"', "seed = 1.5", ["seed", "1.5"]),
        ('title = "t"', "seed = 1979-05-27", ["1979-05-27", "no dates"]),
        ('title = "t"', "title = ", ["is not TOML", "line 2"]),
        ('title = "t"', 'tagger = { use = "gn2", size = "smal" }', ["did you mean 'small'"]),
        ('title = "t"', 'vary = { "train.epoch" = [1] }', ["vary", "train.epoch"]),
        ('title = "t"', 'vary = { "train.epochs" = [] }', ["vary.train.epochs"]),
        ("[presets", "[vary.model.a]\ntrain.epoch = 1\n[presets", ["model=a", "'epochs'"]),
        ("[presets", "[vary.model.a]\ntagger.use = 'gn'\n[presets", ["model=a", "'gn2'"]),
        ('title = "t"', 'retrain = { randon = 1 }', ["retrain.randon", "did you mean 'random'"]),
        ('title = "t"', 'retrain = { repeats = 1 }', ["retrain.repeats", "1"]),
        ('title = "t"', 'retrain = { keep = [] }', ["retrain.keep"]),
        ('title = "t"', 'retrain = { explain = "lpr" }', ["retrain.explain", "'lpr'"]),
        ('title = "t"', "retrain = {}\nsplit = [0.7, 0.0, 0.3]", ["validation", "empty"]),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_file_place_value_and_expectation(write, old, new, parts):
    assert old in WHOLE
    path = write(WHOLE.replace(old, new))
    with pytest.raises(BadRecipeError) as told:
        load(path)
    for part in [str(path), *parts]:
        assert part in str(told.value)


def test_a_missing_recipe_names_the_nearest(tmp_path, write):
    write(WHOLE)
    with pytest.raises(BadFileError, match=r"did you mean .*recipe\.toml"):
        load(tmp_path / "recip.toml")
    with pytest.raises(BadFileError, match="cannot read"):
        load(tmp_path)


def test_data_files_are_relative_to_the_recipe_and_stay_so(write, tmp_path, monkeypatch):
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    text = WHOLE.replace(PYTHIA, 'use = "files", files = "jets/*.h5"')
    text = text.partition("[presets")[0]
    recipe = load(write(text))
    assert recipe.data.arguments["files"] == str(tmp_path / "jets/*.h5")
    run = tmp_path / "runs" / "one"
    recipe.write(run / "recipe.toml")
    assert '"../../jets/*.h5"' in (run / "recipe.toml").read_text()
    assert load(run / "recipe.toml").data.arguments["files"] == [str(tmp_path / "jets/*.h5")]
    here = load(write(text), changes={"data.files": "x.h5"})
    assert here.data.arguments["files"] == str(tmp_path / "elsewhere" / "x.h5")


def test_a_recipe_holds_no_absolute_names_but_environment_folders(write):
    text = WHOLE.partition("[presets")[0].replace(PYTHIA, 'use = "files", files = "NAME"')
    with pytest.raises(BadRecipeError, match=r"relative to it.*\$JETLENS_REAL_DATA"):
        load(write(text.replace("NAME", "/a.h5")))
    kept = load(write(text.replace("NAME", "$SOME/a.h5")))
    assert kept.data.arguments["files"] == "$SOME/a.h5"


def test_nothing_in_a_recipe_is_evaluated(write, tmp_path):
    flag = tmp_path / "flag"
    path = write(WHOLE.replace('baseline = "zero"', f"target = '''open({str(flag)!r}, \"w\")'''"))
    load(path)  # a target is understood when the tagger is there; until then it is text
    assert not flag.exists()


def test_several_targets_of_one_explanation_are_refused(write):
    told = r"explain\.0\.target = \['b', 'c'\]: expected one target, .* an \[\[explain\]\] for each"
    with pytest.raises(BadRecipeError, match=told):
        load(write(WHOLE), changes={"explain.0.target": ["b", "c"]})


@pytest.mark.parametrize(
    ("change", "parts"),
    [
        ("train.epoch = 1", ["train.epoch", "did you mean 'epochs'"]),
        ('data.jets = "10"', ["data.jets = '10'", "a whole number"]),
        ('tagger = { use = "gn" }', ["tagger.use = 'gn'", "did you mean 'gn2'"]),
        ("explain.1.keep = 1", ["'explain.1'", "no entry '1'"]),
        ('vary.model = ["c"]', ["vary.model", "'c'", "expected one of a, b"]),
    ],
)
def test_a_mistake_in_a_preset_is_told_whether_it_is_asked_for_or_not(write, change, parts):
    axis = "[vary.model]\na.train.epochs = 1\nb.train.epochs = 2\n"
    path = write(WHOLE + "[presets.slow]\n" + change + "\n" + axis)
    for preset in (None, "quick", "slow"):
        with pytest.raises(BadRecipeError) as told:
            load(path, preset=preset)
        for part in ["recipe.toml: presets.slow: ", *parts]:
            assert part in str(told.value)


def test_a_mistake_of_the_recipe_is_no_presets(write):
    path = write(WHOLE.replace("epochs = 3", "epoch = 3"))
    with pytest.raises(BadRecipeError, match=r"recipe\.toml: unknown key 'train\.epoch'"):
        load(path)
    with pytest.raises(BadRecipeError, match=r"recipe\.toml: presets\.quick = 3"):
        load(write(WHOLE.replace("[presets.quick]\ndata.jets = 10", "[presets]\nquick = 3")))


def test_what_a_recipe_lacks_a_preset_may_have(write):
    text = WHOLE.replace('data = { use = "pythia", jets = 100, mu = 1 }\n', "")
    path = write(text + 'data.use = "toy"\n')
    with pytest.raises(BadRecipeError, match="data"):
        load(path)
    assert load(path, preset="quick").data.use == "toy"
