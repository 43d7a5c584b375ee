"""Reference jets: of every class, the same however the jets are cut, and no more read than that."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest

from jetlens.core.arrays import batch
from jetlens.core.batch import JetBatch
from jetlens.core.errors import BadValueError
from jetlens.data.base import Dataset
from jetlens.data.images import Images
from jetlens.run import pool as pools
from jetlens.run.pool import choose

READ: list[int] = []


@dataclass(frozen=True)
class Slice:
    """Some of a batch's jets."""

    jets: JetBatch
    begin: int
    end: int

    def read(self):
        READ.append(self.begin)
        return self.jets.take(slice(self.begin, self.end))


@dataclass(frozen=True)
class Cut(Dataset):
    """A batch in partitions of so many jets."""

    jets: JetBatch
    size: int

    def partitions(self):
        ends = range(0, len(self.jets), self.size)
        return [Slice(self.jets, k, min(k + self.size, len(self.jets))) for k in ends]


def jets(label):
    """Return jets of given classes, with particles to make images of."""
    rng = np.random.default_rng(3)
    count = len(label)
    values = rng.uniform(0.1, 0.6, size=(count, 4, 3))
    particles = values, ("deta", "dphi", "pt"), np.ones((count, 4), bool)
    return batch({"constituents": particles}, label=np.array(label), classes=("a", "b", "c"))


@pytest.fixture(autouse=True)
def few(monkeypatch):
    READ.clear()
    monkeypatch.setattr(pools, "POOL", 30)
    pools._places.cache_clear()


def test_files_of_one_class_each_give_as_many_of_each():
    some = jets([0] * 100 + [1] * 100 + [2] * 100)
    found = choose(("one",), Cut(some, 100), None).read()
    assert found.row.tolist() == [*range(10), *range(100, 110), *range(200, 210)]
    again = choose(("two",), Cut(some, 7), None).read()
    assert again.row.tolist() == found.row.tolist()


def test_of_mixed_jets_no_more_are_read_than_needed_and_once():
    some = jets(np.arange(600) % 3)
    pool = choose(("mixed",), Cut(some, 12), None)
    assert READ == [0, 12, 24]
    assert choose(("mixed",), Cut(some, 12), None) == pool
    assert READ == [0, 12, 24]
    assert pool.read().row.tolist() == list(range(30))


def test_rare_classes_are_all_there_and_unknown_ones_make_room():
    rng = np.random.default_rng(1)
    label = rng.permutation([0] * 80 + [1] * 4 + [-1] * 60)
    found = [choose((str(n),), Cut(jets(label), n), None).read() for n in (5, 33, 200)]
    assert np.bincount(found[0].label).tolist() == [26, 4]
    assert found[0].row.tolist() == found[1].row.tolist() == found[2].row.tolist()
    unknown = choose(("-1",), Cut(jets([-1] * 50), 10), None).read()
    assert unknown.row.tolist() == list(range(30))


def test_large_images_are_fewer(monkeypatch):
    some, images = jets(np.arange(90) % 3), Images(pixels=8, prongs=2)
    monkeypatch.setattr(pools, "POOL_ROOM", 12 * 8 * 8 * 4 + 17)
    found = choose(("images",), Cut(some, 6), images).read()
    assert found["image"].values.shape == (12, 1, 8, 8)
    assert np.bincount(found.label).tolist() == [4, 4, 4]
    small = choose(("small",), Cut(some, 6), replace(images, pixels=2)).read()
    assert len(small) == 30


def test_nothing_is_told():
    with pytest.raises(BadValueError, match="no jets to take baselines from"):
        choose(("none",), Cut(jets([0, 1]).take(slice(0, 0)), 4), None)
