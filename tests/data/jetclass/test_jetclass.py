"""Jets of JetClass's kinds: what is selected, how it is seen, and what it comes from."""

from __future__ import annotations

import dataclasses
import itertools

import awkward as ak
import numpy as np
import pytest
import uproot

from jetlens.core.errors import BadValueError, UnknownNameError
from jetlens.core.registry import datasets
from jetlens.data.detector.collisions import PARTICLE
from jetlens.data.detector.tracks import TRACK
from jetlens.data.events.clustering import Jets
from jetlens.data.events.generator import generator
from jetlens.data.jetclass import JetClass
from jetlens.data.jetclass.flow import (
    CANDIDATE,
    ELECTRON,
    MUON,
    NEUTRAL_HADRON,
    PHOTON,
    Cells,
    at_calorimeter,
    explain,
    fill,
    flow,
)
from jetlens.data.jetclass.flow_table import ELECTROMAGNETIC, FIELD_RADIUS, HADRONIC
from jetlens.data.jetclass.jets import KINDS, Origins, containing, decays, find
from jetlens.data.jetclass.truth import decay_number
from jetlens.data.readers.jetclass_variables import CLASSES
from jetlens.physics.helix import radius
from jetlens.physics.kinematics import delta_phi, mass_of

MASS = {"H": 125.0, "Z": 91.19, "W": 80.4, "T": 173.0}
NUMBER = {"H": 25, "Z": 23, "W": 24, "T": 6}


@pytest.fixture(scope="module")
def settings() -> JetClass:
    return JetClass(jets=120, partition=120, seed=4)


@pytest.fixture(scope="module")
def tables(settings):
    """Twelve jets of each kind, made once."""
    return settings.partitions()[0].arrays()


@pytest.fixture(scope="module")
def jets(settings, tables):
    """The same jets as a `JetBatch`."""
    return settings.batch(tables, 0)


@pytest.fixture(scope="module")
def record():
    """Some events of top pairs."""
    pythia = generator("jetclass-tbqq", "PhaseSpace:pTHatMin = 450")
    pythia.seed(2)
    return pythia.events(40)


def of(jets, *classes: str) -> np.ndarray:
    return np.isin(jets.label, [CLASSES.index(c) for c in classes])


def test_jets_that_are_foreseen_have_the_columns_of_generated_ones(settings, jets) -> None:
    foreseen = settings.batch(settings.foreseen(20), 0)
    assert foreseen.classes == jets.classes
    assert set(foreseen.label) == set(range(len(CLASSES)))
    assert len(set(foreseen.event)) == 20
    assert [*foreseen.collections] == [*jets.collections]
    for name, own in foreseen.collections.items():
        made = jets[name]
        assert (own.names, own.axes, own.mask is None) == (made.names, made.axes, made.mask is None)
        assert sorted(own.truth) == sorted(made.truth)
        assert np.isfinite(own.values).all()
        assert own.mask is None or own.mask.all()
        assert (own.values[0] != own.values[1]).any()


def test_kinds_are_equally_many_in_no_order(jets, settings) -> None:
    assert jets.classes == CLASSES
    assert np.bincount(jets.label).tolist() == [12] * 10
    assert np.count_nonzero(np.diff(jets.label)) > 80
    odd = dataclasses.replace(settings, jets=5, partition=3, classes=("Wqq", "QCD"))
    labels = np.concatenate([p.read().label for p in odd.partitions()])
    assert np.bincount(labels).tolist() == [3, 2]


def test_jets_share_the_number_of_their_event_and_of_no_other(jets, settings) -> None:
    number = jets["jets"].truth["aux_genpart_pid"]
    several = 0
    for event in np.unique(jets.event):
        mine = jets.event == event
        assert len(set(jets.label[mine])) == 1
        if mine.sum() > 1 and CLASSES[jets.label[mine][0]] != "QCD":
            assert sorted(number[mine]) == [-NUMBER["T"], NUMBER["T"]]  # of both tops
            several += 1
    assert several
    few = dataclasses.replace(settings, jets=8, partition=4, classes=("Wqq", "QCD"))
    one, other = (set(p.read().event) for p in few.partitions())
    assert not one & other


LAYOUT = {
    "float32[]": "part_px part_py part_pz part_energy part_deta part_dphi part_d0val part_d0err "
    "part_dzval part_dzerr part_charge",
    "int32[]": "part_isChargedHadron part_isNeutralHadron part_isPhoton part_isElectron "
    "part_isMuon",
    "float32": "label_QCD",
    "bool": "label_Hbb label_Hcc label_Hgg label_H4q label_Hqql",
    "int32": "label_Zqq label_Wqq label_Tbqq label_Tbl",
    "float32 ": "jet_pt jet_eta jet_phi jet_energy jet_nparticles jet_sdmass jet_tau1 jet_tau2 "
    "jet_tau3 jet_tau4 aux_genpart_eta aux_genpart_phi aux_genpart_pid aux_genpart_pt "
    "aux_truth_match",
}
"""Types and names as JetClass's notebook (JetClass101.ipynb) shows them, in its order."""


def test_files_have_jetclass_s_branches_in_its_order_with_its_types(
    settings, tables, tmp_path
) -> None:
    path = tmp_path / "jets.root"
    settings.write(path, tables)
    wanted = [(n, t.strip()) for t, names in LAYOUT.items() for n in names.split()]
    found = []
    with uproot.open(path) as file:
        for name, branch in file["tree"].items():
            if name not in ("npart", "njetlens_parton"):
                kind = branch.array(entry_stop=2).type.content
                lists = isinstance(kind, ak.types.ListType)
                found.append((name, f"{kind.content}[]" if lists else str(kind)))
    assert found[: len(wanted)] == wanted
    assert all(name.startswith("jetlens_") for name, _ in found[len(wanted) :])


def test_jets_pass_jetclass_s_cuts_and_are_their_particles(jets, tables) -> None:
    own, table = jets["jets"], tables["jets"]
    pt = own.column("jet_pt")
    assert 500 < pt.min() < 520
    assert 700 < pt.max() < 1000
    assert np.median(pt) < 700  # the spectra fall
    assert 1.0 < np.abs(own.column("jet_eta")).max() < 2
    particles = tables["constituents"]
    px, py, pz, energy = (particles[f"part_{n}"].sum(axis=1) for n in ("px", "py", "pz", "energy"))
    np.testing.assert_allclose(np.hypot(px, py), pt, rtol=1e-5)
    np.testing.assert_allclose(energy, own.column("jet_energy"), rtol=1e-5)
    np.testing.assert_allclose(np.arctan2(py, px), own.column("jet_phi"), atol=1e-4)
    np.testing.assert_allclose(np.arcsinh(pz / pt), own.column("jet_eta"), atol=1e-4)
    np.testing.assert_array_equal(table["jet_nparticles"], particles["valid"].sum(axis=1))


def test_places_of_particles_are_from_the_axis_and_away_from_the_middle(jets) -> None:
    own = jets["constituents"]
    px, py, pz = (own.column(f"part_{n}").astype(float) for n in ("px", "py", "pz"))
    real = own.mask
    pt = np.hypot(px, py)
    eta = np.arcsinh(np.divide(pz, pt, out=np.zeros_like(pt), where=real))
    axis = jets["jets"].column("jet_eta")[:, None]
    assert (axis < 0).any()
    outwards = (eta - axis) * np.where(axis > 0, 1, -1)
    np.testing.assert_allclose(own.column("part_deta")[real], outwards[real], atol=1e-4)
    dphi = delta_phi(np.arctan2(py, px), jets["jets"].column("jet_phi")[:, None].astype(float))
    np.testing.assert_allclose(own.column("part_dphi")[real], dphi[real], atol=1e-4)
    assert (np.diff(pt, axis=1) <= 1e-3).all()  # the hardest first


def test_each_particle_is_of_one_kind(jets) -> None:
    own = jets["constituents"]
    real = own.mask
    kinds = {k: own.column(f"part_is{k}")[real] for k in
             ("ChargedHadron", "NeutralHadron", "Photon", "Electron", "Muon")}  # fmt: skip
    assert set(np.unique(np.stack(list(kinds.values())))) == {0.0, 1.0}
    np.testing.assert_array_equal(sum(kinds.values()), 1)
    charge = own.column("part_charge")[real]
    charged = kinds["ChargedHadron"] + kinds["Electron"] + kinds["Muon"]
    np.testing.assert_array_equal(np.abs(charge), charged)
    assert 0.45 < (charge[charge != 0] > 0).mean() < 0.55
    for name in ("d0err", "dzerr"):
        values = own.column(f"part_{name}")[real]
        assert (values[charged == 1] > 0).all()
        assert not values[charged == 0].any()
    pull = np.abs(own.column("part_d0val") / np.maximum(own.column("part_d0err"), 1e-9))[real]
    assert 0.4 < np.median(pull[charged == 1]) < 1.2  # 0.67 of a normal distribution
    for name in ("ChargedHadron", "Photon"):
        assert 0.3 < kinds[name].mean() < 0.6, name
    # leptons belong to the kinds whose names say so, and hardly to others
    lepton = own.column("part_isElectron") + own.column("part_isMuon")
    share = (lepton * own.column("part_pt")).sum(axis=1) / own.column("part_pt").sum(axis=1)
    assert np.median(share[of(jets, "Hqql", "Tbl")]) > 0.1
    assert np.median(share[of(jets, "QCD", "Wqq", "Zqq", "Tbqq", "H4q")]) < 0.03


@pytest.mark.parametrize(
    ("classes", "low", "high"),
    [
        (("Hcc", "Hgg", "H4q"), 115, 132),
        (("Hbb",), 100, 132),  # neutrinos of b hadrons
        (("Zqq",), 82, 96),
        (("Wqq",), 74, 86),
        (("Tbqq",), 158, 182),
    ],
)
def test_groomed_masses_are_those_of_the_resonances(jets, classes, low, high) -> None:
    mass = jets["jets"].column("jet_sdmass")
    assert low < np.median(mass[of(jets, *classes)]) < high
    assert np.quantile(mass[of(jets, "QCD")], 0.25) < 0.5 * low  # those have no peak


def test_partons_are_those_of_the_decay_and_inside_the_jet(jets, tables) -> None:
    partons, match = tables["partons"], tables["jets"]["aux_truth_match"]
    own = jets["partons"]
    apart = np.hypot(own.column("deta"), own.column("dphi"))
    assert apart[own.mask].max() < 0.8
    assert np.median(apart[own.mask]) > 0.02
    wanted = {"Hbb": {5}, "Hcc": {4}, "Hgg": {21}}
    numbers = {"Hbb": {41}, "Hcc": {42}, "Hgg": {44}, "H4q": {45}, "Hqql": {46},
               "Zqq": {31, 32, 33}, "Wqq": {21, 22}, "Tbqq": {11, 12}, "Tbl": {15, 16},
               "QCD": {50}}  # fmt: skip
    for k, name in enumerate(CLASSES):
        mine = jets.label == k
        number = own.mask[mine].sum(axis=1)
        assert (number <= 1).all() if name == "QCD" else (number == KINDS[name].prongs).all()
        pdg = np.abs(own.truth["pdg_id"][mine][own.mask[mine]])
        leptons = np.isin(np.abs(own.truth["pdg_id"][mine]), (11, 13)).sum(axis=1)
        assert (leptons == (name in ("Hqql", "Tbl"))).all()
        assert set(pdg) <= {1, 2, 3, 4, 5, 11, 13, 21}
        if name in wanted:
            assert set(pdg) == wanted[name]
        assert set(match[mine]) <= numbers[name]
        if name == "QCD":
            assert not tables["jets"]["aux_genpart_pid"][mine].any()
            continue
        assert (np.abs(tables["jets"]["aux_genpart_pid"][mine]) == NUMBER[name[0]]).all()
        if name in ("Hqql", "Tbl"):
            continue  # a neutrino is missing
        four = np.stack([partons[n][mine] for n in ("px", "py", "pz", "energy")], axis=-1)
        mass = mass_of(four.sum(axis=1).astype(float))
        assert np.median(mass) == pytest.approx(MASS[name[0]], rel=0.03), name
        total = four.sum(axis=1)
        pt = np.hypot(total[:, 0], total[:, 1])
        # a W boson of a top is as it decays, the b quark beside it as it is before it radiates
        ratio = pt / tables["jets"]["aux_genpart_pt"][mine]
        np.testing.assert_allclose(ratio, 1, rtol=0.15 if name == "Tbqq" else 1e-3)


def test_prongs_are_as_many_as_shapes_say(jets) -> None:
    own = jets["jets"]
    tau = [own.column(f"jet_tau{n}").astype(float) for n in (1, 2, 3, 4)]
    assert (np.diff(np.stack(tau, axis=1), axis=1) <= 1e-6).all()
    two, three = tau[1] / tau[0], tau[2] / tau[1]
    assert np.median(two[of(jets, "Zqq", "Wqq", "Hcc")]) < 0.8 * np.median(two[of(jets, "QCD")])
    assert np.median(three[of(jets, "Tbqq")]) < np.median(three[of(jets, "Zqq", "Wqq")])


def slow_prongs(record, row: int) -> list[int]:
    """Follow one particle to its last copy and return the rows of what that decays to."""
    children = np.flatnonzero(record.mother == row)
    same = [c for c in children if record.pdg[c] == record.pdg[row]]
    if same:
        return slow_prongs(record, same[0])
    found = []
    for c in children:
        if abs(record.pdg[c]) == 24:
            found += slow_prongs(record, c)
        elif abs(record.pdg[c]) not in (12, 14, 16):
            found.append(int(c))
    return found


def test_decays_are_those_of_a_slow_walk_through_the_record(record) -> None:
    found = decays(record, KINDS["Tbqq"])
    assert len(found.event) == 2 * record.events
    first = {}
    for row in np.flatnonzero(np.abs(record.pdg) == 6):
        first.setdefault((record.event[row], int(record.pdg[row])), row)
    for event, resonance, prong in zip(*found, strict=True):
        assert record.event[resonance] == event
        slow = slow_prongs(record, first[event, int(record.pdg[resonance])])
        assert sorted(slow) == sorted(p for p in prong if p >= 0)
        assert sorted(np.abs(record.pdg[slow]))[-1] == 5
    # two leptons are not three quarks
    assert len(decays(record, KINDS["Tbl"]).event) == 0


def test_of_pairs_of_z_those_with_neutrinos_are_taken() -> None:
    pythia = generator("jetclass-zqq", "PhaseSpace:pTHatMin = 450")
    pythia.seed(3)
    record = pythia.events(60)
    found = decays(record, KINDS["Zqq"])
    share = len(found.event) / record.events
    assert 0.15 < share < 0.55  # 2 * 0.78 * 0.22
    assert len(set(found.event)) == len(found.event)
    for event, prong in zip(found.event, found.prong, strict=True):
        assert set(np.abs(record.pdg[prong[:2]])) <= {1, 2, 3, 4, 5}
        there = record.event == event
        from_z = there & (np.abs(record.pdg[record.mother]) == 23)
        assert np.isin(np.abs(record.pdg[from_z]), (12, 14, 16)).sum() == 2


def test_a_jet_holds_all_prongs_or_is_none_of_theirs(record) -> None:
    found = decays(record, KINDS["Tbqq"])
    top = record.momentum[found.resonance]
    eta = np.arcsinh(top[:, 2] / np.hypot(top[:, 0], top[:, 1]))
    phi = np.arctan2(top[:, 1], top[:, 0])
    jets = Jets(found.event, eta * 0 + 500, eta, phi, eta * 0)
    held = containing(record, jets, found)
    for i, (event, at_eta, at_phi) in enumerate(zip(found.event, eta, phi, strict=True)):
        inside = []
        for k in np.flatnonzero(found.event == event):
            p = record.momentum[found.prong[k][found.prong[k] >= 0]]
            d_eta = np.arcsinh(p[:, 2] / np.hypot(p[:, 0], p[:, 1])) - at_eta
            d_phi = delta_phi(np.arctan2(p[:, 1], p[:, 0]), np.full(len(p), at_phi))
            if np.hypot(d_eta, d_phi).max() < 0.8:
                inside.append(k)
        assert held[i] == (inside[0] if inside else -1)
    assert 0.3 < (held >= 0).mean() < 0.95
    nothing = Origins(found.event[:0], found.resonance[:0], found.prong[:0])
    assert (containing(record, jets, nothing) == -1).all()


def test_selected_jets_are_clustered_from_all_candidates(record) -> None:
    found = find(record, KINDS["Tbqq"], np.random.default_rng(1))
    assert len(found) > 10
    first = np.cumsum(found.size) - found.size
    for i in range(len(found)):
        rows = found.particle[first[i] : first[i] + found.size[i]]
        assert set(found.candidates["event"][rows]) == {found.event[i]}
        assert found.origins.event[found.origin[i]] == found.event[i]
    soft = dataclasses.replace(record, momentum=record.momentum / 10)
    assert len(find(soft, KINDS["Tbqq"], np.random.default_rng(1))) == 0


def test_the_energy_of_events_is_found_again(record) -> None:
    kept = np.arange(record.events) % 4 > 0
    found = flow(record, kept, np.random.default_rng(1))
    assert set(found["event"]) == set(np.flatnonzero(kept))
    assert (np.diff(found["event"]) >= 0).all()
    px, py, pz, energy = record.momentum.T
    final = (record.status > 0) & ~np.isin(np.abs(record.pdg), (12, 13, 14, 16))
    final &= np.abs(pz) < np.hypot(px, py) * np.sinh(2.0)
    true = np.bincount(record.event[final], energy[final])[kept]
    eta = np.arcsinh(found["momentum"][:, 2] / np.hypot(*found["momentum"][:, :2].T))
    seen = (np.abs(eta) < 2) & (np.abs(found["pid"]) != MUON)
    measured = np.bincount(found["event"][seen], found["momentum"][seen, 3])[kept]
    ratio = measured / true
    assert 0.95 < np.median(ratio) < 1.03
    assert ratio.std() < 0.08
    neutral = found["charge"] == 0
    assert set(found["pid"][neutral]) == {PHOTON, NEUTRAL_HADRON}
    assert not found["impact"][neutral].any()


def particle(pdg: int, charge: int, pt: float, eta: float = 0.1, phi: float = 0.3) -> np.ndarray:
    made = np.zeros(1, dtype=PARTICLE)
    made["pdg"], made["charge"] = pdg, charge
    momentum = [pt * np.cos(phi), pt * np.sin(phi), pt * np.sinh(eta), pt * np.cosh(eta)]
    made["momentum"] = momentum
    return made


def test_charged_particles_are_bent_on_the_way_to_the_calorimeter() -> None:
    for pt, charge in itertools.product((1.0, 5.0, 100.0), (-1, 0, 1)):
        eta, phi, arrives = at_calorimeter(particle(211, charge, pt))
        turn = FIELD_RADIUS.value / (2 * radius(np.array(pt)))
        assert phi == pytest.approx(0.3 - charge * np.arcsin(turn))
        assert eta == pytest.approx(0.1)
        assert arrives.all()
    *_, arrives = at_calorimeter(particle(211, 1, 0.3))
    assert not arrives.any()  # it turns back before


def test_particles_in_one_cell_are_measured_together() -> None:
    width = 2 * np.pi / 72
    two = [particle(130, 0, 10.0, 0.1 * width, phi) for phi in (0.1 * width, 0.9 * width)]
    other = particle(130, 0, 20.0, 0.1 * width, 1.1 * width)
    some = np.concatenate([two[0], other, two[1]])
    eta, phi, _ = at_calorimeter(some)
    many = [fill(some, eta, phi, HADRONIC.value, np.random.default_rng(i)) for i in range(400)]
    for cells, cell in many:
        assert cell[0] == cell[2] != cell[1]
        assert len(cells.event) == 2
        assert (cells.phi[cell[0]], cells.phi[cell[1]], cells.eta[cell[0]]) == (0, 1, 0)
    measured = np.array([cells.measured[cell[0]] for cells, cell in many])
    true = some["momentum"][[0, 2], 3].sum()
    sigma = 0.50 * np.sqrt(true) + 0.03 * true
    assert many[0][0].sigma[many[0][1][0]] == pytest.approx(sigma)
    assert measured.mean() == pytest.approx(true, abs=4 * sigma / 20)
    assert measured.std() == pytest.approx(sigma, rel=0.15)


def track(energy: float, relative: float, pid: int = 211) -> tuple[np.ndarray, np.ndarray]:
    charged, measured = np.zeros(1, dtype=CANDIDATE), np.zeros(1, dtype=TRACK)
    charged["pid"], charged["charge"], charged["momentum"] = pid, 1, [energy, 0, 0, energy]
    measured["q_over_p"] = 1 / energy
    measured["sigma"][:, -1] = relative / energy
    return charged, measured


def one_cell(measured: float, sigma: float) -> Cells:
    whole = np.zeros(1, dtype=np.int64)
    return Cells(whole, whole + 3, whole + 5, np.array([measured]), np.array([sigma]))


@pytest.mark.parametrize(
    ("measured", "sigma", "energy", "relative", "neutral", "scaled"),
    [
        (10.0, 1.0, None, 0.0, 10.0, None),  # without a track, all is neutral
        (0.9, 0.1, None, 0.0, None, None),  # less than a hadron shows
        (100.0, 10.0, 50.0, 0.02, 50.0, 50.0),  # an excess of five uncertainties
        (55.0, 10.0, 50.0, 0.02, None, 50.0 + 5.0 * 1.0 / 101.0),  # a good track
        (55.0, 10.0, 50.0, 0.4, None, 50.0 + 5.0 * 400.0 / 500.0),  # a poor one
        (20.0, 10.0, 50.0, 0.4, None, 50.0 - 30.0 * 400.0 / 500.0),
    ],
)
def test_what_tracks_do_not_explain_is_a_neutral_particle(
    measured, sigma, energy, relative, neutral, scaled
) -> None:
    charged, tracks = track(energy or 1.0, relative)
    cell = np.array([0 if energy else -1])
    made = explain(
        one_cell(measured, sigma), cell, charged, tracks, HADRONIC.value, NEUTRAL_HADRON,
        np.random.default_rng(1),
    )  # fmt: skip
    assert len(made) == (neutral is not None)
    if neutral is not None:
        px, py, pz, found = made["momentum"][0]
        assert found == pytest.approx(neutral)
        assert np.hypot(np.hypot(px, py), pz) == pytest.approx(neutral)  # massless
        width = 2 * np.pi / 72
        assert 3 * width < np.arcsinh(pz / np.hypot(px, py)) < 4 * width
        assert 5 * width < np.arctan2(py, px) < 6 * width
    wanted = scaled or energy or 1.0
    assert charged["momentum"][0] == pytest.approx([wanted, 0, 0, wanted])


def test_photons_have_finer_cells_than_hadrons() -> None:
    fine, coarse = ELECTROMAGNETIC.value, HADRONIC.value
    assert fine.cells == 5 * coarse.cells
    assert fine.resolution[0] < coarse.resolution[0]
    assert fine.least < coarse.least


@pytest.mark.parametrize(
    ("name", "prongs", "number"),
    [
        ("QCD", [21, 0, 0, 0], 50),
        ("Hbb", [5, -5, 0, 0], 41),
        ("Hcc", [-4, 4, 0, 0], 42),
        ("Hgg", [21, 21, 0, 0], 44),
        ("H4q", [4, -5, 4, -5], 45),
        ("Hqql", [4, -3, ELECTRON, 0], 46),
        ("Zqq", [5, -5, 0, 0], 31),
        ("Zqq", [4, -4, 0, 0], 32),
        ("Zqq", [2, -2, 0, 0], 33),
        ("Wqq", [4, -3, 0, 0], 21),
        ("Wqq", [2, -1, 0, 0], 22),
        ("Tbqq", [5, 4, -3, 0], 11),
        ("Tbqq", [-5, -2, 1, 0], 12),
        ("Tbl", [5, -ELECTRON, 0, 0], 15),
        ("Tbl", [-5, MUON, 0, 0], 16),
    ],
)
def test_decays_have_jetclass_s_numbers(name, prongs, number) -> None:
    assert decay_number(KINDS[name], np.array([prongs])) == number


def test_fewer_constituents_leave_the_jets_as_they_are(settings, tables, jets, tmp_path) -> None:
    few = dataclasses.replace(settings, constituents=10)
    few.write(tmp_path / "0.root", tables)
    read = few.reopen([tmp_path / "0.root"]).read()
    np.testing.assert_array_equal(read["jets"].values, jets["jets"].values)
    np.testing.assert_array_equal(read["constituents"].values, jets["constituents"].values[:, :10])


@pytest.mark.parametrize(
    ("arguments", "error", "said"),
    [
        ({"classes": ["Hbb", "Hc"]}, UnknownNameError, "class of jets 'Hc': did you mean 'Hcc'"),
        ({"classes": ["Hbb"]}, BadValueError, "expected two or more different ones"),
        ({"classes": ["Hbb", "Hbb"]}, BadValueError, "expected two or more different ones"),
        ({"jets": 0}, BadValueError, "jets = 0: expected 1 or more"),
        ({"constituents": 0}, BadValueError, "constituents = 0: expected 1 or more"),
        (
            {"jets": 9},
            BadValueError,
            "jets = 9: expected one or more of each of the 10 classes",
        ),
    ],
)
def test_arguments_that_make_no_sense_are_refused(arguments, error, said) -> None:
    with pytest.raises(error, match=said):
        datasets.make("jetclass", **arguments)


def test_they_say_that_they_are_not_jetclass_s_own():
    assert "not JetClass's own" in JetClass(jets=10).assumptions
