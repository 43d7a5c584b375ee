from __future__ import annotations

from pathlib import Path

import pytest

from jetlens.core.errors import BadFileError
from jetlens.run.store import Store


@pytest.fixture
def store(tmp_path):
    store = Store(tmp_path / "run")
    with store.locked():
        yield store


def test_a_stage_is_done_once_until_its_key_changes(store):
    output = store.root / "output"
    assert store.begin("s", "one", [output])
    make(store, output, "one")
    store.finish("s", [output], jets=3)
    assert output.read_text() == "one"
    assert store.state("s")["jets"] == 3
    assert not store.begin("s", "one", [output])
    assert store.begin("s", "two", [output])


def test_outputs_stay_until_others_are_ready(store):
    output, folder = store.root / "output", store.root / "folder" / "inner"
    store.begin("s", "one", [output, folder])
    make(store, output, "one")
    make(store, folder / "old", "one")
    store.finish("s", [output, folder])
    assert store.begin("s", "two", [output, folder])
    make(store, output, "half")
    assert output.read_text() == "one"
    assert not store.begin("s", "one", [output, folder])  # back again: what stands there counts
    assert store.begin("s", "two", [output, folder])
    assert not store.work("s", output).exists()
    make(store, output, "two")
    make(store, folder / "new", "two")
    store.finish("s", [output, folder])
    assert output.read_text() == "two"
    assert [p.name for p in folder.iterdir()] == ["new"]
    assert not list(store.root.rglob("*.work"))
    assert store.begin("s", "one", [output, folder])


def test_a_stage_killed_while_its_outputs_move_is_done_by_the_next_run(store, monkeypatch):
    outputs = [store.root / name for name in "ab"]
    for key in ("one", "two"):
        store.begin("s", key, outputs)
        for output in outputs:
            make(store, output, key)
        if key == "one":
            store.finish("s", outputs)

    def kill(path, target):
        if path.name == "b":
            raise KeyboardInterrupt
        return path.rename(target)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Path, "replace", lambda p, t: kill(p, t) if p.name in "ab" else p.rename(t))
        store.finish("s", outputs, jets=4)
    assert not store.state("s")["done"]
    assert not store.begin("s", "two", outputs)
    assert [o.read_text() for o in outputs] == ["two", "two"]
    assert store.state("s")["jets"] == 4


def make(store, output, text):
    place = store.work("s", output)
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(text)


def test_an_unfinished_stage_keeps_what_it_has_written(store):
    folder = store.root / "folder"
    assert store.begin("s", "one", [folder])
    make(store, folder / "part", "done")
    assert store.begin("s", "one", [folder])
    assert store.work("s", folder / "part").exists()
    assert store.begin("s", "other", [folder])
    assert not store.work("s", folder / "part").exists()


def test_a_stage_whose_output_was_removed_is_done_again(store):
    output = store.root / "output"
    store.begin("s", "one", [output])
    make(store, output, "made")
    store.finish("s", [output])
    output.unlink()
    assert store.begin("s", "one", [output])


def test_a_damaged_marker_means_that_nothing_is_known(store):
    store.begin("s", "one", [])
    store.finish("s", [])
    (store.root / ".stages" / "s.json").write_text("{")
    assert store.state("s") == {}
    assert store.begin("s", "one", [])


def test_only_one_run_works_in_a_folder(store):
    with pytest.raises(BadFileError, match="another run is at work"), Store(store.root).locked():
        pass


def test_what_a_killed_run_left_half_written_is_cleared_away(tmp_path):
    store = Store(tmp_path)
    store.create()
    (tmp_path / "jets").mkdir()
    (tmp_path / "jets" / ".a.h5.1-2.part").write_text("half")
    (tmp_path / ".results.1-2.part").mkdir()
    with store.locked():
        assert [p.name for p in tmp_path.rglob("*.part")] == []


def test_a_place_that_cannot_be_written_to_is_told(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(BadFileError, match="cannot write"), Store(tmp_path / "file" / "r").locked():
        pass


def test_repeats_have_folders_of_their_own(store):
    assert store.repeat(0) is store
    assert store.repeat(1).root == store.root / "repeat-2"


@pytest.mark.parametrize("name", ["recipe.toml", "tagger", "report.html"])
def test_what_is_somebody_elses_is_not_replaced(tmp_path, name):
    (tmp_path / name).mkdir()
    (tmp_path / name / "thesis.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(BadFileError, match=f"no run's folder.*{name}.*another --out"):
        Store(tmp_path).create()
    assert [p.name for p in tmp_path.iterdir()] == [name]


def test_folders_with_other_things_and_runs_are_taken(tmp_path):
    (tmp_path / "notes.txt").write_text("mine", encoding="utf-8")
    with Store(tmp_path).locked():
        Store(tmp_path).recipe.write_text("", encoding="utf-8")
    with Store(tmp_path).locked():
        assert (tmp_path / "notes.txt").is_file()


def test_a_new_folder_goes_where_nothing_was_begun(tmp_path):
    new, begun = Store(tmp_path / "new"), Store(tmp_path / "begun")

    def wrong(store, stage=None):
        with pytest.raises(BadFileError, match="wrong"), store.locked():
            store.recipe.write_text("", encoding="utf-8")
            if stage is not None:
                store.begin(stage, "key", [])
            raise BadFileError("wrong")

    wrong(new)
    wrong(begun, "jets")
    assert not new.root.exists()
    assert begun.recipe.is_file()
    wrong(begun)  # what was there before stays, whatever happens
    assert begun.recipe.is_file()
