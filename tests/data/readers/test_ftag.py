from __future__ import annotations

from types import SimpleNamespace

import h5py
import numpy as np
import pytest
from ftag import get_mock_file
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import jetlens as jl
from jetlens.core.batch import concatenate
from jetlens.core.errors import BadFileError
from jetlens.data.readers import ftag
from jetlens.data.readers.ftag_checks import check_table
from jetlens.data.readers.ftag_variables import CLASSES, FEATURES, TRACK_FEATURES


def file_of(folder, n=50, places=6, seed=0):
    """A small file of the layout with random content, and the arrays in it."""
    rng = np.random.default_rng(seed)
    jet_type = [("pt_btagJes", "f4"), ("eta_btagJes", "f4"), ("HadronConeExclTruthLabelID", "i4"),
                ("eventNumber", "i8"), ("mcEventWeight", "f4")]  # fmt: skip
    jets = np.zeros(n, dtype=jet_type)
    jets["pt_btagJes"] = rng.uniform(2e4, 2e5, n)
    jets["HadronConeExclTruthLabelID"] = rng.choice([0, 4, 5, 15], n)
    jets["eventNumber"] = np.arange(n) // 2
    jets["mcEventWeight"] = rng.uniform(0.5, 2, n)
    track_type = [("d0", "f4"), ("dphi", "f4"), ("numberOfPixelHits", "u1"),
                  ("ftagTruthOriginLabel", "i4"), ("ftagTruthVertexIndex", "i4"),
                  ("valid", "?")]  # fmt: skip
    tracks = np.zeros((n, places), dtype=track_type)
    tracks["d0"] = rng.normal(size=(n, places))
    tracks["valid"] = rng.random((n, places)) < 0.5
    tracks["valid"][0] = False
    tracks["ftagTruthOriginLabel"] = rng.integers(0, 8, (n, places))
    path = folder / "jets.h5"
    ftag.write(path, {"jets": jets, "tracks": tracks})
    return path, jets, tracks


def test_what_is_written_is_read(tmp_path) -> None:
    path, jets, tracks = file_of(tmp_path)
    read = jl.read(path)
    valid = tracks["valid"]
    np.testing.assert_array_equal(read["jets"].column("pt_btagJes"), jets["pt_btagJes"])
    np.testing.assert_array_equal(read["tracks"].column("d0")[valid], tracks["d0"][valid])
    np.testing.assert_array_equal(read["tracks"].mask, valid)
    np.testing.assert_array_equal(read.event, jets["eventNumber"])
    np.testing.assert_array_equal(read.weight, jets["mcEventWeight"])
    origin = read["tracks"].truth["origin"]
    np.testing.assert_array_equal(origin[valid], tracks["ftagTruthOriginLabel"][valid])
    assert (origin[~valid] == -1).all()
    assert read.classes == CLASSES
    for number, name in {5: "b", 4: "c", 0: "u", 15: "tau"}.items():
        there = jets["HadronConeExclTruthLabelID"] == number
        assert (read.label[there] == CLASSES.index(name)).all()
    assert not list(tmp_path.glob(".*.part"))


def test_streamed_partitions_are_the_whole(tmp_path) -> None:
    path, _, _ = file_of(tmp_path)
    data = jl.open(path, partition=7)
    assert [len(p) for p in data] == [7] * 7 + [1]
    whole, pieces = jl.read(path), concatenate(list(data))
    for name in ("jets", "tracks"):
        np.testing.assert_array_equal(whole[name].values, pieces[name].values)
    np.testing.assert_array_equal(whole.row, pieces.row)


def test_rows_go_on_over_several_files(tmp_path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    file_of(tmp_path / "a", n=5)
    file_of(tmp_path / "b", n=4)
    read = jl.read(str(tmp_path / "*" / "jets.h5"))
    assert read.row.tolist() == list(range(9))


def test_columns_are_chosen(tmp_path) -> None:
    path, _, _ = file_of(tmp_path)
    read = jl.read(path, columns={"tracks": ["dphi", "d0"]})
    assert read["tracks"].names == ("dphi", "d0")
    assert read["jets"].names == ()
    assert read["tracks"].truth["origin"].shape == (50, 6)


def test_units_and_labels_come_with_the_variables(tmp_path) -> None:
    path, _, _ = file_of(tmp_path)
    pt = jl.read(path)["jets"].features[0]
    assert (pt.unit, pt.axis) == ("MeV", r"Jet $p_T$ [GeV]")
    assert len(TRACK_FEATURES) == 19
    assert all(f.label for f in FEATURES.values())


def test_the_collaborations_own_mock_file() -> None:
    name, file = get_mock_file(num_jets=60)
    file.close()
    read = jl.read(name)
    with h5py.File(name) as file:
        valid, d0 = file["tracks"]["valid"], file["tracks"]["d0"]
        label = file["jets"]["HadronConeExclTruthLabelID"]
    assert (~valid[:, :-1] & valid[:, 1:]).any()  # it has holes
    np.testing.assert_array_equal(read["tracks"].mask, valid)
    np.testing.assert_array_equal(read["tracks"].column("d0")[valid], d0[valid])
    assert ((read.label == CLASSES.index("b")) == (label == 5)).all()
    assert read.event.tolist() == list(range(60))  # it numbers no events: each jet is its own
    assert {f.name for f in TRACK_FEATURES} <= set(read["tracks"].names)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    valid=hnp.arrays(bool, st.tuples(st.integers(1, 5), st.integers(0, 4))),
    numbers=st.lists(st.floats(width=32, allow_nan=True, allow_infinity=True), min_size=1),
    label=st.integers(-(2**31), 2**31 - 1),
    partition=st.integers(1, 6),
)
def test_any_content_of_the_layout_is_read_as_it_is(
    tmp_path, valid, numbers, label: int, partition: int
) -> None:
    jets = np.zeros(len(valid), dtype=[("x", "f4"), ("HadronConeExclTruthLabelID", "i4")])
    jets["HadronConeExclTruthLabelID"] = label
    tracks = np.zeros(valid.shape, dtype=[("d0", "f4"), ("valid", "?")])
    tracks["d0"] = np.resize(np.array(numbers, dtype="f4"), valid.shape)
    tracks["valid"] = valid
    ftag.write(tmp_path / "any.h5", {"jets": jets, "tracks": tracks})
    read = concatenate(list(jl.open(tmp_path / "any.h5", partition=partition)))
    np.testing.assert_array_equal(read["tracks"].column("d0")[valid], tracks["d0"][valid])
    assert (read["tracks"].values[~valid] == 0).all()
    known = {5: 0, 4: 1, 0: 2, 15: 3}
    assert (read.label == known.get(label, -1)).all()


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(cut=st.integers(0, 4000), noise=st.binary(max_size=40))
def test_a_damaged_file_gives_a_message_or_is_read(tmp_path, cut: int, noise: bytes) -> None:
    path, _, _ = file_of(tmp_path)
    raw = path.read_bytes()
    where = min(cut, len(raw))
    damaged = tmp_path / "damaged.h5"
    damaged.write_bytes(raw[:where] + noise + raw[where + len(noise) :][: cut * 2])
    try:
        read = jl.read(damaged)
    except jl.JetlensError as error:
        if "damaged.h5" not in str(error):
            raise
    else:
        assert len(read) <= 50


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda p: p.write_bytes(b""), "no reader knows what"),
        (lambda p: p.write_text("not HDF5 at all"), "no reader knows what .*not HDF5"),
        (lambda p: p.mkdir(), "is a folder"),
        (lambda p: None, "no file .*did you mean 'jets.h5'"),
    ],
)
def test_what_is_no_jet_file(tmp_path, make, says: str) -> None:
    file_of(tmp_path)
    make(tmp_path / "jet.h5")
    with pytest.raises(jl.JetlensError, match=says):
        jl.read(tmp_path / "jet.h5")


def test_lists_that_do_not_say_where_a_particle_is(tmp_path) -> None:
    path, jets, tracks = file_of(tmp_path)
    no_valid = tracks[[name for name in tracks.dtype.names if name != "valid"]]
    ftag.write(path, {"jets": jets, "tracks": no_valid, "flows": tracks, "sums": jets})
    says = r"'tracks' of '.*jets\.h5' has no field 'valid'"
    with pytest.warns(UserWarning, match=f"{says}, .*: it is left out") as told:
        read = jl.read(path)
    assert len(told) == 1
    assert set(read.collections) == {"jets", "flows"}
    with pytest.raises(jl.JetlensError, match=says):
        jl.read(path, columns={"tracks": ["d0"]})
    assert set(jl.read(path, columns={"flows": ["d0"]}).collections) == {"jets", "flows"}


def test_files_that_lack_something(tmp_path) -> None:
    path, jets, _ = file_of(tmp_path)
    with pytest.raises(jl.JetlensError, match="did you mean 'dphi'"):
        jl.read(path, columns={"tracks": ["dphy"]})
    with pytest.raises(jl.JetlensError, match="did you mean 'tracks'"):
        jl.read(path, columns={"track": ["d0"]})
    with pytest.raises(jl.JetlensError, match="did you mean 'ftag'"):
        jl.read(path, format="fatg")
    with pytest.raises(jl.JetlensError, match="did you mean 'partition'"):
        jl.open(path, partitions=3)
    with pytest.raises(jl.JetlensError, match="partition = 0"):
        jl.open(path, partition=0)
    with pytest.raises(jl.JetlensError, match="no file matches"):
        jl.read(tmp_path / "*.hdf5")
    ftag.write(tmp_path / "empty.h5", {"jets": jets[:0]})
    with pytest.raises(jl.JetlensError, match="no jets in"):
        jl.read(tmp_path / "empty.h5")
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["consts"] = np.zeros(3)
    with pytest.raises(jl.JetlensError, match="no dataset 'jets': it holds consts"):
        jl.read(tmp_path / "other.h5", format="ftag")


def stored(path, **tables) -> str:
    """Write tables as they are."""
    with h5py.File(path, "w") as file:
        for name, table in tables.items():
            file[name] = table
    return str(path)


def test_tables_that_do_not_fit_each_other_are_told(tmp_path) -> None:
    _, jets, tracks = file_of(tmp_path, n=4)
    twice = stored(tmp_path / "a.h5", jets=jets, tracks=np.concatenate([tracks, tracks]))
    told = r"'tracks' of '.*a\.h5' is of shape \(8, 6\): expected a row for each of 4 jets"
    with pytest.raises(BadFileError, match=told):
        jl.read(twice)
    assert list(jl.read(twice, columns={"jets": ["pt_btagJes"]}).collections) == ["jets"]
    few = stored(tmp_path / "b.h5", jets=jets, tracks=tracks[:3])
    with pytest.raises(BadFileError, match=r"shape \(3, 6\): expected a row for each of 4 jets"):
        jl.read(few)
    deep = stored(tmp_path / "c.h5", jets=jets, tracks=tracks[..., None])
    with pytest.raises(BadFileError, match=r"shape \(4, 6, 1\): .* \[jet\] or \[jet, particle\]"):
        jl.read(deep)


def test_jets_that_are_no_table_of_jets_are_told(tmp_path) -> None:
    _, jets, tracks = file_of(tmp_path, n=4)
    with pytest.raises(BadFileError, match=r"'jets' .* shape \(4, 1\): expected a table \[jet\]"):
        jl.read(stored(tmp_path / "a.h5", jets=jets[:, None], tracks=tracks))
    plain = stored(tmp_path / "b.h5", jets=np.ones(4))
    with pytest.raises(BadFileError, match=r"'jets' .* shape \(4,\): expected a table \[jet\]"):
        jl.read(plain, format="ftag")
    with h5py.File(tmp_path / "c.h5", "w") as file:
        file["jets/inside"] = jets
    with pytest.raises(BadFileError, match="no dataset 'jets'"):
        jl.read(tmp_path / "c.h5", format="ftag")
    with pytest.raises(BadFileError, match=r"^'[^\n]*' is a folder[^\n]*$"):
        jl.read(tmp_path, format="ftag")


@pytest.mark.parametrize("where", ["jets", "tracks"])
def test_variables_that_reach_into_each_other_are_refused(tmp_path, where) -> None:
    """HDF5 would write beyond the memory that it is given, and end the whole process."""
    _, jets, tracks = file_of(tmp_path, n=4)
    odd = h5py.h5t.IEEE_F32LE.copy()
    odd.set_ebias(128)  # one flipped bit: no type of numpy's, for which h5py takes a wider one
    kind = h5py.h5t.create(h5py.h5t.COMPOUND, 13)
    for name, offset, of in (
        (b"d0", 0, odd), (b"dphi", 4, h5py.h5t.IEEE_F32LE), (b"n", 8, h5py.h5t.STD_I32LE),
    ):  # fmt: skip
        kind.insert(name, offset, of)
    kind.insert(b"valid", 12, h5py.h5t.py_create(np.dtype("?"), logical=True))
    path = stored(tmp_path / "a.h5", **({"tracks": tracks} if where == "jets" else {"jets": jets}))
    shape = (4,) if where == "jets" else (4, 6)
    with h5py.File(path, "a") as file:
        h5py.h5d.create(file.id, where.encode(), kind, h5py.h5s.create_simple(shape))
    with pytest.raises(BadFileError, match=rf"'d0' of '{where}' reaches into 'dphi'"):
        jl.read(path)


def test_numbers_that_reach_beyond_their_row_are_refused() -> None:
    class Table:
        """What a damaged file may say of its table."""

        name, ndim, shape = "/jets", 1, (4,)
        dtype = SimpleNamespace(fields={"d0": (np.dtype("f8"), 4)}, itemsize=8)

    with pytest.raises(BadFileError, match="'d0' of 'jets' ends beyond its row"):
        check_table(Table(), "a.h5")
