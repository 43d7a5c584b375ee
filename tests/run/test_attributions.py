from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
import zarr

import synthetic
from jetlens.core.attribution import concatenate
from jetlens.core.errors import BadFileError
from jetlens.run import attributions


def test_partitions_of_different_padding_are_put_together(tmp_path):
    parts = [synthetic.attribution(20, 12), synthetic.attribution(7, 9, start=20)]
    attributions.mark_group(tmp_path)
    for i, part in enumerate(parts):
        attributions.write(tmp_path / attributions.part_name(i), part)
    found = attributions.read(tmp_path)
    expected = concatenate(parts)
    assert set(found.variables) == set(expected.variables)
    xr.testing.assert_equal(found[list(expected)], expected)
    assert found.attrs == expected.attrs
    assert found["tracks_value"].attrs == expected["tracks_value"].attrs


def test_one_group_is_read_alone_and_by_any_zarr_reader(tmp_path):
    part = synthetic.attribution(5, 4)
    attributions.mark_group(tmp_path)
    attributions.write(tmp_path / "part-00000", part)
    alone = attributions.read(tmp_path / "part-00000")
    xr.testing.assert_equal(alone[list(part)], part)
    group = zarr.open_group(tmp_path, mode="r")
    np.testing.assert_array_equal(group["part-00000/row"][:], part["row"].values)


def test_plain_xarray_reads_names_as_coordinates(tmp_path):
    """Warnings are errors here."""
    part = synthetic.attribution(5, 4)
    attributions.write(tmp_path / "part-00000", part)
    found = xr.open_zarr(tmp_path / "part-00000")
    assert set(found.coords) == set(part.coords) == {"class", "jets_feature", "tracks_feature"}
    assert found["class"].values.tolist() == ["b", "c", "u", "tau"]
    assert found.attrs == part.attrs
    feature = {"tracks_feature": "d0"}
    np.testing.assert_array_equal(
        found["tracks_score"].sel(feature).values, part["tracks_score"].sel(feature).values
    )


def test_names_that_stand_in_an_attribute_are_read(tmp_path):
    part = synthetic.attribution(5, 4)
    names = {n: [c.dims[0], c.values.tolist()] for n, c in part.coords.items()}
    before = part.drop_vars(list(names)).assign_attrs(_names=names)
    before.to_zarr(tmp_path / "part-00000", mode="w-", zarr_format=3, consolidated=False)
    found = attributions.read(tmp_path)
    xr.testing.assert_equal(found[list(part)], part)
    assert found.attrs == part.attrs
    assert {c.dtype.kind for c in found.coords.values()} == {"U"}


def test_what_holds_none_is_refused(tmp_path):
    with pytest.raises(BadFileError, match="no attributions"):
        attributions.read(tmp_path)
    attributions.write(tmp_path / "part-00000", synthetic.attribution(3, 2))
    (tmp_path / "part-00000" / "row" / "zarr.json").write_text("{")
    with pytest.raises(BadFileError, match="does not hold whole attributions"):
        attributions.read(tmp_path)


@pytest.fixture
def chunk(tmp_path):
    """A chunk of a stored score."""
    attributions.write(tmp_path / "part-00000", synthetic.attribution(30, 2))
    return next(
        p for p in (tmp_path / "part-00000" / "tracks_score" / "c").rglob("*") if p.is_file()
    )


@pytest.mark.parametrize("damaged", [b"", b"nothing", None])
def test_a_damaged_chunk_is_told(tmp_path, chunk, damaged):
    chunk.write_bytes(chunk.read_bytes()[:-9] if damaged is None else damaged)
    with pytest.raises(BadFileError, match="part-00000' does not hold whole attributions"):
        attributions.read(tmp_path)


def test_a_chunk_that_is_missing_is_told_and_not_taken_for_zeros(tmp_path, chunk):
    chunk.unlink()
    with pytest.raises(BadFileError, match="'tracks_score' lacks 1 of 1 chunks"):
        attributions.read(tmp_path)


def test_chunks_of_zeros_are_stored_and_had_not_always_been(tmp_path):
    part = synthetic.attribution(5, 4)
    part["label"] = xr.zeros_like(part["label"])
    attributions.write(tmp_path / "new" / "part-00000", part)
    plain = part.drop_vars(list(part.coords))
    plain.to_zarr(tmp_path / "old" / "part-00000", zarr_format=3, consolidated=False)
    for age, chunks in (("new", 1), ("old", 0)):
        found = attributions.read(tmp_path / age)
        assert not found["row"].attrs
        np.testing.assert_array_equal(found["label"], 0)
        labels = zarr.open_group(tmp_path / age / "part-00000", mode="r")["label"]
        assert labels.nchunks_initialized == chunks


def test_nothing_half_written_takes_the_name(tmp_path, monkeypatch):
    def fail(*_, **__):
        raise OSError(28, "No space left on device")

    part = synthetic.attribution(3, 2)
    monkeypatch.setattr(xr.Dataset, "to_zarr", fail)
    with pytest.raises(BadFileError, match="no space left"):
        attributions.write(tmp_path / "part-00000", part)
    assert list(tmp_path.iterdir()) == []
