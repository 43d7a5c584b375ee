from __future__ import annotations

import gc

import h5py
import numpy as np
import pytest

from jetlens.core.errors import BadFileError
from jetlens.data.tables.hdf5 import write_tables


@pytest.fixture
def tables():
    rng = np.random.default_rng(3)
    jets = np.zeros(500, dtype=[("pt", "f4"), ("n", "i8"), ("flag", "?")])
    jets["pt"] = rng.normal(size=500)
    return {"jets": jets, "empty": jets[:0], "image": rng.normal(size=(20, 3, 4))}


def test_tables_and_attributes_are_read_back(tables, tmp_path):
    write_tables(tmp_path / "a.h5", tables, {"": {"made": "by"}, "jets": {"classes": ["b", "c"]}})
    with h5py.File(tmp_path / "a.h5") as file:
        assert list(file) == list(tables)
        for name, table in tables.items():
            np.testing.assert_array_equal(file[name][()], table)
        assert file.attrs["made"] == "by"
        assert list(file["jets"].attrs["classes"]) == ["b", "c"]


def test_the_same_tables_give_the_same_bytes(tables, tmp_path):
    before = gc.get_threshold()
    try:
        gc.disable()
        write_tables(tmp_path / "a.h5", tables)
        gc.enable()
        gc.set_threshold(1, 1, 1)  # datasets are closed when the collector finds them: now at once
        write_tables(tmp_path / "b.h5", tables)
    finally:
        gc.enable()
        gc.set_threshold(*before)
    assert (tmp_path / "a.h5").read_bytes() == (tmp_path / "b.h5").read_bytes()


def test_a_place_that_cannot_be_written_to_is_told(tables, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(BadFileError, match="cannot write"):
        write_tables(tmp_path / "file" / "a.h5", tables)
