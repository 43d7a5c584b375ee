from __future__ import annotations

import dataclasses
import pickle
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import numpy as np
import pytest

from jetlens.core.errors import BadValueError, UnknownNameError
from jetlens.core.registry import datasets
from jetlens.data.events.clustering import Jets
from jetlens.data.events.generator import EventRecord
from jetlens.data.fat_jets import FatJets
from jetlens.data.fat_jets.arrays import MOST, Cuts, find, matched
from jetlens.data.fat_jets.particles import CONSTITUENTS
from jetlens.data.readers import ftag
from jetlens.physics import xaug
from physics_particles import momenta

KINDS = ("is_muon", "is_electron", "is_photon", "is_charged_hadron", "is_neutral_hadron")


def generate(partition) -> dict[str, bytes]:
    return {name: table.tobytes() for name, table in partition.arrays().items()}


def test_a_partition_depends_on_settings_seed_and_index_alone(fat_settings, capfd) -> None:
    small = dataclasses.replace(fat_settings, jets=7, partition=3)
    parts = small.partitions()
    assert [p.jets for p in parts] == [3, 3, 1]
    forwards = [generate(p) for p in parts]
    assert generate(parts[0]) == forwards[0]
    assert len({f["constituents"] for f in forwards}) == 3
    other = dataclasses.replace(small, seed=small.seed + 1).partitions()
    assert generate(other[0]) != forwards[0]
    assert pickle.loads(pickle.dumps(parts[1])) == parts[1]
    assert capfd.readouterr() == ("", "")  # neither Pythia nor FastJet says a word
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as worker:
        assert list(worker.map(generate, reversed(parts))) == forwards[::-1]


def test_classes_are_equal_shares_of_the_whole(fat_settings, fat_arrays) -> None:
    assert np.bincount(fat_arrays["jets"]["label"]).tolist() == [100, 100]
    labels = []
    for partition in dataclasses.replace(fat_settings, jets=5, partition=3).partitions():
        labels += partition.arrays()["jets"]["label"].tolist()
    assert sorted(labels) == [0, 0, 0, 1, 1]


def test_the_layout_is_full_and_finite(fat_arrays) -> None:
    jets, particles = fat_arrays["jets"], fat_arrays["constituents"]
    assert {f.name for f in xaug.FEATURES} <= set(jets.dtype.names)
    assert len(CONSTITUENTS) == 17
    assert particles.shape == (200, MOST)
    valid = particles["valid"]
    for feature in CONSTITUENTS:
        values = particles[feature.name]
        assert np.isfinite(values[valid]).all(), feature
        assert not values[~valid].any(), feature
        if feature.name != "is_muon":  # there may be none among so few jets
            assert len(np.unique(values[valid])) > 1, feature
    for feature in xaug.FEATURES:
        assert np.isfinite(jets[feature.name]).all(), feature


def test_jets_pass_the_cuts(fat_arrays) -> None:
    jets = fat_arrays["jets"]
    assert jets["pt"].min() > 200
    assert np.abs(jets["eta"]).max() < 2.4
    assert jets["sdmass"].min() > 50
    assert jets["sdmass"].max() < 150
    assert (jets["sdmass"] <= jets["mass"] * (1 + 1e-6)).all()
    assert jets["zg"].min() > 0.1


def test_the_groomed_mass_of_zz_peaks_at_the_z_and_that_of_qcd_does_not(fat_arrays) -> None:
    mass, label = fat_arrays["jets"]["sdmass"], fat_arrays["jets"]["label"]
    near = np.abs(mass - 91.2) < 12
    assert near[label == 1].mean() > 0.5
    assert near[label == 0].mean() < 0.35
    assert np.median(mass[label == 1]) == pytest.approx(91.2, abs=4)
    assert np.median(mass[label == 0]) < 85
    two_prongs = fat_arrays["jets"]["tau21"]
    assert np.median(two_prongs[label == 1]) < np.median(two_prongs[label == 0]) - 0.08


def test_particles_add_up_to_their_jets(fat_arrays) -> None:
    jets, particles = fat_arrays["jets"], fat_arrays["constituents"]
    valid = particles["valid"]
    np.testing.assert_array_equal(valid.sum(axis=1), np.minimum(jets["multiplicity"], MOST))
    pt = np.where(valid, np.exp(particles["log_pt"]), 0)
    assert (np.diff(pt, axis=1) <= 0).all()
    share = np.where(valid, np.exp(particles["log_pt_rel"]), 0)
    np.testing.assert_allclose(share * jets["pt"][:, None], pt, rtol=1e-4, atol=1e-6)
    all_kept = jets["multiplicity"] <= MOST
    assert all_kept.mean() > 0.9
    # the vector sum points along the axis that dphi is relative to, and is the jet's pt
    along = (pt * np.cos(particles["dphi"])).sum(axis=1)
    across = (pt * np.sin(particles["dphi"])).sum(axis=1)
    np.testing.assert_allclose(along[all_kept], jets["pt"][all_kept], rtol=1e-4)
    np.testing.assert_allclose(across[all_kept], 0, atol=0.05)
    energy = np.where(valid, np.exp(particles["log_e"]), 0)
    momentum = np.where(valid, pt * np.cosh(particles["abs_eta"]), 0)
    assert (energy >= momentum * (1 - 1e-4)).all()


def test_distances_are_from_jet_and_prongs(fat_arrays) -> None:
    jets, particles = fat_arrays["jets"], fat_arrays["constituents"]
    valid = particles["valid"]
    np.testing.assert_allclose(
        particles["dr"], np.hypot(particles["deta"], particles["dphi"]), atol=1e-5
    )
    for k in (1, 2):
        deta = particles["deta"] - jets[f"subjet{k}_deta"][:, None]
        dphi = particles["dphi"] - jets[f"subjet{k}_dphi"][:, None]
        np.testing.assert_allclose(
            particles[f"dr_subjet{k}"][valid], np.hypot(deta, dphi)[valid], atol=1e-4
        )
    nearest = np.minimum(particles["dr_subjet1"], particles["dr_subjet2"])[:, 0]
    assert np.median(nearest) < 0.1  # the hardest particle lies in one of the prongs
    assert (jets["subjet1_pt"] >= jets["subjet2_pt"]).all()


def test_each_particle_is_of_one_kind(fat_arrays) -> None:
    particles = fat_arrays["constituents"]
    some = particles[particles["valid"]]
    assert (sum(some[kind] for kind in KINDS) == 1).all()
    charged = some["charge"] != 0
    np.testing.assert_array_equal(
        charged, some["is_muon"] + some["is_electron"] + some["is_charged_hadron"] > 0
    )
    assert not some["d_xy"][~charged].any()
    assert not some["d_z"][~charged].any()
    assert 0.4 < some["is_charged_hadron"].mean() < 0.75
    assert 0.15 < some["is_photon"].mean() < 0.5
    # most tracks begin at the collision; what is displaced lies rather in front of it
    hard = some["log_pt"] > 0  # the direction of softer ones says little of where they come from
    displaced = some["d_xy"][hard & (np.abs(some["d_xy"]) > 0.05)]
    assert len(displaced) > 50
    assert (np.abs(some["d_xy"][charged]) < 0.02).mean() > 0.7
    assert (displaced > 0).mean() > 0.6
    assert np.abs(some["d_xy"]).max() < 150  # nothing decays more than a few cm away


def test_what_is_written_is_read_image_included(fat_settings, fat_arrays, tmp_path) -> None:
    ftag.write(tmp_path / "0.h5", fat_arrays)
    read = fat_settings.reopen([tmp_path / "0.h5"]).read()
    made = fat_settings.images.add(ftag.to_batch(fat_arrays))
    assert list(read.collections) == ["jets", "constituents", "image"]
    assert read.classes == ("qcd", "zz")
    assert read["jets"].features == xaug.FEATURES
    assert read["constituents"].features == CONSTITUENTS
    for name in read.collections:
        np.testing.assert_array_equal(read[name].values, made[name].values)
    np.testing.assert_array_equal(read.label, made.label)
    np.testing.assert_array_equal(read.event, fat_arrays["jets"]["eventNumber"])
    # two jets of one event share its number, jets of two processes never do
    zz = read.event[read.label == 1]
    assert len(np.unique(zz)) < len(zz)
    assert not set(zz) & set(read.event[read.label == 0])


def test_images_show_the_prongs_where_they_should_be(fat_settings, fat_arrays) -> None:
    image = fat_settings.images.add(ftag.to_batch(fat_arrays))["image"].values[:, 0]
    assert image.shape == (200, 32, 32)
    mean = image.mean(axis=0)
    rows = mean.sum(axis=1)  # pixels of 1/8, the first prong between rows 15 and 16
    peak = int(np.argmax(rows[:13]))
    assert peak in (7, 8)  # at -1
    assert int(np.argmax(rows)) in (15, 16)
    assert rows[11] < rows[peak] > rows[4]
    right, left = image[:, :, 16:].sum(axis=(1, 2)), image[:, :, :16].sum(axis=(1, 2))
    assert (right > left - 0.02).all()  # what the window cuts off counts too
    np.testing.assert_allclose(image.sum(axis=(1, 2)), 1, atol=0.15)


def record(pdg, status, mother, momentum, event=None) -> EventRecord:
    n = len(pdg)
    return EventRecord(
        event=np.zeros(n, dtype=np.int64) if event is None else np.asarray(event),
        pdg=np.asarray(pdg, dtype=np.int32),
        status=np.asarray(status, dtype=np.int32),
        mother=np.asarray(mother, dtype=np.int64),
        momentum=np.asarray(momentum, dtype=float),
        vertex=np.zeros((n, 3)),
        events=1,
        weight=np.ones(1),
    )


def test_matching_takes_the_last_copy_within_the_radius() -> None:
    # a Z at the first jet, whose last copy has moved to the second; another far from any jet
    eta = np.array([0.0, 2.0, -3.0])
    made = record(
        [23, 23, 23], [-22, -62, -62], [-1, 0, -1], momenta(np.full(3, 9.0), eta, np.zeros(3))
    )
    jets = Jets(
        *(
            np.array(v)
            for v in ([0, 0, 0], [300.0, 250, 220], [0.0, 2.1, -2.0], [0.0] * 3, [90.0] * 3)
        )
    )
    assert matched(made, jets, 23, 0.8).tolist() == [False, True, False]
    assert not matched(made, jets, 24, 0.8).any()


def test_neutrinos_and_distant_particles_are_not_clustered() -> None:
    pt, eta = np.array([150.0, 150.0, 300.0]), np.array([0.0, 0.5, 0.2])
    made = record([211, 211, 14], [1, 1, 1], [-1] * 3, momenta(pt, eta, np.zeros(3)))
    cuts = Cuts(0.8, 200, np.inf, 2.4, (20, 150))
    found = find(made, cuts, None)
    assert found.size.tolist() == [2]
    assert sorted(found.particle) == [0, 1]
    assert len(find(made, cuts._replace(pt_max=250), None)) == 0
    assert len(find(made, cuts._replace(eta_max=0.2), None)) == 0
    assert len(find(made, cuts._replace(mass=(100, 150)), None)) == 0


def test_more_than_two_processes_and_other_cuts(fat_settings) -> None:
    data = FatJets(
        processes=["qcd", "ttbar", "zz"], jets=6, partition=6, radius=1.0, pt_min=300, pt_max=600
    )
    jets = data.partitions()[0].arrays()["jets"]
    assert sorted(jets["label"]) == [0, 0, 1, 1, 2, 2]
    assert jets["pt"].min() > 300
    assert jets["pt"].max() < 600
    assert data.read().classes == ("qcd", "ttbar", "zz")


def test_it_is_registered_and_refuses_what_makes_no_sense() -> None:
    assert datasets.make("fat-jets", jets=10).processes == ("qcd", "zz")
    with pytest.raises(UnknownNameError, match="did you mean 'zz'"):
        FatJets(processes=("qcd", "z"))
    for wrong in (
        {"processes": ("qcd",)},
        {"processes": ("qcd", "qcd")},
        {"jets": 0},
        {"partition": 0},
        {"radius": 0.0},
        {"pt_min": -1.0},
        {"pt_max": 100.0},
        {"eta_max": 0.0},
        {"mass": (150.0, 50.0)},
        {"mass": (50.0,)},
        {"seed": -1},
        {"pixels": 0},
        {"window": -1.0},
    ):
        with pytest.raises(BadValueError, match=next(iter(wrong))):
            FatJets(**wrong)


def test_cuts_that_nothing_passes_are_told(monkeypatch) -> None:
    monkeypatch.setattr("jetlens.data.events.gather.IN_VAIN", 300)
    monkeypatch.setattr("jetlens.data.events.veto.PATIENCE", 10)
    data = FatJets(jets=2, pt_min=500, mass=(499.0, 499.1))
    with pytest.raises(BadValueError, match=r"none of \d+ events has .* process 'qcd'"):
        data.read()
