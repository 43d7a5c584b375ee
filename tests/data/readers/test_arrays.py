"""Arrays of anyone's: whatever way they are stored in, the same jets; whatever is wrong, told."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

import awkward as ak
import numpy as np
import pyarrow.parquet
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import jetlens as jl
from jetlens.core.errors import BadFileError, JetlensError, UnknownNameError
from jetlens.data.arrays.files import NpzFile

ROOT = Path(__file__).resolve().parents[3]

LIST = """
[collections.constituents]
{array}
[collections.constituents.columns]
pt   = {{ unit = "GeV", label = '$p_T$' }}
eta  = {{}}
type = {{ truth = true }}
"""


def particles(jets: int = 11, places: int = 4, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Particles ``[jet, particle, (pt, eta, type)]``, zeros in padding, and how many are real."""
    rng = np.random.default_rng(seed)
    counts = rng.integers(0, places + 1, jets)
    counts[:2] = 0, places
    values = rng.normal(size=(jets, places, 3)) + 5
    values[..., 2] = rng.integers(0, 5, (jets, places))
    values[np.arange(places) >= counts[:, None]] = 0
    return values, counts


def described(folder: Path, text: str, name: str = "jets.toml") -> Path:
    (folder / name).write_text(text)
    return folder / name


def store(folder: Path, kind: str, values: np.ndarray, counts: np.ndarray, **more) -> Path:
    """Write the same jets in one way or another, with their description beside them."""
    array = 'array = "x"'
    path = folder / f"jets.{kind.partition('-')[0]}"
    if kind == "npy":
        array = ""
        np.save(path, values)
    elif kind == "npz-stored":
        np.savez(path, x=values, **more)
    elif kind == "npz-compressed":
        np.savez_compressed(path, x=values, **more)
    elif kind == "npz-fortran":
        np.savez(path, x=np.asfortranarray(values), **more)
    else:
        ragged = ak.unflatten(values[np.arange(values.shape[1]) < counts[:, None]], counts)
        table = {"x": ragged, **{k: ak.Array(v) for k, v in more.items()}}
        if kind == "parquet-columns":
            array = ""
            names = {"pt": 0, "eta": 1, "type": 2}
            table = {n: ragged[..., i] for n, i in names.items()} | table
            del table["x"]
        pyarrow.parquet.write_table(ak.to_arrow_table(ak.Array(table)), path, row_group_size=4)
    return described(folder, f"files = '{path.name}'" + LIST.format(array=array))


KINDS = ["npy", "npz-stored", "npz-compressed", "npz-fortran", "parquet-array", "parquet-columns"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("partition", [1, 3, 100])
def test_however_they_are_stored_they_are_the_same_jets(tmp_path, kind, partition) -> None:
    values, counts = particles()
    data = jl.open(store(tmp_path, kind, values, counts), partition=partition)
    assert len(data.partitions()) == -(-11 // partition)
    jets = data.read()
    own = jets["constituents"]
    assert own.names == ("pt", "eta")
    assert own.features[0].axis == "$p_T$ [GeV]"
    np.testing.assert_array_equal(jets.row, np.arange(11))
    np.testing.assert_array_equal(jets.event, jets.row)
    np.testing.assert_array_equal(own.mask.sum(1), counts)
    real = np.arange(4) < counts[:, None]
    np.testing.assert_array_equal(own.mask, real[:, : own.mask.shape[1]])
    np.testing.assert_allclose(own.values[own.mask], values[real][:, :2], rtol=1e-6)
    np.testing.assert_array_equal(own.truth["type"][own.mask], values[real][:, 2])
    assert (own.truth["type"][~own.mask] == -1).all()


@given(
    jets=st.integers(1, 9),
    places=st.integers(1, 4),
    partition=st.integers(1, 10),
    kind=st.sampled_from(KINDS),
    seed=st.integers(0, 99),
)
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_partitions_put_together_are_the_whole(
    tmp_path, jets, places, partition, kind, seed
) -> None:
    rng = np.random.default_rng(seed)
    counts = rng.integers(0, places + 1, jets)
    values = rng.normal(size=(jets, places, 3)).round(2) + 9
    values[..., 2] = values[..., 2].round()
    values[np.arange(places) >= counts[:, None]] = 0
    path = store(tmp_path, kind, values, counts)
    one, many = jl.read(path), jl.read(path, partition=partition)
    length = one["constituents"].values.shape[1]
    own = many["constituents"].padded(max(length, many["constituents"].values.shape[1]))
    np.testing.assert_array_equal(own.mask[:, :length], one["constituents"].mask)
    np.testing.assert_array_equal(own.values[:, :length], one["constituents"].values)
    np.testing.assert_array_equal(many.row, one.row)


def test_labels_by_file_weights_events_and_files_that_take_turns(tmp_path) -> None:
    for name, first in (("sig_1", 0), ("sig_2", 10), ("bkg", 100)):
        values, _ = particles(6, seed=first)
        scalars = np.stack([np.arange(6) + first, np.full(6, first + 0.5)], 1)
        np.savez(tmp_path / f"{name}.npz", x=values, jets=scalars, n=np.arange(6) // 2 + first)
    path = described(
        tmp_path,
        'files = ["*.npz"]\nevent = "n"\nweight = { array = "jets", column = 1 }\n'
        '[label.files]\nbackground = "bkg*"\nsignal = "sig_?.npz"\n'
        + LIST.format(array='array = "x"')
        + '[collections.jets]\narray = "jets"\n[collections.jets.columns]\nnumber = {}\nw = {}\n',
    )
    data = jl.open(path, partition=3)
    files = [Path(p.part.path).name for p in data.partitions()]
    assert files == ["bkg.npz", "sig_1.npz", "sig_2.npz"] * 2
    jets = data.read()
    assert jets.classes == ("background", "signal")
    assert jets["jets"].mask is None
    number = jets["jets"].column("number")
    np.testing.assert_array_equal(jets.label, number < 100)
    np.testing.assert_allclose(jets.weight, number // 10 * 10 + 0.5)
    np.testing.assert_array_equal(jets.event, number % 10 // 2 + number // 10 * 10)
    order = np.argsort(jets.row)
    np.testing.assert_array_equal(jets.row[order], np.arange(18))
    np.testing.assert_array_equal(number[order], [*range(100, 106), *range(6), *range(10, 16)])
    first, *_ = (p.read() for p in data.partitions())
    assert len(first) == 3
    assert any(f.endswith("jets.toml") for f in data.files)  # a changed description is noticed
    part = jl.read(path, columns={"jets": ["w"]})
    assert list(part.collections) == ["jets"]
    assert part["jets"].names == ("w",)


@pytest.mark.parametrize(
    ("stored", "pick"),
    [
        (np.array([0, 1, 1, -1]), '{ array = "y", classes = ["b", "s"] }'),
        (np.array(["b", "s", "s", "b"]), '{ array = "y", classes = ["b", "s"] }'),
        (np.array([[9, 0], [9, 1], [9, 1], [9, -1]]),
         '{ array = "y", column = 1, classes = ["b", "s"] }'),
        (np.array([[1, 0], [0, 1], [0, 1], [1, 0]]), '{ array = "y", classes = ["b", "s"] }'),
    ],
    ids=["number", "name", "column", "one-hot"],
)  # fmt: skip
def test_labels_of_every_kind(tmp_path, stored, pick) -> None:
    np.savez(tmp_path / "a.npz", x=particles(4)[0], y=stored)
    path = described(tmp_path, f"label = {pick}\n" + LIST.format(array='array = "x"'))
    jets = jl.read(tmp_path / "a.npz")
    assert jets.classes == ("b", "s")
    assert jets.label[:3].tolist() == [0, 1, 1]
    assert jets.label[3] == (-1 if -1 in stored else 0)
    assert jl.read(tmp_path / "a.npz", description=str(path)).label.tolist() == jets.label.tolist()


@pytest.mark.parametrize(
    ("way", "real"),
    [
        ('mask = "m"', [[True, False, True], [False, False, False]]),
        ('counts = "n"', [[True, True, False], [False, False, False]]),
        ('padding = "none"', [[True] * 3] * 2),
        ("", [[True, False, True], [True, True, False]]),
    ],
    ids=["mask", "counts", "none", "zeros"],
)
def test_what_is_real(tmp_path, way, real) -> None:
    values = np.array([[[1.0, 2], [0, 0], [0, 4]], [[5, 6], [7, 0], [0, 0]]])
    m = np.array([[1, 0, 1], [0, 0, 0]])
    np.savez(tmp_path / "a.npz", x=values, m=m, n=np.array([2, 0]))
    described(
        tmp_path,
        f'[collections.c]\narray = "x"\n{way}\n[collections.c.columns]\na = {{}}\nb = {{}}\n',
    )
    own = jl.read(tmp_path / "a.npz")["c"]
    np.testing.assert_array_equal(own.mask, real)
    np.testing.assert_array_equal(own.values, np.where(own.mask[..., None], values, 0))


def test_columns_of_their_own_and_missing_numbers(tmp_path) -> None:
    table = ak.Array({"e": [1.0, 2.0], "tracks_pt": [[3.0, 4.0], []], "d0": [[0.1, 0.2], []]})
    ak.to_parquet(table, tmp_path / "a.parquet")
    text = (
        "[collections.jets.columns]\ne = {}\n"
        '[collections.tracks.columns]\npt = { array = "tracks_pt" }\nd0 = {}\n'
    )
    described(tmp_path, text)
    jets = jl.read(tmp_path / "a.parquet")
    assert jets["jets"].values.tolist() == [[1.0], [2.0]]
    np.testing.assert_allclose(jets["tracks"].values[0], [[3.0, 0.1], [4.0, 0.2]], rtol=1e-6)
    assert jets["tracks"].mask.tolist() == [[True, True], [False, False]]
    ak.to_parquet(ak.Array({**{k: table[k] for k in table.fields}, "e": [1.0, None]}),
                  tmp_path / "a.parquet")  # fmt: skip
    with pytest.raises(BadFileError, match=r"jets.e is nan in jet 1"):
        jl.read(tmp_path / "a.parquet")


GOOD = LIST.format(array='array = "x"')


@pytest.mark.parametrize(
    ("change", "arrays", "told"),
    [
        (('array = "x"', 'array = "xx"'), {}, r"unknown array of .*'xx': did you mean 'x'"),
        (("eta  = {}\n", ""), {}, r"has 3 columns.*more than the 2 .*: pt, type"),
        (("eta  = {}\n", "eta = {}\nphi = {}\n"), {}, r"has 3 columns.*fewer than the 4"),
        (
            ("unit", "units"),
            {},
            r"unknown key 'collections.constituents.columns.pt.units': did you mean 'unit'",
        ),
        (('array = "x"', 'aray = "x"'), {}, r"unknown key .*aray': did you mean 'array'"),
        (("@", "weigth = 'w'\n@"), {}, r"'weigth': did you mean 'weight'"),
        (("@", "weight = 'w'\n@"), {}, r"unknown array of .*'w'"),
        (("@", "label = { array = 'y' }\n@"), {}, r"label: expected either files.* or classes"),
        (
            ("@", "label = { array = 'y', classes = ['a', 'b'] }\n@"),
            {"y": np.array([0, 2])},
            r"from 0 to 2: expected for each jet 0 to 1 \(a, b\)",
        ),
        (
            ("@", "label = { array = 'y', classes = ['sig', 'bkg'] }\n@"),
            {"y": np.array(["sig", "bgk"])},
            r"unknown class .*'bgk': did you mean 'bkg'",
        ),
        (
            ("@", "[label.files]\nb = 'bkg*'\ns = 'sig*'\n@"),
            {},
            r"no pattern fits .*a.npz.*expected one of bkg\* \(b\)",
        ),
        (("@", "[label.files]\nb = 'a*'\ns = '*.npz'\n@"), {}, r"several patterns fit"),
        (
            ('array = "x"', 'array = "x"\ncounts = "n"'),
            {"n": np.array([1, 9])},
            r"values up to 9: expected, for each of 2 jets, .* from 0 to 3",
        ),
        (
            ('array = "x"', 'array = "x"\nmask = "n"'),
            {"n": np.array([1, 9])},
            r"expected true or false",
        ),
        (
            ('array = "x"', 'array = "x"\nmask = "m"\ncounts = "n"'),
            {},
            r"has mask and counts: expected one way",
        ),
        (('array = "x"', 'padding = "zero"'), {}, r"padding = 'zero'.*'zeros' or 'none'"),
        (("pt   =", "pt   : "), {}, r"none is there"),
        (None, {"x": np.ones((2, 3))}, None),
        (None, {"x": np.ones(2)}, r"has shape \(2,\).*expected numbers \[jet, column\] or"),
        (None, {"x": np.ones((2, 3, 3, 1))}, r"has shape \(2, 3, 3, 1\)"),
        (
            None,
            {"x": np.full((2, 3, 3), np.nan)},
            r"constituents.pt is nan in jet 0, particle 0 of .*18 such values",
        ),
        (
            ("@", "weight = 'w'\n@"),
            {"w": np.ones(3)},
            r"different lengths: expected as many rows in each, but there are 2 in 'x', 3 in 'w'",
        ),
        (None, {"x": np.full((2, 3, 3), 0.5)}, r"constituents.type .*is truth, and 0.5 in one"),
        (None, {"x": np.array([[["a"] * 3] * 3])}, r"expected numbers"),
        (None, {"x": np.array([[[None] * 3] * 3])}, r"holds Python objects"),
    ],
)
def test_mistakes_are_told(tmp_path, change, arrays, told) -> None:
    np.savez(tmp_path / "a.npz", **{"x": np.ones((2, 3, 3)), **arrays})
    text = GOOD
    if change:
        before, after = (part.replace("@", "[collections.constituents]") for part in change)
        assert before in text
        text = text.replace(before, after)
    described(tmp_path, text)
    if told is None:
        assert jl.read(tmp_path / "a.npz")["constituents"].mask is None
        return
    with pytest.raises(JetlensError, match=told):
        jl.read(tmp_path / "a.npz")


def test_files_that_are_missing_or_damaged_are_told(tmp_path, monkeypatch) -> None:
    with pytest.raises(BadFileError, match=r"no file matches '.*\*.npz', which"):
        jl.open(described(tmp_path, "files = '*.npz'" + GOOD))
    with pytest.raises(BadFileError, match="does not say where its arrays are"):
        jl.open(described(tmp_path, GOOD))
    monkeypatch.delenv("JETLENS_NOWHERE", raising=False)
    with pytest.raises(BadFileError, match="'JETLENS_NOWHERE' is not set"):
        jl.open(described(tmp_path, "files = '$JETLENS_NOWHERE/*.npz'" + GOOD))
    monkeypatch.setenv("JETLENS_NOWHERE", str(tmp_path))
    values = np.random.default_rng(0).normal(size=(50, 9, 3))
    values[..., 2] = values[..., 2].round()
    np.savez_compressed(tmp_path / "a.npz", x=values)
    assert len(jl.read(tmp_path / "jets.toml")) == 50
    with pytest.raises(UnknownNameError, match="did you mean 'eta'"):
        jl.open(tmp_path / "jets.toml", columns={"constituents": ["etta"]})
    with pytest.raises(UnknownNameError, match="did you mean 'constituents'"):
        jl.open(tmp_path / "jets.toml", columns={"constituent": ["eta"]})
    whole = (tmp_path / "a.npz").read_bytes()
    for keep in (0, 3, 30, len(whole) // 2, len(whole) - 30):
        (tmp_path / "a.npz").write_bytes(whole[:keep])
        with pytest.raises(BadFileError, match=r"a\.npz.*damaged"):
            jl.read(tmp_path / "jets.toml")
    spoilt = bytearray(whole)
    spoilt[len(whole) // 2] ^= 0xFF
    (tmp_path / "a.npz").write_bytes(bytes(spoilt))
    with pytest.raises(BadFileError, match=r"a\.npz.*damaged"):
        jl.read(tmp_path / "jets.toml")
    (tmp_path / "b").mkdir()
    np.savez(tmp_path / "b" / "a.npz", x=np.ones((2, 3, 3)), number=3)
    with pytest.raises(
        BadFileError,
        match=r"holds x \[2, 3, 3\], number: no .* description='jets.toml' names.*none is there",
    ):
        jl.read(tmp_path / "b" / "a.npz")
    described(tmp_path / "b", GOOD, "one.toml"), described(tmp_path / "b", GOOD, "two.toml")
    with pytest.raises(BadFileError, match=r"one.toml, two.toml are there"):
        jl.read(tmp_path / "b" / "a.npz")


def test_a_file_that_is_no_arrays_is_told_before_a_description_is_asked_for(tmp_path) -> None:
    np.savez(tmp_path / "a.npz", x=np.ones((2, 3)))
    (tmp_path / "cut.npz").write_bytes((tmp_path / "a.npz").read_bytes()[:-40])
    (tmp_path / "empty.npz").write_bytes(b"")
    (tmp_path / "text.npz").write_text("no arrays")
    for name, told in (
        ("cut", "damaged or cut short"), ("empty", "is no .npy"), ("text", "is no .npy"),
        ("none", "no file"),
    ):  # fmt: skip
        with pytest.raises(BadFileError, match=told):
            jl.open(tmp_path / f"{name}.npz", format="arrays")
    with pytest.raises(BadFileError, match="damaged or cut short"):
        jl.open(tmp_path / "cut.npz")


@pytest.mark.parametrize(
    "header",
    [
        "{'descr': '<f8', 'fortran_order': False, 'shape': (10000000000000, 3), }",
        "{'descr': '<f8', 'fortran_order': True, 'shape': (10000000000000, 3), }",
        "{'descr': '<f8', 'fortran_order': False, 'shape': (-4, -6), }",
        "{'descr': '<f8', 'fortran_order': False, 'shape': (4, 6",
        "{'descr': '<f8', 'fortran_order': False, 'shape': (4, 6), ",
        "  {\n 'descr': 3",
    ],
)
def test_a_header_that_says_what_cannot_be_is_told(tmp_path, header) -> None:
    """Jets are counted by headers alone: there would be no end of them."""
    values = np.ones((4, 3)).tobytes()
    said = header.ljust(117).encode() + b"\n"
    raw = b"\x93NUMPY\x01\x00" + len(said).to_bytes(2, "little") + said + values
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as file:
        file.writestr("x.npy", raw)
    described(
        tmp_path, '[collections.c]\narray = "x"\n[collections.c.columns]\na = {}\nb = {}\nc = {}\n'
    )
    with pytest.raises(BadFileError, match=r"a\.npz' is damaged or cut short"):
        jl.read(tmp_path / "a.npz")


def test_numbers_of_events_are_whole(tmp_path) -> None:
    np.savez(tmp_path / "a.npz", x=particles(3)[0], n=np.array([1.0, 2.5, 3.0]))
    described(tmp_path, "event = 'n'\n" + GOOD)
    with pytest.raises(BadFileError, match=r"array 'n' of .* is 2.5 in one place: expected whole"):
        jl.read(tmp_path / "a.npz")


def test_rows_of_a_zip_are_read_without_the_rest(tmp_path, monkeypatch) -> None:
    values = np.arange(4_000_000.0).reshape(4000, -1)
    np.savez(tmp_path / "a.npz", x=values)
    read = zipfile.ZipExtFile.read
    most = 0

    def watched(self, n=-1):
        nonlocal most
        found = read(self, n)
        most = max(most, len(found))
        return found

    monkeypatch.setattr(zipfile.ZipExtFile, "read", watched)
    found = NpzFile(str(tmp_path / "a.npz")).read("x", (3000, 3007))
    np.testing.assert_array_equal(found, values[3000:3007])
    assert most <= values.nbytes * 0.6  # what is passed over goes by in pieces


@pytest.mark.skipif(
    "JETLENS_REAL_DATA" not in os.environ, reason="JETLENS_REAL_DATA names no folder of real jets"
)
def test_the_public_demo_of_the_multi_scale_transformer() -> None:
    jets = jl.read(ROOT / "recipes/data/multi_scale.toml")
    own = jets["constituents"]
    assert len(jets) == 30_000
    assert own.values.shape[1:] == (50, 7)
    assert jets.classes == ("background", "signal")
    assert jets.label.mean() == 0.5
    assert own.mask.sum(1).min() >= 1
    assert abs(own.mask.sum(1).mean() - 5.083) < 1e-3
    pt, ratio = (own.column(c)[:, 0] for c in ("pt", "log_pt_frac"))
    assert (pt > 0).all()
    assert ((ratio < 0.1) & (ratio > -14)).all()
    assert set(np.unique(own.column("type")[own.mask])) <= {0, 1, 2, 3, 4}
