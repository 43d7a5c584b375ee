"""EnergyFlow's files: what is read from them, however they are stored, and what is refused."""

from __future__ import annotations

import math
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import jetlens as jl
from jetlens.core.errors import BadFileError, BadValueError, JetlensError, UnknownNameError
from jetlens.core.registry import datasets
from jetlens.data.readers import energyflow
from jetlens.data.readers.arrays import ArrayFiles
from jetlens.data.readers.energyflow import EnergyFlowFiles
from jetlens.data.readers.energyflow_variables import CONSTITUENTS, JETS
from jetlens.run.inspect import describe
from jetlens.taggers.train import TrainSettings, train
from quark_gluon_arrays import made_up

MASS = {
    22: 0.0, 11: 0.0, 13: 0.1057, 211: 0.1396, 321: 0.4937, 130: 0.4976, 2112: 0.9396, 2212: 0.9383
}  # fmt: skip
CHARGE = {211: 1, 321: 1, 2212: 1, 11: -1, 13: -1}
KIND = {
    22: "is_photon", 11: "is_electron", 13: "is_muon", 211: "is_charged_pion",
    321: "is_charged_kaon", 2212: "is_proton", 130: "is_neutral_kaon", 2112: "is_neutron",
}  # fmt: skip


def save(path: Path, arrays: dict[str, np.ndarray], how: str = "compressed") -> Path:
    if how == "compressed":
        np.savez_compressed(path, **arrays)
    elif how == "fortran":
        np.savez(path, **{k: np.asfortranarray(v) for k, v in arrays.items()})
    else:
        np.savez(path, **arrays)
    return path


def test_variables_are_those_of_a_slow_loop_over_particles(tmp_path) -> None:
    arrays = made_up(jets=7, places=9)
    read = jl.read(save(tmp_path / "QG_jets.npz", arrays))
    own, jets = read["constituents"], read["jets"]
    assert own.features == CONSTITUENTS
    assert jets.features == JETS
    assert read.classes == ("gluon", "quark")
    np.testing.assert_array_equal(read.label, arrays["y"])
    for i, row in enumerate(arrays["X"]):
        px = py = pz = energy = 0.0
        real = sorted((p for p in row if p[0] > 0), key=lambda p: -p[0])
        for pt, y, phi, pid in real:
            transverse = math.sqrt(pt**2 + MASS[abs(int(pid))] ** 2)
            px, py = px + pt * math.cos(phi), py + pt * math.sin(phi)
            pz, energy = pz + transverse * math.sinh(y), energy + transverse * math.cosh(y)
        axis = 0.5 * math.log((energy + pz) / (energy - pz)), math.atan2(py, px)
        mass = math.sqrt(max(energy**2 - px**2 - py**2 - pz**2, 0))
        expected = [math.hypot(px, py), *axis, mass, len(real)]
        np.testing.assert_allclose(jets.values[i], expected, rtol=1e-3, atol=1e-3)
        assert own.mask[i].sum() == len(real)
        for k, (pt, y, phi, pid) in enumerate(real):
            number = abs(int(pid))
            got = dict(zip(own.names, own.values[i, k].tolist(), strict=True))
            turns = (phi - axis[1]) / (2 * math.pi)
            assert got["pt"] == pytest.approx(pt)
            assert got["deta"] == pytest.approx(y - axis[0], abs=1e-4)
            assert got["dphi"] == pytest.approx(2 * math.pi * (turns - round(turns)), abs=1e-4)
            assert got["m2"] == pytest.approx(MASS[number] ** 2, abs=2e-4)
            assert got["charge"] == CHARGE.get(number, 0) * (1 if pid > 0 else -1)
            assert [n for n in own.names if n.startswith("is_") and got[n]] == [KIND[number]]
            assert own.truth["pdg_id"][i, k] == pid
    assert not own.values[~own.mask].any()
    assert (own.truth["pdg_id"][~own.mask] == -1).all()


@pytest.mark.parametrize("how", ["compressed", "stored", "fortran"])
@pytest.mark.parametrize("partition", [1, 4, 100])
def test_however_it_is_stored_and_read_it_is_the_same(tmp_path, how, partition) -> None:
    arrays = made_up(jets=11, places=5)
    whole = energyflow.to_batch(arrays)
    for name, rows in (("a", slice(0, 6)), ("b", slice(6, None))):
        save(tmp_path / f"QG_{name}.npz", {k: v[rows] for k, v in arrays.items()}, how)
    data = jl.open(tmp_path / "QG_*.npz", partition=partition)
    assert isinstance(data, EnergyFlowFiles)
    assert [len(p.read()) for p in data.partitions()] == {
        1: [1] * 11, 4: [4, 2, 4, 1], 100: [6, 5]
    }[partition]  # fmt: skip
    read = data.read()
    np.testing.assert_array_equal(read.row, np.arange(11))
    np.testing.assert_array_equal(read.event, read.row)
    np.testing.assert_array_equal(read.label, whole.label)
    for name, own in whole.collections.items():
        np.testing.assert_array_equal(read[name].values, own.values)
        for known, truth in own.truth.items():
            np.testing.assert_array_equal(read[name].truth[known], truth)


@given(seed=st.integers(0, 99), turn=st.integers(-2, 2), extra=st.integers(0, 3))
@settings(max_examples=30, deadline=None)
def test_order_padding_and_whole_turns_change_nothing(seed, turn, extra) -> None:
    arrays = made_up(jets=5, places=6, seed=seed)
    rng = np.random.default_rng(seed)
    x = arrays["X"].copy()
    x[..., 2] += 2 * np.pi * turn * (x[..., 0] > 0)
    x = np.pad(x, ((0, 0), (0, extra), (0, 0)))
    order = rng.permuted(np.tile(np.arange(6 + extra), (5, 1)), axis=1)
    x = np.take_along_axis(x, order[..., None], axis=1)
    one, other = energyflow.to_batch(arrays), energyflow.to_batch({**arrays, "X": x})
    for name in ("jets", "constituents"):
        np.testing.assert_allclose(other[name].values, one[name].values, rtol=1e-4, atol=2e-5)
    pt = one["constituents"].column("pt")
    assert (np.diff(pt, axis=1) <= 0).all()


def test_a_particle_on_the_edge_of_phi_is_beside_its_jet() -> None:
    x = np.array([[[500, 0.1, 0.01, 22], [5, 0.1, 2 * np.pi - 0.02, 22], [0, 0, 0, 0]]])
    jets = energyflow.to_batch({"X": x, "y": np.ones(1)})
    dphi = jets["constituents"].column("dphi")[0]
    assert dphi[1] - dphi[0] == pytest.approx(-0.03, abs=1e-6)


def test_jets_of_one_particle_and_of_none() -> None:
    x = np.zeros((2, 3, 4))
    x[0, 2] = 510, -1.2, 6.0, -211
    jets = energyflow.to_batch({"X": x, "y": np.zeros(2)})
    np.testing.assert_allclose(
        jets["jets"].values, [[510, -1.2, 6.0 - 2 * np.pi, 0.13957, 1], [0] * 5], rtol=1e-3
    )
    assert jets["constituents"].mask.tolist() == [[True], [False]]


def test_files_of_the_benchmark_and_ours_train_one_tagger(tmp_path) -> None:
    """Theirs are padded each to its own longest jet, in no order, of numbers of any version."""
    for name, places, seed in (("QG_jets", 7, 1), ("QG_jets_1", 9, 2), ("QG_jets_herwig_0", 5, 3)):
        arrays = made_up(jets=40, places=places, seed=seed)
        assert set(arrays) == {"X", "y"}
        save(tmp_path / f"{name}.npz", arrays)
    ours = made_up(jets=40, places=8, seed=4)
    shape = ours["X"].shape[:2]
    ours |= {"event": np.arange(40) // 2, "d0_significance": np.ones(shape)}
    save(tmp_path / "ours.npz", ours)
    theirs = jl.open(tmp_path / "QG_jets*.npz").read()
    assert len(theirs) == len(set(theirs.event)) == 120
    assert theirs["constituents"].values.shape[1] == 9
    assert "d0_significance" not in theirs["constituents"].names
    assert "d0_significance" in jl.read(tmp_path / "ours.npz")["constituents"].names
    both = jl.open([tmp_path / "QG_jets.npz", tmp_path / "ours.npz"])
    inputs = {"constituents": ["pt", "deta", "dphi"]}
    few = TrainSettings(epochs=1, batch=16, resample="none", together=1)
    config, classes = {"use": "transformer"}, ("gluon", "quark")
    tagger = train(config, both, few, tmp_path / "tagger", inputs=inputs, classes=classes)
    scores = jl.explain(tagger, theirs, "gradient")
    assert np.isfinite(scores.output).all()


def test_what_else_our_files_have_belongs_to_its_particle(tmp_path) -> None:
    arrays = made_up(jets=4, places=5)
    arrays["d0_significance"] = 10 * arrays["X"][..., 0].astype(np.float32)
    arrays["dz_significance"] = -arrays["X"][..., 1].astype(np.float32)
    arrays["event"], arrays["parton"] = np.array([7, 7, 8, 9]), np.array([21, -3, 1, 21])
    energyflow.write(tmp_path / "a.npz", arrays)
    read = jl.read(tmp_path / "a.npz")
    own = read["constituents"]
    assert own.names[-2:] == ("d0_significance", "dz_significance")
    np.testing.assert_allclose(own.column("d0_significance"), 10 * own.column("pt"))
    np.testing.assert_array_equal(read.event, arrays["event"])
    np.testing.assert_array_equal(read["jets"].truth["parton"], arrays["parton"])


def test_what_is_written_is_what_energyflow_loads_and_the_same_bytes(tmp_path) -> None:
    arrays = made_up(jets=6, places=5)
    for name in "ab":
        energyflow.write(tmp_path / name, arrays)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    with np.load(tmp_path / "a") as file:
        assert sorted(file) == ["X", "y"]
        for name, array in arrays.items():
            assert file[name].dtype == array.dtype
            np.testing.assert_array_equal(file[name], array)
    with pytest.raises(UnknownNameError, match="'y'"):
        energyflow.write(tmp_path / "c", {"X": arrays["X"]})


def test_the_hardest_are_kept_and_the_jet_stays_whole(tmp_path) -> None:
    path = save(tmp_path / "a.npz", made_up(jets=9, places=8))
    whole = jl.read(path)
    some = datasets.make("files", files=str(path), options={"constituents": 3}).read()
    np.testing.assert_array_equal(some["jets"].values, whole["jets"].values)
    np.testing.assert_array_equal(some["constituents"].values, whole["constituents"].values[:, :3])
    with pytest.raises(BadValueError, match="constituents = 0"):
        jl.open(path, constituents=0)


def test_variables_are_chosen_by_name(tmp_path) -> None:
    path = save(tmp_path / "a.npz", made_up(jets=3, places=4))
    some = jl.read(path, columns={"constituents": ["dphi", "pt"]})
    assert list(some.collections) == ["constituents"]
    assert some["constituents"].names == ("dphi", "pt")
    whole = jl.read(path)["constituents"]
    np.testing.assert_array_equal(some["constituents"].column("pt"), whole.column("pt"))
    assert "pdg_id" in some["constituents"].truth
    with pytest.raises(UnknownNameError, match="did you mean 'deta'"):
        jl.read(path, columns={"constituents": ["eta"]})
    with pytest.raises(UnknownNameError, match="d0_significance"):  # not in this file
        jl.read(path, columns={"constituents": ["d0_significance"]})
    with pytest.raises(UnknownNameError, match="did you mean 'constituents'"):
        jl.read(path, columns={"constituent": ["pt"]})


def test_other_jets_in_the_same_format_have_names_of_their_own(tmp_path) -> None:
    arrays = made_up(jets=6, places=4)
    arrays["flavour"] = np.arange(6) % 3
    path = save(tmp_path / "a.npz", arrays)
    jets = jl.read(path, label="flavour", classes=["qcd", "w", "top"])
    assert jets.classes == ("qcd", "w", "top")
    np.testing.assert_array_equal(jets.label, arrays["flavour"])
    with pytest.raises(BadFileError, match=r"label 2 .* expected one of 0 \(gluon\), 1 \(quark\)"):
        jl.read(path, label="flavour")


def test_files_are_told_from_others_with_the_same_names(tmp_path) -> None:
    arrays = made_up(jets=4, places=3)
    assert isinstance(jl.open(save(tmp_path / "a.npz", arrays)), EnergyFlowFiles)
    others = {
        "no label": {"X": arrays["X"]},
        "momenta": {**arrays, "X": arrays["X"] + 0.25},
        "three columns": {**arrays, "X": arrays["X"][..., :3]},
        "objects": {**arrays, "X": np.array([[1], [2, 3]], dtype=object)},
    }
    for name, other in others.items():
        assert not EnergyFlowFiles.recognises(save(tmp_path / "other.npz", other)), name
    (tmp_path / "text.npz").write_text("no arrays")
    assert not EnergyFlowFiles.recognises(tmp_path / "text.npz")
    # a description that stands beside says more than the arrays' names
    (tmp_path / "jets.toml").write_text("[collections.x]\narray = 'X'\n")
    with pytest.raises(JetlensError, match=r"jets\.toml"):
        jl.open(tmp_path / "a.npz")
    assert not EnergyFlowFiles.recognises(tmp_path / "a.npz")
    assert ArrayFiles.recognises(tmp_path / "a.npz")


def changed(column: int, value: float) -> np.ndarray:
    x = made_up(jets=5, places=4)["X"]
    x[3, 0, column] = value
    return x


@pytest.mark.parametrize(
    ("arrays", "told"),
    [
        ({"X": np.ones((5, 4))}, r"'X' .* shape \(5, 4\): expected \[jet, particle, 4\]"),
        ({"X": np.ones((5, 4, 3))}, r"shape \(5, 4, 3\): expected .* pt, y, phi, pid"),
        ({"y": np.ones(6)}, r"'y' .* shape \(6,\): expected \(5,\)"),
        ({"y": np.full(5, 2.0)}, r"label 2 .* expected one of 0 \(gluon\), 1 \(quark\)"),
        ({"y": np.full(5, np.nan)}, r"label nan"),
        ({"d0_significance": np.ones((5, 3))}, r"'d0_significance' .* expected \(5, 4\)"),
        ({"event": np.ones(4)}, r"'event' .* expected \(5,\)"),
        ({"X": changed(0, np.nan)}, "pt = nan of particle 0 of jet 3 .* a finite number"),
        ({"X": changed(2, np.inf)}, "phi = inf of particle 0 of jet 3"),
        ({"X": changed(0, -2.0)}, "pt = -2 of particle 0 of jet 3"),
        ({"X": changed(3, 0.3)}, "pid = 0.3 of particle 0 of jet 3 .* remap_pids"),
        ({"X": changed(3, 1e30)}, r"pid = 1e\+30 of particle 0 of jet 3"),
        ({"X": changed(1, 900.0)}, "y = 900 of particle 0 of jet 3 .* a rapidity, 15 at most"),
        ({"X": changed(1, -50.0)}, "y = -50 of particle 0 of jet 3 .* a rapidity"),
        ({"X": changed(0, 1e300)}, r"pt = 1e\+300 of particle 0 of jet 3 .* to 1e\+07, in GeV"),
        ({"X": changed(2, 1e300)}, r"phi = 1e\+300 of particle 0 of jet 3 .* an azimuth in rad"),
        ({"X": changed(3, np.nan)}, "pid = nan of particle 0 of jet 3 .* a finite number"),
        ({"event": np.array([0, 1, 2, 2.5, 4])}, "event = 2.5 of jet 3 .* a whole number"),
        ({"event": np.array([0, 1, 1e300, 2, 4])}, r"event = 1e\+300 of jet 2 .* a whole number"),
        ({"X": np.full((5, 4, 4), "1")}, "'X' .* holds <U1: expected real numbers"),
        ({"X": np.ones((5, 4, 4), dtype=complex)}, "'X' .* holds complex128"),
        ({"y": np.full(5, "quark")}, "'y' .* holds <U5: expected real numbers"),
        ({"event": np.array([0, 1, 2, np.nan, 4])}, "event = nan of jet 3 .* a finite number"),
        (
            {"d0_significance": changed(0, np.nan)[..., 0]},
            "d0_significance = nan of particle 0 of jet 3 .* a finite number",
        ),
        ({"X": changed(3, 111)}, "pid = 111 of particle 0 of jet 3 .* unknown='keep'"),
    ],
)
def test_what_is_wrong_is_told(tmp_path, arrays, told) -> None:
    path = save(tmp_path / "a.npz", {**made_up(jets=5, places=4), **arrays})
    with pytest.raises(BadFileError, match=f"(?s){told}") as error:
        jl.read(path, format="energyflow", partition=2)
    assert "a.npz" in str(error.value)


def test_what_colliders_make_is_read(tmp_path) -> None:
    """Steep particles and hard ones, azimuths of more than a turn, numbers of events as floats."""
    arrays = made_up(jets=5, places=4)
    arrays["X"][2, 0] = 0.004, 14.5, 6.9, 22
    arrays["X"][3, 0] = 6.5e6, -0.5, -3.2, 22  # written in MeV
    arrays["event"] = np.array([0.0, -1.0, 2.0**52, 3.0, 4.0])
    read = jl.read(save(tmp_path / "a.npz", arrays))
    assert np.isfinite(read["jets"].values).all()
    np.testing.assert_array_equal(read.event, arrays["event"].astype(np.int64))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (
            {"X": np.ones((5, 4, 6))},
            r"holds X \[5, 4, 6\], y \[5\] \(format='energyflow' tells",
        ),
        ({"X": np.ones((5, 4))}, r"holds X \[5, 4\], y \[5\]"),
        ({"y": None}, r"holds X \[5, 4, 4\] \(format='energyflow' .*description='jets.toml'"),
        ({"X": changed(0, np.nan)}, "pt = nan of particle 0 of jet 3 .* a finite number"),
        ({"X": changed(0, -2.0)}, "pt = -2 of particle 0 of jet 3"),
        ({"X": changed(3, np.inf)}, "pid = inf of particle 0 of jet 3"),
    ],
)
def test_what_is_wrong_is_told_without_a_format_too(tmp_path, change, told) -> None:
    arrays = {**made_up(jets=5, places=4), **change}
    path = save(tmp_path / "a.npz", {k: v for k, v in arrays.items() if v is not None})
    with pytest.raises(BadFileError, match=told) as error:
        jl.read(path)
    assert "a.npz" in str(error.value)


def test_a_description_elsewhere_says_more_than_the_arrays_names(tmp_path) -> None:
    arrays = made_up(jets=5, places=4)
    (tmp_path / "b").mkdir()
    words = tmp_path / "b" / "jets.toml"
    words.write_text(
        "[collections.c]\narray = 'X'\n[collections.c.columns]\na = {}\nb = {}\nc = {}\nd = {}\n"
    )
    read = jl.read(save(tmp_path / "a.npz", arrays), description=str(words))
    assert read["c"].names == ("a", "b", "c", "d")
    assert jl.read(tmp_path / "a.npz", description=words).row.tolist() == list(range(5))


def test_what_is_not_there_or_no_npz_is_told(tmp_path) -> None:
    arrays = made_up(jets=2, places=2)
    save(tmp_path / "a.npz", {"x": arrays["X"], "y": arrays["y"]})
    with pytest.raises(UnknownNameError, match=r"unknown array of .*a\.npz' 'X': did you mean 'x'"):
        jl.open(tmp_path / "a.npz", format="energyflow").partitions()
    np.save(tmp_path / "b.npy", arrays["X"])
    with pytest.raises(BadFileError, match=r"b\.npy' is no \.npz"):
        jl.open(tmp_path / "b.npy", format="energyflow").partitions()
    save(tmp_path / "c.npz", {k: v[:0] for k, v in arrays.items()})
    with pytest.raises(BadFileError, match=r"no jets in .*c\.npz"):
        jl.open(tmp_path / "c.npz", format="energyflow").partitions()
    with pytest.raises(BadFileError, match=r"cannot be read: Is a directory"):
        jl.open(tmp_path, format="energyflow").partitions()


def test_particles_that_are_not_known_are_kept_if_asked_for(tmp_path) -> None:
    path = save(tmp_path / "a.npz", {**made_up(jets=5, places=4), "X": changed(3, 1000010020)})
    own = jl.read(path, unknown="keep")["constituents"]
    strange = own.truth["pdg_id"] == 1000010020
    assert strange.sum() == 1
    assert not own.values[strange][0, own.positions(["m2", "charge", "is_neutron"])].any()
    with pytest.raises(BadValueError, match="unknown = 'kep': did you mean 'keep'"):
        jl.open(path, unknown="kep")
    with pytest.raises(BadValueError, match="unknown = 3: expected one of refuse, keep"):
        jl.open(path, unknown=3)


def test_a_large_file_is_never_held_whole(tmp_path) -> None:
    arrays = made_up(jets=8_000, places=4)
    arrays["X"] = np.pad(arrays["X"], ((0, 0), (0, 496), (0, 0)))  # 128 MB
    path = save(tmp_path / "a.npz", arrays)
    whole = arrays["X"].nbytes
    last = jl.open(path, partition=100).partitions()[-1]
    del arrays
    tracemalloc.start()
    try:
        jets = last.read()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(jets) == 100
    assert peak < whole / 3


def test_what_is_in_a_file_is_told_in_words(tmp_path) -> None:
    said = describe(save(tmp_path / "QG_jets.npz", made_up(jets=30, places=4)))
    assert "30 jets" in said
    assert "quark" in said
    assert "multiplicity" in said
