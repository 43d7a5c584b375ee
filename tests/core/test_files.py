from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from jetlens.core.errors import BadFileError
from jetlens.core.files import atomic, atomic_folder, sweep, write_text


def everything(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.rglob("*"))


def test_a_file_stands_there_whole_or_not_at_all(tmp_path: Path) -> None:
    target = tmp_path / "deep" / "file.txt"
    write_text(target, "first")
    with pytest.raises(RuntimeError), atomic(target) as part:
        part.write_text("half")
        raise RuntimeError
    assert target.read_text() == "first"
    write_text(target, "second")
    assert target.read_text() == "second"
    assert everything(tmp_path) == ["deep", "file.txt"]


def test_a_folder_replaces_what_stood_there(tmp_path: Path) -> None:
    target = tmp_path / "run"
    for name in ("a", "b"):
        with atomic_folder(target) as part:
            (part / name).write_text(name)
    assert everything(tmp_path) == ["b", "run"]
    with pytest.raises(RuntimeError), atomic_folder(target) as part:
        (part / "c").write_text("c")
        raise RuntimeError
    assert everything(tmp_path) == ["b", "run"]


def test_a_full_disk_is_told_and_leaves_nothing(tmp_path: Path) -> None:
    target = tmp_path / "file"
    with (
        pytest.raises(BadFileError, match=r"no space left to write .*file"),
        atomic(target) as part,
    ):
        part.write_text("half")
        raise OSError(errno.ENOSPC, "No space left on device")
    assert everything(tmp_path) == []


def test_a_place_that_cannot_be_written_to(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(BadFileError, match="cannot write"):
        write_text(tmp_path / "file" / "below", "text")


def test_what_is_no_plain_file_is_not_replaced(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "folder").mkdir()
    for place in (tmp_path / "fifo", tmp_path / "folder", Path()):
        with pytest.raises(BadFileError, match=r"cannot write .* is no plain file"), atomic(place):
            pytest.fail("nothing is made")
    assert (tmp_path / "fifo").is_fifo()
    assert everything(tmp_path) == ["fifo", "folder"]


def test_names_that_cannot_be_are_told(tmp_path: Path) -> None:
    for name in ("x" * 250, "x" * 300):
        with pytest.raises(BadFileError, match=r"cannot write '.*xx': File name too long"):
            write_text(tmp_path / name, "text")
    (tmp_path / "gone").mkdir()
    with (
        pytest.raises(BadFileError, match=r"cannot write .*a': No such file"),
        atomic(tmp_path / "gone" / "a") as part,
    ):
        part.parent.rmdir()
        part.write_text("text")
    with pytest.raises(FileNotFoundError, match="other"), atomic(tmp_path / "a"):
        (tmp_path / "other").read_text()
    assert everything(tmp_path) == []


def test_sweeping_up_after_a_killed_process(tmp_path: Path) -> None:
    (tmp_path / ".x.h5.12-ab.part").write_text("half")
    (tmp_path / ".y.13-cd.part").mkdir()
    (tmp_path / "whole.part").write_text("not ours")
    sweep(tmp_path)
    assert everything(tmp_path) == ["whole.part"]
