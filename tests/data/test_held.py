from __future__ import annotations

from dataclasses import dataclass, field

import pytest

import labelled
from jetlens.data import held
from jetlens.data.base import Dataset, Part
from jetlens.data.held import Held


@dataclass(frozen=True)
class Counted:
    """A partition that counts how often it is read."""

    first: int
    reads: list[int] = field(default_factory=list)

    def read(self):
        self.reads.append(self.first)
        return labelled.jets(50, first=self.first)


class Whole(Dataset):
    def __init__(self) -> None:
        self.own = [Counted(0), Counted(50)]

    def partitions(self):
        return self.own

    @property
    def reads(self):
        return [len(p.reads) for p in self.own]


@pytest.fixture(autouse=True)
def nothing_held(monkeypatch):
    monkeypatch.setattr(held, "_held", {})


def test_partitions_are_read_once_however_often_they_are_asked_for():
    whole = Whole()
    for part in ("train", "validation", "train"):
        again = Part(Held(whole, "a"), part).read()
        assert again.row.tolist() == Part(Whole(), part).read().row.tolist()
    assert whole.reads == [1, 1]


def test_another_key_is_another_content():
    first, second = Whole(), Whole()
    Held(first, "a").read()
    Held(second, "b").read()
    assert second.reads == [1, 1]
    Held(first, "a").read()  # it had to make room
    assert first.reads == [2, 2]


def test_no_more_is_held_than_there_is_room_for(monkeypatch):
    whole = Whole()
    monkeypatch.setattr(held, "ROOM", held._size(labelled.jets(50)))
    for _ in range(3):
        Held(whole, "a").read()
    assert whole.reads == [1, 3]
