from __future__ import annotations

import hashlib
import os

import pytest

from jetlens.core.errors import BadFileError
from jetlens.run.fingerprints import fingerprint, hashes


def test_hashes_are_of_the_content_and_read_once(tmp_path):
    file = tmp_path / "a.h5"
    file.write_bytes(b"content")
    assert hashes([file], tmp_path / "known.json") == [
        ("a.h5", hashlib.sha256(b"content").hexdigest())
    ]
    stamp = file.stat().st_mtime_ns
    file.write_bytes(b"CONTENT")
    os.utime(file, ns=(stamp, stamp))  # the same size and time: taken from the cache
    assert hashes([file], tmp_path / "known.json")[0][1] == hashlib.sha256(b"content").hexdigest()
    os.utime(file, ns=(stamp + 1, stamp + 1))
    assert hashes([file], tmp_path / "known.json")[0][1] == hashlib.sha256(b"CONTENT").hexdigest()
    with pytest.raises(BadFileError, match="cannot read"):
        hashes([tmp_path / "missing"], tmp_path / "known.json")


@pytest.mark.parametrize("damaged", ["[]", "{", '{"FILE": 1}', '{"FILE": []}', '{"FILE": [1, 2]}'])
def test_damaged_hashes_are_made_again(tmp_path, damaged):
    file, known = tmp_path / "a.h5", tmp_path / "known.json"
    file.write_bytes(b"content")
    stamp = file.stat()
    told = damaged.replace("[1, 2]", f"[{stamp.st_size}, {stamp.st_mtime_ns}]")
    known.write_text(told.replace("FILE", str(file)))
    assert hashes([file], known) == [("a.h5", hashlib.sha256(b"content").hexdigest())]


def test_a_fingerprint_depends_on_names_and_contents_not_on_places(tmp_path):
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a").write_text("1")
        (tmp_path / name / "b").write_text("2")
    same = [fingerprint([tmp_path / n], tmp_path / "known.json") for n in ("one", "two")]
    assert same[0] == same[1]
    (tmp_path / "two" / "b").rename(tmp_path / "two" / "c")
    assert fingerprint([tmp_path / "two"], tmp_path / "known.json") != same[0]
