"""Memory of large arrays: used again when nobody looks at it any more, and not before."""

from __future__ import annotations

import gc

import numpy as np
import pytest
import torch

from jetlens.core import memory

SIZE = memory.LARGE // 4


@pytest.fixture(autouse=True)
def nothing_waits(monkeypatch):
    monkeypatch.setattr(memory, "_waiting", [])


def place(array):
    return array.__array_interface__["data"][0]


def test_a_large_array_is_put_where_the_one_before_it_was():
    first = memory.empty((2, SIZE), "float32")
    assert first.shape == (2, SIZE)
    assert first.dtype == np.float32
    assert first.flags.writeable
    where = place(first)
    del first
    second = memory.empty((SIZE,), "float64")
    assert place(second) == where
    assert second.shape == (SIZE,)


@pytest.mark.parametrize("look", [lambda a: a[1:, 3:], torch.from_numpy, lambda a: a.T.view("i4")])
def test_not_while_somebody_looks_at_it(look):
    first = memory.empty((2, SIZE), "float32")
    first[:] = 7
    seen = look(first)
    del first
    gc.collect()
    other = memory.empty((2, SIZE), "float32")
    other[:] = 8
    assert place(other) != np.asarray(seen).__array_interface__["data"][0]
    assert float(np.asarray(seen).view("f4").max()) == 7
    assert not memory._waiting


def test_few_blocks_wait_and_none_is_much_too_large(monkeypatch):
    monkeypatch.setattr(memory, "KEPT", 2)
    arrays = [memory.empty((n, SIZE), "float32") for n in (1, 2, 3, 4)]
    places = [place(a) for a in arrays]
    del arrays[:]
    gc.collect()
    assert len(memory._waiting) == 2
    assert place(memory.empty((1, SIZE), "float32")) not in places[2:]


def test_small_arrays_are_those_of_numpy():
    assert memory.empty((3,), "float32").flags.owndata
