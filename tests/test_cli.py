"""The command line: its verbs, its exit status, and one message for a mistake."""

from __future__ import annotations

import json
import shlex
import shutil
import sys

import h5py
import numpy as np
import pytest

import made_up
from jetlens import cli


@pytest.fixture
def command(monkeypatch, capsys, own_registries):
    """Run ``jetlens ...`` in this process: status, output and messages."""
    made_up.register()

    def run(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["jetlens", *map(str, arguments)])
        with pytest.raises(SystemExit) as left:
            cli.main()
        out, err = capsys.readouterr()
        return int(left.value.code or 0), out, err

    return run


@pytest.fixture(scope="module")
def recipe(tmp_path_factory):
    path = tmp_path_factory.mktemp("recipe") / "made-up.toml"
    path.write_text(made_up.RECIPE.replace("jets = 300", "jets = 180"))
    return path


@pytest.fixture(scope="module")
def done(recipe, tmp_path_factory):
    """A finished run up to its summaries."""
    import jetlens
    from jetlens.core.registry import datasets

    with pytest.MonkeyPatch.context() as patch:
        datasets.fill()
        patch.setattr(datasets, "_table", dict(datasets._table))
        made_up.register()
        out = tmp_path_factory.mktemp("runs") / "run"
        jetlens.run(recipe, out=out, until="summarise")
    return out


def test_verbs_go_as_far_as_they_say(command, recipe, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    status, out, err = command("generate", recipe, "--set", "data.jets=90")
    assert (status, out.strip()) == (0, "runs/made-up")
    assert "2 of 2 files generated" in err
    run = tmp_path / "runs" / "made-up"
    assert sorted(p.name for p in run.iterdir()) == [".stages", "jets", "recipe.toml"]
    status, _, _ = command("train", recipe, "--set", "data.jets=90", "--seed", 3)
    assert status == 0
    assert (run / "tagger" / "weights.safetensors").is_file()
    assert not (run / "predictions").exists()
    assert "seed = 3" in (run / "recipe.toml").read_text()


def test_a_whole_run_prints_where_the_report_is(command, recipe, done):
    status, out, _ = command("run", recipe, "--out", done)
    assert (status, out.strip()) == (0, str(done / "report.html"))
    assert (done / "report.html").is_file()
    assert (done / "figures" / "integrated-gradients-00-top-origin.pdf").is_file()
    assert (done / "figures" / "tagger-00-performance.pdf").is_file()
    assert "tagger-00-performance.pdf" in (done / "report.html").read_text()
    assert '"jetlens"' in (done / "provenance.json").read_text()
    status, _, err = command("report", recipe, "--out", done)
    assert status == 0
    assert "up to date" in err


def test_jets_taggers_runs_and_attributions_are_inspected(command, done):
    for path, words in {
        done / "jets" / "part-00000.h5": ["60 jets", "d0 [mm]", "labels:"],
        done / "tagger": ["tagger gn2", "classes: b, c, u, tau"],
        done: ["train: done", "accuracy"],
        done / "attributions.zarr": ["14 jet", "tracks_score"],
        done / "results" / "integrated-gradients" / "00-top-origin.npz": ["top_origin.b.from_b"],
    }.items():
        status, out, _ = command("inspect", path)
        assert status == 0
        for word in words:
            assert word in out


@pytest.mark.parametrize("damaged", ["{", "[]", '{"a": 1}', '{"a": {"value": "b"}}'])
def test_damaged_numbers_of_a_run_are_told(command, tmp_path, damaged):
    (tmp_path / "results").mkdir()
    (tmp_path / "recipe.toml").touch()
    (tmp_path / "results" / "numbers.json").write_text(damaged)
    status, _, err = command("inspect", tmp_path)
    assert status == 2
    assert "numbers.json" in err
    assert "is damaged" in err


def test_recipes_are_inspected(command, recipe, tmp_path):
    status, out, err = command("inspect", recipe)
    assert status == 0, err
    for word in (
        "'Made-up jets'",
        "data: made-up, jets = 180, partition = 60",
        "tagger: gn2, size = 'small'",
        "train: 2 epochs at most, 64 jets a step",
        "explain: integrated-gradients, jets = 25, keep = 14, baseline = 'neutral'",
        "show: top-origin, completeness",
    ):
        assert word in out
    varied = tmp_path / "varied.toml"
    varied.write_text(recipe.read_text() + "[vary]\n'train.epochs' = [1, 2]\n[presets]\nquick = {}")
    out = command("inspect", varied)[1]
    for word in ("of 2 variations", "vary: train.epochs", "presets: quick"):
        assert word in out


def test_the_version_is_told(command):
    import jetlens

    assert command("--version") == (0, f"jetlens {jetlens.__version__}\n", "")
    assert "from jets and a neural network" in command("--help")[1]


def test_names_are_listed_and_described(command):
    assert "integrated-gradients" in command("list", "explainers")[1]
    assert "flavour" in command("list", "processes")[1]
    assert "Arguments:" in command("describe", "gn2")[1]


def test_attributions_are_exported(command, done, tmp_path):
    status, out, _ = command("export", done, "--out", tmp_path / "scores.h5")
    assert (status, out.strip()) == (0, str(tmp_path / "scores.h5"))
    with h5py.File(tmp_path / "scores.h5") as file:
        assert len(file["jets"]) == 14


def test_any_jets_are_explained_without_a_recipe(command, done, tmp_path):
    from jetlens.run import attributions

    jets = made_up.file(tmp_path / "mine.h5", jets=40, seed=5)
    out = tmp_path / "explained"
    status, printed, err = command(
        "explain",
        "--tagger",
        done / "tagger",
        "--jets",
        jets,
        "--method",
        "integrated-gradients",
        "--target",
        "log(b/(0.1*c+0.9*u))",
        "--option",
        "baseline=zero",
        "--option",
        "steps=4",
        "--option",
        "rule=midpoint",
        "--out",
        out,
    )
    assert (status, printed.strip()) == (0, str(out)), err
    found = attributions.read(out / "attributions.zarr" / "integrated-gradients")
    assert found["row"].values.tolist() == list(range(40))
    assert found.attrs["target"] == "log(b/(0.1*c+0.9*u))"
    assert np.isfinite(found["jets_score"]).all()
    assert (out / "report.html").is_file()


def test_options_are_the_method_s_own_and_foreign_classes_are_told(command, done, tmp_path):
    jets = made_up.file(tmp_path / "mine.h5", jets=10, seed=5)
    asked = ["explain", "--tagger", done / "tagger", "--jets", jets, "--method", "gradient"]
    for option, said in (("use=flip", "--method"), ("target=b", "--target")):
        status, _, err = command(*asked, "--option", option, "--out", tmp_path / "out")
        assert status == 2
        assert f"--option {option}: expected an argument; {said} says it" in err
    assert not (tmp_path / "out").exists()
    other = shutil.copytree(done / "tagger", tmp_path / "tagger")
    told = json.loads((other / "tagger.json").read_text())
    assert told["classes"] == ["b", "c", "u", "tau"]
    told["classes"] = ["beauty", "charm", "light", "leptons"]
    (other / "tagger.json").write_text(json.dumps(told))
    asked[2] = other
    status, _, err = command(*asked, "--out", tmp_path / "out")
    assert status == 0, err
    assert (
        "no class of the jets (b, c, u, tau) is one of the tagger's (beauty, charm, light, leptons)"
        in err
    )


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["runn"], ["runn", "Did you mean 'run'"]),
        (["run", "RECIPE", "--sett", "a=1"], ["--sett", "--set"]),
        (["run"], ["RECIPE"]),
        (["run", "nothing.toml"], ["no recipe 'nothing.toml'"]),
        (["run", "RECIPE", "--set", "train.epoch=1"], ["train.epoch", "did you mean 'epochs'"]),
        (["run", "RECIPE", "--preset", "quick"], ["unknown preset 'quick'"]),
        (["run", "RECIPE", "--workers", "0"], ["workers=0", "at least 1"]),
        (["run", "RECIPE", "--workers", "two"], ["two"]),
        (["run", "RECIPE", "--device", "gpux"], ["gpux", "expected 'cpu'"]),
        (["run", "RECIPE", "--out", "FILE"], ["cannot write", "FILE"]),
        (["explain", "--method", "zero"], ["--tagger PATH"]),
        (["explain", "RECIPE", "--tagger", "x"], ["--set"]),
        (["explain", "RECIPE", "--method", "x", "--target", "b"], ["--method, --target", "--set"]),
        (["explain", "RECIPE", "--trust"], ["--trust", "--set"]),
        (["run", "RECIPE", "--set", "split=[0.9,0.1,0]"], ["split", "test part is empty"]),
        (["run", "RECIPE", "--set", "split=[0,0.1,0.9]"], ["split", "train part is empty"]),
        (["run", "RECIPE", "--out", "/proc/foo"], ["cannot write '/proc/foo'"]),
        (["run", "RECIPE", "--scheduler", "tcp://x:1", "--workers", "2"], ["workers=2", "tcp"]),
        (["inspect", "nothing.h5"], ["no file 'nothing.h5'"]),
        (["inspect", "FILE"], ["FILE", "expected a file of jets", "ftag", "a recipe", "a run"]),
        (["list", "explainer"], ["did you mean 'explainers'"]),
        (["describe", "boxx"], ["did you mean 'box'"]),
        (["export", "FILE", "--out", "x.h5"], ["no folder 'FILE'", "expected a run's"]),
        (["export", ".", "--out", "x.h5"], ["no attributions are stored in '.'", "set keep"]),
    ],
)
def test_a_mistake_is_one_message_and_status_2(
    command, recipe, tmp_path, monkeypatch, arguments, words
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "FILE").write_text("")
    status, _, err = command(*(recipe if a == "RECIPE" else a for a in arguments))
    assert status == 2
    assert "Traceback" not in err
    for word in words:
        assert word in err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--method", "integrated-gradient"], ["did you mean 'integrated-gradients'"]),
        (["--option", "baselin=zero"], ["baselin", "did you mean 'baseline'"]),
        (["--option", "baseline"], ["--option 'baseline'", "expected KEY=VALUE"]),
        (["--option", "steps=[1"], ["--option 'steps=[1'", "no", "TOML"]),
        (["--target", "bb"], ["'bb'", "did you mean 'b'"]),
        (["--jets", "nothing.h5"], ["no file 'nothing.h5'"]),
        (["--jets", "*.hdf5"], ["no file matches '*.hdf5'"]),
        (["--tagger", "nothing"], ["no tagger 'nothing'"]),
        (["--option", "hold=d00"], ["input to hold 'd00'", "did you mean 'd0'"]),
        (["--preset", "quik"], ["--preset and --set change a recipe"]),
        (["--set", "foo=1"], ["--preset and --set change a recipe"]),
    ],
)
def test_mistakes_without_a_recipe(command, done, tmp_path, monkeypatch, arguments, words):
    monkeypatch.chdir(tmp_path)
    made_up.file(tmp_path / "mine.h5", jets=10)
    usual = {"--tagger": done / "tagger", "--jets": "mine.h5", "--out": "explained"}
    given = usual | {arguments[0]: arguments[1]}
    status, _, err = command("explain", *(a for pair in given.items() for a in pair))
    assert status == 2
    assert "Traceback" not in err
    for word in words:
        assert word in err


def test_a_wrong_target_or_scheduler_is_told_before_the_work(
    command, recipe, tmp_path, monkeypatch
):
    monkeypatch.setattr("jetlens.run.executor.PATIENCE", "1s")
    for given, words in {
        "explain.0.target=bb": ["explain.0", "'bb'", "did you mean 'b'"],
        'explain.0.hold=["d00"]': ["explain.0", "input to hold 'd00'", "did you mean 'd0'"],
        'tagger.classes=["b","x"]': ["unknown class 'x'"],
        "split=[0.5,0.499999,0.000001]": ["no jets to explain in the test part"],
    }.items():
        status, _, err = command("run", recipe, "--out", tmp_path / "run", "--set", given)
        assert status == 2
        assert "training" not in err
        for word in words:
            assert word in err
    nobody = ("--scheduler", "tcp://127.0.0.1:1")
    status, _, err = command("run", recipe, "--out", tmp_path / "other", *nobody)
    assert (status, (tmp_path / "other").exists()) == (2, False)
    assert "no Dask scheduler answers at 'tcp://127.0.0.1:1'" in err


def test_files_that_a_shell_made_of_a_pattern(command, done, tmp_path):
    from jetlens.run import attributions

    files = [made_up.file(tmp_path / f"m{k}.h5", jets=10, seed=k) for k in range(3)]
    quick = ("--option", "steps=2", "--option", "rule=midpoint", "--seed", 7)
    usual = ("explain", "--tagger", done / "tagger", "--out", tmp_path / "out", *quick)
    status, _, err = command(*usual, "--jets", *files)
    assert status == 0, err
    found = attributions.read(tmp_path / "out" / "attributions.zarr" / "integrated-gradients")
    assert found.sizes["jet"] == 30
    status, _, err = command(*usual, "--jets", files[0], "--jets", *files[1:])
    assert status == 2
    assert "Repeat --jets" in err


def test_what_is_explained_without_a_recipe_is_a_run_that_contradicts_nothing(
    command, done, tmp_path
):
    jets = made_up.file(tmp_path / "mine.h5", jets=40, seed=5)
    with h5py.File(jets, "r+") as file:
        table = file["jets"][()]
        table["HadronConeExclTruthLabelID"][:8] = 99
        file["jets"][...] = table
    out = tmp_path / "explained"
    quick = ("--option", "steps=2", "--option", "rule=midpoint", "--seed", 7)
    usual = ("explain", "--tagger", done / "tagger", "--jets", jets, "--out", out)
    status, _, err = command(*usual, *quick)
    assert status == 0
    assert "test part" not in err
    status, printed, _ = command("inspect", out)
    assert (status, "explain-integrated-gradients: done (jets 40" in printed) == (0, True)
    written = (out / "recipe.toml").read_text()
    assert "seed = 7" in written
    assert str(done.parent) not in written  # no absolute names
    assert "[train]" not in written
    text = (out / "report.html").read_text()
    assert "applied to 40 jets" in text
    assert "explained for 40 jets" in text
    assert "8 more jets have none of these labels" in text
    for words in ("test part", "Test part", "Train, validation, test"):
        assert words not in text


def test_a_method_is_summarised_by_what_it_promises(command, done, tmp_path):
    """`lrp` conserves relevance and has no baseline; `nudge` gives gradients, not shares."""
    jets, out = made_up.file(tmp_path / "mine.h5", jets=20, seed=5), tmp_path / "out"
    usual = ("explain", "--tagger", done / "tagger", "--jets", jets, "--out", out)
    rule = ("--option", "rule=alpha-beta", "--option", "alpha=2")
    status, _, err = command(*usual, "--method", "lrp", *rule)
    assert status == 0, err
    shown = (out / "recipe.toml").read_text()
    assert 'use = "conservation"' in shown
    assert 'use = "completeness"' not in shown
    status, _, err = command(*usual, "--method", "lrp", "--option", 'composite={conv="zplus"}')
    assert (status, "unknown rule 'zplus'" in err) == (2, True)
    inside = ("--option", "scales=[0, 1]", "--option", "constraints.inside=0.4")
    out = ("--out", tmp_path / "nudged")
    status, _, err = command(*usual[:-2], *out, "--method", "nudge", *inside)
    assert status == 0, err
    shown = (tmp_path / "nudged" / "recipe.toml").read_text()
    assert [name in shown for name in ("wanted-change", "nudge-scan", "box")] == [True, True, False]
    assert "inside = 0.4" in shown


def test_a_pickled_tagger_is_read_only_if_it_is_trusted(command, done, tmp_path):
    import torch

    from jetlens.taggers.saved import load

    torch.save(load(done / "tagger"), tmp_path / "tagger.pt")
    jets = made_up.file(tmp_path / "mine.h5", jets=20, seed=5)
    quick = ("--option", "steps=2", "--option", "rule=midpoint", "--out", tmp_path / "out")
    usual = ("explain", "--tagger", tmp_path / "tagger.pt", "--jets", jets, *quick)
    status, _, err = command(*usual)
    assert status == 2
    assert "--trust" in err
    assert "trust=True" in err
    status, _, err = command(*usual, "--trust")
    assert status == 0, err
    assert (tmp_path / "out" / "report.html").is_file()


def test_an_interrupt_says_how_to_go_on(command, recipe, tmp_path, monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(made_up.MadeUp, "tables", interrupt)
    status, _, err = command("run", recipe, "--out", tmp_path / "a run", "--set", 'title="a b"')
    assert status == 130
    line = next(line for line in err.splitlines() if line.strip().startswith("jetlens run"))
    assert shlex.split(line) == sys.argv
    assert "Traceback" not in err


def test_a_bug_is_not_hidden(monkeypatch, recipe, tmp_path):
    def fail(*_, **__):
        raise RuntimeError("a bug")

    monkeypatch.setattr("jetlens.run.entry.run", fail)
    monkeypatch.setattr(sys, "argv", ["jetlens", "run", str(recipe)])
    with pytest.raises(RuntimeError, match="a bug"):
        cli.main()
