from __future__ import annotations

import json
import pickle

import numpy as np
import pytest

import jetlens as jl
from jetlens.core.errors import BadFileError
from jetlens.summarise.result import Result
from synthetic import attribution


@pytest.fixture
def stored(tmp_path):
    path = tmp_path / "result.npz"
    jl.summarise(attribution(40), "box", replicas=5).save(path)
    return path


def test_the_same_result_gives_the_same_bytes(stored, tmp_path):
    again = tmp_path / "again.npz"
    Result.load(stored).save(again)
    assert again.read_bytes() == stored.read_bytes()


@pytest.mark.parametrize("keep", [0, 10, 1000, -30])
def test_a_truncated_file_is_refused(stored, keep):
    stored.write_bytes(stored.read_bytes()[:keep])
    with pytest.raises(BadFileError, match=r"result\.npz"):
        Result.load(stored)


@pytest.mark.parametrize("byte", [0xFF, 0x01])
def test_damage_anywhere_is_told_if_it_is_noticed(stored, byte):
    """Bytes that nothing depends on, such as times in the archive, may be others."""
    whole = stored.read_bytes()
    kinds = set()
    for place in range(0, len(whole), 37):
        damaged = bytearray(whole)
        damaged[place] ^= byte
        stored.write_bytes(damaged)
        try:
            Result.load(stored)
        except BadFileError as error:
            kinds.add(type(error.__cause__).__name__)
    assert len(kinds) > 2, kinds


def test_a_missing_or_foreign_file_is_refused(tmp_path):
    with pytest.raises(BadFileError, match="no result"):
        Result.load(tmp_path / "nothing.npz")
    other = tmp_path / "other.npz"
    np.savez(other, x=np.arange(3))
    with pytest.raises(BadFileError, match="no result of jetlens: it holds x"):
        Result.load(other)
    other.write_bytes(other.read_bytes()[:50])
    with pytest.raises(BadFileError, match=r"not a whole jetlens result: .*cut short"):
        Result.load(other)
    text = np.frombuffer(json.dumps({"format": "jetlens result 9"}).encode(), np.uint8)
    np.savez(other, header=text)
    with pytest.raises(BadFileError, match="result 9"):
        Result.load(other)


def test_pickle_is_never_read(tmp_path):
    path = tmp_path / "evil.npz"
    path.write_bytes(pickle.dumps({"header": 1}))
    with pytest.raises(BadFileError):
        Result.load(path)
    np.savez(path, header=np.array([{"format": "jetlens result 1"}], dtype=object))
    with pytest.raises(BadFileError):
        Result.load(path)


def test_a_failed_write_leaves_the_old_file(stored, monkeypatch):
    before = stored.read_bytes()

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez_compressed", full)
    with pytest.raises(BadFileError, match="no space left"):
        jl.summarise(attribution(10), "box", replicas=5).save(stored)
    assert stored.read_bytes() == before
    assert [p.name for p in stored.parent.iterdir()] == ["result.npz"]
