from __future__ import annotations

import hashlib
import os

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
    output.write_text("made")
    store.finish("s", jets=3)
    assert store.state("s")["jets"] == 3
    assert not store.begin("s", "one", [output])
    assert store.begin("s", "two", [output])
    assert not output.exists()


def test_an_unfinished_stage_keeps_what_it_has_written(store):
    folder, scratch = store.root / "folder", store.root / "scratch"
    assert store.begin("s", "one", [folder], scratch=[scratch])
    for place in (folder, scratch):
        place.mkdir()
        (place / "part").write_text("done")
    assert store.begin("s", "one", [folder], scratch=[scratch])
    assert (folder / "part").exists()
    assert (scratch / "part").exists()
    assert store.begin("s", "other", [folder], scratch=[scratch])
    assert not folder.exists()
    assert not scratch.exists()


def test_a_stage_whose_output_was_removed_is_done_again(store):
    output = store.root / "output"
    store.begin("s", "one", [output])
    output.write_text("made")
    store.finish("s")
    output.unlink()
    assert store.begin("s", "one", [output])


def test_a_damaged_marker_means_that_nothing_is_known(store):
    store.begin("s", "one", [])
    store.finish("s")
    (store.root / ".stages" / "s.json").write_text("{")
    assert store.state("s") == {}
    assert store.begin("s", "one", [])


def test_only_one_run_works_in_a_folder(store):
    with pytest.raises(BadFileError, match="another run is at work"), Store(store.root).locked():
        pass


def test_what_a_killed_run_left_half_written_is_cleared_away(tmp_path):
    store = Store(tmp_path)
    (tmp_path / "jets").mkdir()
    (tmp_path / "jets" / ".a.h5.1-2.part").write_text("half")
    (tmp_path / ".results.1-2.part").mkdir()
    with store.locked():
        assert [p.name for p in tmp_path.rglob("*.part")] == []


def test_a_place_that_cannot_be_written_to_is_told(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(BadFileError, match="cannot write"), Store(tmp_path / "file" / "r").locked():
        pass


def test_hashes_are_of_the_content_and_read_once(store, tmp_path):
    file = tmp_path / "a.h5"
    file.write_bytes(b"content")
    assert store.hashes([file]) == [("a.h5", hashlib.sha256(b"content").hexdigest())]
    stamp = file.stat().st_mtime_ns
    file.write_bytes(b"CONTENT")
    os.utime(file, ns=(stamp, stamp))  # the same size and time: taken from the cache
    assert store.hashes([file])[0][1] == hashlib.sha256(b"content").hexdigest()
    os.utime(file, ns=(stamp + 1, stamp + 1))
    assert store.hashes([file])[0][1] == hashlib.sha256(b"CONTENT").hexdigest()
    with pytest.raises(BadFileError, match="cannot read"):
        store.hashes([tmp_path / "missing"])


def test_a_fingerprint_depends_on_names_and_contents_not_on_places(store, tmp_path):
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a").write_text("1")
        (tmp_path / name / "b").write_text("2")
    same = [store.fingerprint([tmp_path / n]) for n in ("one", "two")]
    assert same[0] == same[1]
    (tmp_path / "two" / "b").rename(tmp_path / "two" / "c")
    assert store.fingerprint([tmp_path / "two"]) != same[0]


def test_repeats_have_folders_of_their_own(store):
    assert store.repeat(0) is store
    assert store.repeat(1).root == store.root / "repeat-2"
