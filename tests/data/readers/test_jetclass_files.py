"""JetClass's files: what is read from them, and no more; what is written; what is refused."""

from __future__ import annotations

import contextlib
import math
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import awkward as ak
import numpy as np
import pytest
import uproot

import jetlens as jl
from jetclass_arrays import CLASSES, KINDS, made_up, save
from jetlens.core.errors import BadFileError, BadValueError, JetlensError, UnknownNameError
from jetlens.data.readers import jetclass_contents, jetclass_files
from jetlens.data.readers.jetclass import JetClassFiles
from jetlens.data.readers.jetclass_files import Columns, write
from jetlens.run.executor import Serial
from jetlens.run.inspect import describe
from jetlens.run.progress import Log
from jetlens.run.recipe_file import load
from jetlens.run.store import Store
from jetlens.run.study import Study

JET_NAMES = ("jet_pt", "jet_eta", "jet_phi", "jet_energy", "jet_nparticles", "jet_sdmass")
JET_NAMES += ("jet_tau1", "jet_tau2", "jet_tau3", "jet_tau4")


def with_partons(branches: dict) -> dict:
    """Add partons of ours: two in each jet but the first, which has none."""
    jets = len(branches["jet_pt"])
    counts = np.full(jets, 2)
    counts[0] = 0
    rng = np.random.default_rng(3)
    own = {n: rng.normal(0, 100, counts.sum()).astype("f4") for n in ("px", "py", "pz", "energy")}
    own["pid"] = rng.choice([-5, 5, 21], counts.sum()).astype("i4")
    lists = {f"jetlens_parton_{n}": ak.unflatten(v, counts) for n, v in own.items()}
    return {**branches, **lists, "jetlens_event": np.arange(jets) // 2 + 7}


def test_variables_are_those_of_a_slow_loop_over_particles(tmp_path) -> None:
    branches = made_up(8)
    read = jl.read(save(tmp_path / "jets.root", branches))
    assert read.classes == CLASSES
    assert set(read.collections) == {"jets", "constituents"}
    assert read["jets"].names == JET_NAMES
    for name in JET_NAMES:
        np.testing.assert_array_equal(read["jets"].column(name), branches[name])
    for name in ("genpart_eta", "genpart_phi", "genpart_pid", "genpart_pt", "truth_match"):
        np.testing.assert_array_equal(read["jets"].truth[f"aux_{name}"], branches[f"aux_{name}"])
    np.testing.assert_array_equal(read.event, np.arange(8))
    own = read["constituents"]
    named = [n for n in branches if n.startswith("part_")]
    derived = ["part_pt", "part_pt_log", "part_e_log", "part_logptrel", "part_logerel"]
    derived += ["part_deltaR", "part_d0", "part_dz"]
    assert own.names == (*named, *derived)
    assert own.values.shape[1] == max(len(p) for p in branches["part_px"])
    for i in range(8):
        assert [c for c in CLASSES if branches[f"label_{c}"][i]] == [CLASSES[read.label[i]]]
        number = len(branches["part_px"][i])
        assert own.mask[i].tolist() == [True] * number + [False] * (len(own.mask[i]) - number)
        assert not own.values[i, number:].any()
        for j in range(number):
            p = {n.removeprefix("part_"): float(branches[n][i][j]) for n in named}
            pt = math.hypot(p["px"], p["py"])
            wanted = {
                **{f"part_{n}": value for n, value in p.items()},
                "part_pt": pt,
                "part_pt_log": math.log(pt),
                "part_e_log": math.log(p["energy"]),
                "part_logptrel": math.log(pt / branches["jet_pt"][i]),
                "part_logerel": math.log(p["energy"] / branches["jet_energy"][i]),
                "part_deltaR": math.hypot(p["deta"], p["dphi"]),
                "part_d0": math.tanh(p["d0val"]),
                "part_dz": math.tanh(p["dzval"]),
            }
            found = dict(zip(own.names, own.values[i, j], strict=True))
            assert found == pytest.approx(wanted, rel=1e-5, abs=1e-6)


def test_partons_lie_where_the_particles_of_their_jet_do(tmp_path) -> None:
    branches = with_partons(made_up(9))
    read = jl.read(save(tmp_path / "jets.root", branches))
    own = read["partons"]
    assert own.names == ("pt", "deta", "dphi")
    assert own.mask.sum(axis=1).tolist() == [0, *[2] * 8]
    np.testing.assert_array_equal(read.event, branches["jetlens_event"])
    assert (branches["jet_eta"] > 0).any()
    assert (branches["jet_eta"] < 0).any()
    for i in range(1, 9):
        for j in range(2):
            px, py, pz, pid = (
                float(branches[f"jetlens_parton_{n}"][i][j]) for n in ("px", "py", "pz", "pid")
            )
            pt, eta = math.hypot(px, py), float(branches["jet_eta"][i])
            deta = math.asinh(pz / pt) - eta
            dphi = math.remainder(math.atan2(py, px) - float(branches["jet_phi"][i]), math.tau)
            wanted = [pt, deta if eta > 0 else -deta, dphi]
            assert own.values[i, j] == pytest.approx(wanted, rel=1e-5, abs=1e-5)
            assert own.truth["pdg_id"][i, j] == pid
    assert own.truth["pdg_id"][0].tolist() == [-1, -1]


def test_only_the_branches_of_the_variables_asked_for_are_needed(tmp_path) -> None:
    branches = made_up(6)
    whole = jl.read(save(tmp_path / "whole.root", branches))
    few = ("part_px", "part_py", "jet_pt", "label_QCD", "label_Zqq")
    path = save(tmp_path / "few.root", {n: branches[n] for n in few})
    columns = {"constituents": ["part_logptrel", "part_pt"]}
    read = jl.read(path, columns=columns)
    assert set(read.collections) == {"constituents"}
    assert read["constituents"].names == ("part_logptrel", "part_pt")
    for name in columns["constituents"]:
        np.testing.assert_array_equal(
            read["constituents"].column(name), whole["constituents"].column(name)
        )
    assert read.classes == ("QCD", "Zqq")
    alone = jl.read(path, columns={"jets": ["jet_pt"]})
    assert set(alone.collections) == {"jets"}
    with pytest.raises(UnknownNameError, match=r"unknown branch of .*few.root' 'part_energy'"):
        jl.read(path, columns={"constituents": ["part_e_log"]})
    lacks = r"few.root' lacks branches of JetClass's: jet_energy, .*: columns = .* names it"
    with pytest.raises(BadFileError, match=lacks):
        jl.read(path)
    few = {"part_Dphi" if n == "part_dphi" else n: values for n, values in branches.items()}
    path = save(tmp_path / "renamed.root", few)
    near = r"part_dphi \(it has 'part_Dphi' in the place of 'part_dphi'\)\. What"
    with pytest.raises(BadFileError, match=near):
        jl.read(path)


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"jets": ["jet_mass"]}, "unknown variable of jets 'jet_mass': expected one of|did you"),
        ({"constituents": ["part_d0vale"]}, "did you mean 'part_d0val'"),
        ({"tracks": ["d0"]}, "unknown collection 'tracks'"),
        ({"partons": ["pt"]}, "unknown branch .* 'jetlens_parton_energy'"),
    ],
)
def test_variables_that_are_not_there_are_named(columns, said, tmp_path) -> None:
    path = save(tmp_path / "jets.root", made_up(3))
    with pytest.raises(UnknownNameError, match=said):
        jl.read(path, columns=columns)


def test_files_are_streamed_in_slices_with_rows_of_the_whole(tmp_path) -> None:
    sizes = {"a.root": 7, "b.root": 4}
    for i, (name, jets) in enumerate(sizes.items()):
        save(tmp_path / name, made_up(jets, seed=i))
    data = jl.open(tmp_path / "*.root", partition=3)
    parts = [p.read() for p in data.partitions()]
    assert [len(p) for p in parts] == [3, 3, 1, 3, 1]
    np.testing.assert_array_equal(np.concatenate([p.row for p in parts]), np.arange(11))
    second = jl.read(tmp_path / "b.root")
    np.testing.assert_array_equal(parts[3]["jets"].values, second["jets"].values[:3])
    longest = parts[3]["constituents"].values.shape[1]
    np.testing.assert_array_equal(
        parts[3]["constituents"].values, second["constituents"].values[:3, :longest]
    )


def test_a_pair_of_classes_is_all_that_is_read(tmp_path) -> None:
    branches = made_up(60, seed=5)
    path = save(tmp_path / "jets.root", branches)
    whole = jl.read(path)
    wanted = ("Zqq", "H4q")
    data = jl.open(path, classes=wanted, partition=7)
    pair = data.read()
    assert pair.classes == wanted
    kept = np.flatnonzero(np.isin(whole.label, [CLASSES.index(c) for c in wanted]))
    assert 0 < len(kept) < 30
    np.testing.assert_array_equal(pair.row, kept)
    assert [wanted[k] for k in pair.label] == [CLASSES[k] for k in whole.label[kept]]
    np.testing.assert_array_equal(pair["jets"].values, whole["jets"].values[kept])
    assert all(len(p.read()) > 0 for p in data.partitions())
    assert len(data.partitions()) < 9


def test_labels_are_looked_at_once_while_files_stay_as_they_are(tmp_path, monkeypatch) -> None:
    opened = []

    def counted(path):
        opened.append(path)
        return jetclass_files.opened(path)

    monkeypatch.setattr(jetclass_contents, "opened", counted)
    path = save(tmp_path / "jets.root", made_up(60, seed=5))
    parts = [jl.open(path, classes=("Zqq", "H4q"), partition=7).partitions() for _ in range(3)]
    assert parts[0] == parts[1] == parts[2]
    assert len(opened) == 1
    jl.open(path, classes=("Zqq", "H4q"), partition=8).partitions()
    assert len(opened) == 2
    save(path, made_up(20, seed=6))
    parts = jl.open(path, classes=("Zqq", "H4q"), partition=7).partitions()
    assert len(opened) == 3
    assert max(p.part.stop for p in parts) <= 20


def test_a_class_that_is_absent_is_told(tmp_path) -> None:
    branches = made_up(12)
    branches["label_Hcc"] = np.zeros(12, dtype="?")
    path = save(tmp_path / "jets.root", branches)
    with pytest.raises(UnknownNameError, match=r"unknown class of .* 'Hbbb': did you mean 'Hbb'"):
        jl.read(path, classes=["Hbbb", "QCD"])
    with pytest.raises(BadValueError, match="no jets of class 'Hcc' in"):
        jl.read(path, classes=["Hcc", "QCD"])
    with pytest.raises(BadValueError, match="classes: 'QCD' is there twice"):
        jl.read(path, classes=["QCD", "QCD"])
    with pytest.raises(BadValueError, match=r"label = 'flavour': .* label_<class>"):
        jl.read(path, label="flavour")


def test_labels_that_say_two_classes_or_none(tmp_path) -> None:
    branches = made_up(5)
    for name in CLASSES:
        branches[f"label_{name}"][2] = 0
    read = jl.read(save(tmp_path / "none.root", branches))
    assert read.label[2] == -1
    assert (np.delete(read.label, 2) >= 0).all()
    branches["label_Zqq"][2] = branches["label_Wqq"][2] = 1
    with pytest.raises(BadFileError, match="of several classes: Zqq, Wqq"):
        jl.read(save(tmp_path / "two.root", branches))


def spoilt(name: str, value: float, jet: int = 3) -> dict:
    """Return branches of which one number, that of a jet or of its last particle, is another."""
    branches = made_up(6)
    number = ak.num(branches["part_px"])
    flat = branches[name] if name[:4] != "part" else ak.flatten(branches[name])
    flat = np.array(flat)
    flat[jet if name[:4] != "part" else int(np.sum(number[: jet + 1])) - 1] = value
    branches[name] = flat if name[:4] != "part" else ak.unflatten(flat, number)
    return branches


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        *((name, np.nan, f"{name} = nan of .*jet 3 in .*: expected a finite number")
          for name in ("part_px", "part_deta", "part_charge", "jet_pt", "jet_eta")),
        ("part_py", np.inf, "part_py = inf of particle . of jet 3 in"),
        ("jet_phi", -np.inf, "jet_phi = -inf of jet 3 in"),
        ("part_energy", -1, r"part_energy = -1 of particle . of jet 3 .*: expected 0 or more"),
        ("jet_pt", -1, "jet_pt = -1 of jet 3 in .*: expected 0 or more"),
        ("label_QCD", 0.5, "label_QCD = 0.5 in .*: expected 0 or 1"),
        ("label_Zqq", 2, "label_Zqq = 2 in .*: expected 0 or 1"),
    ],
)  # fmt: skip
def test_numbers_that_cannot_be_are_told(tmp_path, name, value, told) -> None:
    path = save(tmp_path / "jets.root", spoilt(name, value))
    with pytest.raises(BadFileError, match=told):
        jl.read(path, partition=2)
    if name.startswith("part"):
        last = len(made_up(6)["part_px"][3]) - 1
        with pytest.raises(BadFileError, match=f"of particle {last} of jet 3"):
            jl.read(path, partition=4)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("part_energy", 0), ("part_px", 0), ("part_d0val", 0), ("part_d0err", np.inf),
        ("part_dzerr", np.nan), ("jet_sdmass", -1e-3), ("jet_sdmass", 0), ("jet_tau4", 0),
        ("jet_tau4", np.nan), ("aux_genpart_pid", np.nan), ("part_charge", 0), ("jet_eta", 0),
    ],
)  # fmt: skip
def test_odd_numbers_that_may_be_are_read(tmp_path, name, value) -> None:
    columns = {"jets": JET_NAMES, "constituents": [n for n in made_up(1) if n[:5] == "part_"]}
    read = jl.read(save(tmp_path / "jets.root", spoilt(name, value)), columns=columns)
    assert len(read) == 6


def test_branches_of_text_are_told(tmp_path) -> None:
    branches = made_up(3) | {"jet_pt": ak.Array(["a", "b", "c"])}
    with pytest.raises(BadFileError, match=r"'jet_pt' of .*jets.root' holds <U1: expected numbers"):
        jl.read(save(tmp_path / "jets.root", branches))


def test_fewer_constituents_are_the_hardest(tmp_path) -> None:
    path = save(tmp_path / "jets.root", made_up(6))
    whole, few = jl.read(path), jl.read(path, constituents=3)
    np.testing.assert_array_equal(few["constituents"].values, whole["constituents"].values[:, :3])
    np.testing.assert_array_equal(few["jets"].values, whole["jets"].values)
    pt = few["constituents"].column("part_pt")
    assert (np.diff(pt, axis=1) <= 0).all()
    with pytest.raises(BadValueError, match="constituents = 0: expected 1 or more"):
        jl.read(path, constituents=0)


def test_files_that_hold_no_such_jets_are_refused(tmp_path) -> None:
    branches = made_up(3)
    other = save(tmp_path / "other.root", branches, tree="trees")
    with pytest.raises(
        BadFileError, match=r"other.root' has no tree 'tree', where .* looked for: it holds trees$"
    ):
        jl.read(other)
    unlabelled = {k: v for k, v in branches.items() if not k.startswith("label_")}
    with pytest.raises(BadFileError, match="no branches label_<class>: it holds"):
        jl.read(save(tmp_path / "unlabelled.root", unlabelled))
    whole = save(tmp_path / "whole.root", branches).read_bytes()
    for size in (50, 1000, len(whole) // 2):
        cut = tmp_path / f"cut{size}.root"
        cut.write_bytes(whole[:size])
        told = f"^'.*cut{size}.root' is no .* or cut short: .*[^,:]$"  # no sentence that breaks off
        with pytest.raises(BadFileError, match=told) as failed:
            jl.read(cut)
        assert str(failed.value).count(cut.name) == 1
    text = tmp_path / "text.root"
    text.write_text("jets")
    with pytest.raises(BadFileError, match="no reader knows"):
        jl.read(text)
    with pytest.raises(BadFileError, match=r"text.root"):
        jl.read(text, format="jetclass")
    with pytest.raises(BadFileError, match=r"no file .*none.root"):
        jl.read(tmp_path / "none.root", format="jetclass")


def test_lists_of_unlike_lengths_are_refused(tmp_path) -> None:
    branches = made_up(4)
    branches["part_py"] = branches["part_py"][:, :0]
    with pytest.raises(BadFileError, match=r"'part_py' .* other numbers of entries"):
        jl.read(save(tmp_path / "jets.root", branches))


def columns_of(branches: dict) -> Columns:
    flat, counts = {}, {}
    for name, branch in branches.items():
        start = next((s for s in ("part_", "jetlens_parton_") if name.startswith(s)), None)
        if start:
            counts[start] = ak.to_numpy(ak.num(branch))
            branch = ak.to_numpy(ak.flatten(branch))
        flat[name] = branch
    return Columns(flat, counts)


def test_what_is_written_is_jetclass_s_layout_and_the_same_bytes_at_any_time(tmp_path) -> None:
    branches = with_partons(made_up(30))
    columns = columns_of(branches)
    first, second = tmp_path / "one.root", tmp_path / "below" / "another.root"
    write(first, columns)
    time.sleep(1.1)  # dates in ROOT files are of whole seconds
    write(second, columns)
    assert first.read_bytes() == second.read_bytes()
    with uproot.open(first) as file:
        tree = file["tree"]
        names = [n for n in tree.keys() if n not in ("npart", "njetlens_parton")]  # noqa: SIM118
        assert names == list(branches)
        for name, branch in branches.items():
            found = tree[name].array()
            assert ak.to_list(found) == ak.to_list(branch), name
            assert ak.type(found).content == ak.type(ak.Array(branch)).content
    there = jl.read(first)
    np.testing.assert_array_equal(there.row, np.arange(30))


def test_a_file_may_hold_no_jets(tmp_path) -> None:
    empty = {n: v[:0] for n, v in made_up(3).items()}
    write(tmp_path / "empty.root", columns_of(empty))
    with pytest.raises(BadFileError, match="no jets in"):
        jl.read(tmp_path / "empty.root")


class Ranges(BaseHTTPRequestHandler):
    """Serve parts of one file."""

    protocol_version = "HTTP/1.1"
    content = b""
    served: list[int] = []  # noqa: RUF012

    def log_message(self, *said: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        first, _, end = (self.headers["Range"] or "bytes=0-").removeprefix("bytes=").partition("-")
        start, stop = int(first), min(int(end or 1e12) + 1, len(self.content))
        part = self.content[start:stop]
        self.served.append(len(part))
        self.send_response(206)
        self.send_header("Content-Range", f"bytes {start}-{stop - 1}/{len(self.content)}")
        self.send_header("Content-Length", str(len(part)))
        self.end_headers()
        self.wfile.write(part)


@contextlib.contextmanager
def served(path: Path) -> Iterator[str]:
    Ranges.content, Ranges.served = path.read_bytes(), []
    with ThreadingHTTPServer(("127.0.0.1", 0), Ranges) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/a/jets.root"
        finally:
            server.shutdown()


def test_files_elsewhere_are_read_in_parts(tmp_path) -> None:
    path = save(tmp_path / "jets.root", made_up(4000))
    here = jl.read(path, columns={"jets": ["jet_pt"]})
    with served(path) as url:
        there = jl.read(url, columns={"jets": ["jet_pt"]})
    np.testing.assert_array_equal(there["jets"].values, here["jets"].values)
    np.testing.assert_array_equal(there.label, here.label)
    assert 0 < sum(Ranges.served) < 0.3 * len(Ranges.content)


def test_urls_are_handed_on_as_they_are(monkeypatch) -> None:
    url = "root://eospublic.cern.ch//eos/jets[1]?.root"
    data = jl.open(url, format="jetclass")
    assert isinstance(data, JetClassFiles)
    assert data.files == (url,)
    asked = []

    def refuse(files: dict, **options: object) -> None:
        asked.extend(files)
        raise OSError("no such host")

    monkeypatch.setattr(uproot, "open", refuse)
    with pytest.raises(BadFileError, match=r"cannot be read: no such host"):
        data.read()
    assert asked == [url]
    assert jl.open("https://example.org/jets.root?download=1").files  # by the end of its name
    with pytest.raises(BadFileError, match=r"no reader takes 'https://example.org/jets.h5'"):
        jl.open("https://example.org/jets.h5")


def test_recipes_take_urls_as_they_are(tmp_path) -> None:
    urls = ["https://example.org/a.root", "root://example.org//b.root"]
    recipe = tmp_path / "recipe.toml"
    recipe.write_text(f"""
        title = "Jets from elsewhere"
        data = {{ use = "files", files = {urls}, format = "jetclass" }}
        tagger = {{ use = "gn2" }}
    """)
    study = Study(load(recipe), Store(tmp_path / "run"), Serial(), Log(True))
    assert study.source().files == tuple(urls)
    first = study.jets_key()
    recipe.write_text(recipe.read_text().replace("b.root", "c.root"))
    other = Study(load(recipe), Store(tmp_path / "run"), Serial(), Log(True))
    assert first == study.jets_key() != other.jets_key()


def test_a_file_is_inspected(tmp_path) -> None:
    said = describe(save(tmp_path / "jets.root", with_partons(made_up(20))))
    for line in ("20 jets of 10 events", "jet_sdmass [GeV]", "part_d0val [mm]", "partons: up to 2"):
        assert line in said
    for name in (*CLASSES[:1], *(f"part_is{k}" for k in KINDS)):
        assert name in said


def test_errors_are_all_for_people(tmp_path) -> None:
    with pytest.raises(JetlensError):
        jl.open(tmp_path / "*.root", format="jetclass")
