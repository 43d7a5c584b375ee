from __future__ import annotations

import dataclasses

import h5py
import numpy as np
import pytest

import jetlens as jl
from jetlens.core.errors import BadValueError, JetlensError, UnknownNameError
from jetlens.core.registry import datasets
from jetlens.data.events.generator import cross_section, generator
from jetlens.data.readers import ftag
from jetlens.data.two_fat_jets import TwoFatJets
from jetlens.data.two_fat_jets.btagging import tagged
from jetlens.data.two_fat_jets.columns import MISSING, OBJECTS, SUBJETS
from jetlens.data.two_fat_jets.events import Cuts, find
from jetlens.physics.kinematics import delta_phi, mass_of
from jetlens.run.inspect import describe
from physics_particles import momenta


def four(objects) -> np.ndarray:
    """Return momenta ``[..., 4]`` of objects."""
    made = momenta(*(objects[n].astype(float) for n in ("pt", "eta", "phi", "mass")))
    np.testing.assert_allclose(made[..., 3], objects["energy"], rtol=1e-4, atol=1e-3)
    return made


def test_half_is_signal_and_every_kind_has_its_share() -> None:
    data = TwoFatJets(jets=100_000, masses=(500, 1000, 2000))
    kinds = np.bincount(data.kinds(np.arange(data.jets)))
    np.testing.assert_allclose(kinds / data.jets, [1 / 6, 1 / 6, 1 / 6, 0.45, 0.05], atol=1e-4)
    stretch = np.bincount(data.kinds(np.arange(7_000, 9_000)), minlength=5)
    np.testing.assert_allclose(stretch, [333, 333, 333, 900, 100], atol=3)


def test_labels_processes_and_masses_agree(two_fat_settings, two_fat_arrays) -> None:
    jets = two_fat_arrays["jets"]
    assert np.bincount(jets["label"]).tolist() == [80, 80]
    np.testing.assert_array_equal(jets["label"] == 1, jets["process"] == 0)
    assert np.bincount(jets["process"], minlength=3)[1:] == pytest.approx([72, 8], abs=1)
    masses, counts = np.unique(jets["resonance_mass"], return_counts=True)
    assert masses.tolist() == [0, 750, 1500]
    assert counts.tolist() == [80, 40, 40]
    assert len(np.unique(jets["eventNumber"])) == len(jets)
    two = dataclasses.replace(two_fat_settings, jets=5, partition=3, backgrounds={"ttbar": 1})
    labels = np.concatenate([p.arrays()["jets"]["label"] for p in two.partitions()])
    assert sorted(labels) == [0, 0, 0, 1, 1]


@pytest.mark.parametrize("mass", [600, 1750])
def test_the_resonance_has_the_mass_that_was_asked_for(mass) -> None:
    pythia = generator("heavy-higgs", f"35:m0 = {mass}", f"35:mWidth = {0.005 * mass}")
    pythia.seed(2)
    record = pythia.events(60)
    # the light Higgs bosons as they are made, before they radiate or decay
    heavy = np.isin(record.mother, np.flatnonzero(record.pdg == 35))
    rows = np.flatnonzero(heavy & (record.pdg == 25))
    assert len(rows) == 2 * record.events
    m_hh = mass_of(record.momentum[rows].reshape(-1, 2, 4).sum(axis=1))
    assert np.median(m_hh) == pytest.approx(mass, rel=0.01)
    assert np.percentile(m_hh, 75) - np.percentile(m_hh, 25) < 0.02 * mass
    bs = np.isin(record.mother, np.flatnonzero(record.pdg == 25)) & (np.abs(record.pdg) == 5)
    assert bs.sum() == 4 * record.events


def test_what_is_assumed_is_said() -> None:
    said = TwoFatJets().assumptions
    for words in ("R = 1 with pT above 200 GeV", "77 % of b, 20 % of c, 0.59 % of light ones"):
        assert words in said
    # where the pair fits into the jets
    assert "above 250 GeV, which the decay of a resonance at rest gives it from 560 GeV on" in said
    assert "above 500 GeV, which" in TwoFatJets(radius=0.5).assumptions


def test_the_same_particles_are_final_in_every_card(two_fat_settings) -> None:
    for k in (0, 2, 3):
        name, pythia, _ = two_fat_settings.source(k)
        pythia.seed(8)
        record = pythia.events(10)
        final = set(np.abs(record.pdg[record.status > 0]))
        assert {310, 3122} <= final, name  # K0S and Lambda live long enough
        assert not {111, 511, 15} & final, name


def test_objects_add_up(two_fat_arrays) -> None:
    objects, jets = two_fat_arrays["objects"], two_fat_arrays["jets"]
    assert objects.shape == (160, len(OBJECTS))
    assert objects["valid"][:, :4].all()
    for name in ("pt", "eta", "phi", "mass", "energy"):
        assert np.isfinite(objects[name]).all()
        assert not objects[name][~objects["valid"]].any()
    p = four(objects)
    scale = objects["energy"][:, 0].max()
    np.testing.assert_allclose(p[:, 0], p[:, 1] + p[:, 2], atol=1e-5 * scale)
    assert (objects["pt"][:, 1] >= objects["pt"][:, 2]).all()
    assert objects["pt"][:, 2].min() > 200
    assert np.abs(objects["eta"][:, 1:3]).max() < 2
    for fat, one, other in ((1, 3, 4), (2, 5, 6)):
        assert (objects["pt"][:, one] >= objects["pt"][:, other]).all()
        # the prongs are the trimmed jet, which is a part of the fat jet
        groomed = p[:, one] + np.where(objects["valid"][:, other], 1, 0)[:, None] * p[:, other]
        np.testing.assert_allclose(mass_of(groomed), jets[f"m_{fat}"], atol=0.3)
        assert (groomed[:, 3] <= p[:, fat, 3] * (1 + 1e-5)).all()
        assert (jets[f"m_{fat}"] <= objects["mass"][:, fat] + 0.05).all()
        for prong in (one, other):
            there = objects["valid"][:, prong]
            deta = objects["eta"][there, prong] - objects["eta"][there, fat]
            dphi = delta_phi(objects["phi"][there, prong], objects["phi"][there, fat])
            assert np.hypot(deta, dphi).max() < 1.25
    np.testing.assert_array_equal(jets["m_hh"], objects["mass"][:, 0])
    np.testing.assert_allclose(
        jets["deta_hh"], np.abs(objects["eta"][:, 1] - objects["eta"][:, 2]), rtol=1e-5
    )


def test_the_next_jet_is_another_one_or_masked(two_fat_arrays) -> None:
    objects = two_fat_arrays["objects"]
    there = objects["valid"][:, 7]
    assert 0.1 < there.mean() < 0.98
    some = objects[there]
    assert some["pt"][:, 7].min() > 30
    assert np.abs(some["eta"][:, 7]).max() < 4.5
    for fat in (1, 2):
        deta = some["eta"][:, 7] - some["eta"][:, fat]
        distance = np.hypot(deta, delta_phi(some["phi"][:, 7], some["phi"][:, fat]))
        assert distance.min() > 0.5
        assert np.median(distance) > 1


def test_higgs_bosons_and_the_resonance_are_seen(two_fat_arrays) -> None:
    jets = two_fat_arrays["jets"]
    heavy = jets[jets["resonance_mass"] == 1500]
    assert np.median(heavy["m_hh"]) == pytest.approx(1500, rel=0.05)
    groomed = np.concatenate([heavy["m_1"], heavy["m_2"]])
    assert np.median(groomed) == pytest.approx(120, abs=12)
    assert (np.abs(groomed - 120) < 20).mean() > 0.5
    background = np.concatenate([jets[n][jets["process"] == 1] for n in ("m_1", "m_2")])
    assert (np.abs(background - 120) < 20).mean() < 0.25


def test_missing_momentum_is_minus_all_that_is_seen() -> None:
    pythia = generator("ttbar")
    pythia.seed(6)
    record = pythia.events(120)
    pairs = find(record, Cuts(1.0, 100.0, 2.0))
    assert len(pairs) > 10
    seen = (record.status > 0) & ~np.isin(np.abs(record.pdg), (12, 14, 16))
    for i in range(2):
        total = np.bincount(record.event[seen], record.momentum[seen, i], record.events)
        np.testing.assert_allclose(pairs.missing[:, i], -total[pairs.event], atol=1e-3)
    assert np.median(np.hypot(*pairs.missing.T)) > 3


def test_missing_momentum_fluctuates_with_what_is_seen(two_fat_settings, two_fat_arrays) -> None:
    exact = dataclasses.replace(two_fat_settings, missing_resolution=0.0).partitions()[0].arrays()
    pulls = []
    for direction in (np.cos, np.sin):
        measured, true = (
            a["objects"]["pt"][:, MISSING] * direction(a["objects"]["phi"][:, MISSING])
            for a in (two_fat_arrays, exact)
        )
        pulls.append((measured - true) / np.sqrt(exact["jets"]["sum_et"]))
    pull = np.concatenate(pulls)  # 320: errors of 5.6 and 4 % of the width
    assert abs(pull.mean()) < 4 * 0.5 * 0.056
    assert pull.std() == pytest.approx(0.5, rel=4 * 0.04)
    missing = two_fat_arrays["objects"][:, MISSING]
    np.testing.assert_array_equal(two_fat_arrays["jets"]["met"], missing["pt"])
    np.testing.assert_array_equal(missing["energy"], missing["pt"])
    assert missing["valid"].all()
    assert not exact["objects"]["valid"][:, MISSING].all()
    assert (exact["jets"]["sum_et"] > exact["jets"]["pt_1"] + exact["jets"]["pt_2"] - 1).all()
    for n in ("m_hh", "tag_1", "xsec_weight"):
        np.testing.assert_array_equal(two_fat_arrays["jets"][n], exact["jets"][n])
    with pytest.raises(BadValueError, match=r"missing_resolution = -1: expected 0 or more"):
        dataclasses.replace(two_fat_settings, missing_resolution=-1)


def test_particles_are_those_of_the_fat_jets(two_fat_settings, two_fat_arrays) -> None:
    particles, objects = two_fat_arrays["constituents"], two_fat_arrays["objects"]
    valid, fat = particles["valid"], particles["fat_jet"]
    assert particles.shape == (160, 2 * two_fat_settings.constituents)
    fat_pt = np.take_along_axis(objects["pt"][:, 1:3], fat.astype(int), axis=1)
    pt = np.where(valid, particles["pt_frac"] * fat_pt, 0)
    assert (np.diff(pt, axis=1) <= 1e-3).all()  # the hardest of both jets first
    for k in range(2):
        mine = valid & (fat == k)
        assert mine.sum(axis=1).min() > 3
        assert mine.sum(axis=1).max() <= two_fat_settings.constituents
        share = np.where(mine, particles["pt_frac"], 0).sum(axis=1)
        assert share.min() > 0.6
        all_kept = mine.sum(axis=1) < two_fat_settings.constituents
        assert all_kept.sum() > 10
        assert share[all_kept].min() > 0.97
        assert all(len(set(f[m])) == 1 for f, m in zip(particles["flip"], mine, strict=True))
    assert set(np.unique(particles["flip"][valid])) == {-1, 1}
    assert 0.3 < (particles["flip"][valid] == 1).mean() < 0.7
    kinds = np.bincount(particles["type"][valid], minlength=5) / valid.sum()
    assert 0.4 < kinds[0] < 0.75
    assert 0.1 < kinds[2] < 0.5
    assert (particles["dr_subjet"][valid] >= 0).all()
    assert np.median(particles["dr_subjet"][:, 0]) < 0.1
    # the softest are heavy for their momentum: it is their rapidity that jets are made by
    hard = valid & (particles["pt"] > 1)
    assert np.hypot(particles["deta"], particles["dphi"])[hard].max() < 1.4
    np.testing.assert_allclose(particles["pt"], pt, rtol=1e-4, atol=1e-4)


def test_signal_stands_upright_with_two_prongs(two_fat_arrays) -> None:
    particles, jets = two_fat_arrays["constituents"], two_fat_arrays["jets"]
    x, y, pt = (particles[n] for n in ("deta", "dphi", "pt_frac"))
    tall, wide = (np.sum(pt * a**2, axis=1) for a in (y, x))
    ratio = np.sqrt(wide / tall)
    assert np.median(ratio) < 0.6
    signal = jets["resonance_mass"] == 750
    assert np.median(ratio[signal]) < np.median(ratio[jets["process"] == 1])
    # prongs above and below, none at the axis
    weight, height = pt[signal], y[signal]
    assert weight[np.abs(height) < 0.05].sum() < 0.3 * weight.sum()
    assert weight[height > 0.1].sum() > 1.2 * weight[height < -0.1].sum() > 0.2 * weight.sum()
    assert weight[x[signal] > 0].sum() > weight[x[signal] < 0].sum()


def test_signal_counts_as_its_acceptance_and_tags_follow_flavours(two_fat_arrays) -> None:
    jets, objects = two_fat_arrays["jets"], two_fat_arrays["objects"]
    flavour = objects["flavour"][:, SUBJETS]
    assert (objects["flavour"][:, :3] == -1).all()
    np.testing.assert_array_equal(flavour == -1, ~objects["valid"][:, SUBJETS])
    for mass in (750, 1500):
        own = jets["resonance_mass"] == mass
        weight = jets["xsec_weight"][own]
        np.testing.assert_allclose(weight, weight[0], rtol=1e-6)
        accepted = weight.sum()  # of 1 fb
        chance = jets["tag_1"][own] * jets["tag_2"][own]
        np.testing.assert_allclose(chance, tagged(flavour[own]), rtol=1e-6)
        for k, prongs in (("tag_1", flavour[own, :2]), ("tag_2", flavour[own, 2:])):
            np.testing.assert_allclose(jets[k][own], tagged(prongs), rtol=1e-6)
        # an independent sample of the same mass
        pythia = generator("heavy-higgs", f"35:m0 = {mass}", f"35:mWidth = {0.005 * mass}")
        pythia.seed(77)
        share = len(find(pythia.events(120), Cuts(1.0, 200.0, 2.0))) / 120
        assert accepted == pytest.approx(share, abs=4 * np.sqrt(share * (1 - share) / 40))
        both = (flavour[own] == 5).all(axis=1).mean()
        assert 0.1 < both < 0.8
        assert 0.77**4 * both < chance.mean() < 0.77**4 * both + 0.1


def test_backgrounds_count_with_their_cross_section(two_fat_arrays) -> None:
    qcd = two_fat_arrays["jets"]["process"] == 1
    jets = two_fat_arrays["jets"][qcd]
    weight = jets["xsec_weight"]
    assert (weight > 0).all()
    # harder events stand for less: they are generated more often than nature would
    assert weight[jets["m_hh"] > 1500].mean() < 0.2 * weight[jets["m_hh"] < 700].mean()
    assert weight.sum() > 10 * two_fat_arrays["jets"]["xsec_weight"][~qcd].sum()
    assert (jets["tag_1"] * jets["tag_2"]).mean() < 0.05


def test_favouring_hard_scatters_changes_no_cross_section(two_fat_settings) -> None:
    settings = ["PhaseSpace:pTHatMin = 100"]
    plain = cross_section("ttbar", *settings)
    assert plain.weight == 1
    bias = ["PhaseSpace:bias2Selection = on", "PhaseSpace:bias2SelectionPow = 4"]
    favoured = cross_section("ttbar", *settings, *bias, "PhaseSpace:bias2SelectionRef = 200")
    assert favoured.weight < 0.7
    assert favoured.fb == pytest.approx(plain.fb, rel=0.03)
    assert 2e5 < plain.fb < 5e5  # 500 pb at leading order, of which half begins above 100 GeV
    seen, hard = [], []
    for power in (0.0, 4.0):
        data = dataclasses.replace(two_fat_settings, bias=power, backgrounds={"ttbar": 1})
        made = data._of_kind(len(data.masses), 5, 80)
        seen.append(made["jets"]["xsec_weight"].mean())
        hard.append((made["jets"]["m_hh"] > 800).mean())
    assert seen[1] == pytest.approx(seen[0], rel=0.5)
    assert hard[1] > 1.5 * hard[0]


def test_what_is_written_is_read_truth_included(two_fat_settings, two_fat_arrays, tmp_path) -> None:
    ftag.write(tmp_path / "0.h5", two_fat_arrays)
    read = two_fat_settings.reopen([tmp_path / "0.h5"]).read()
    assert list(read.collections) == ["jets", "constituents", "objects"]
    assert read.classes == ("background", "signal")
    assert read["jets"].names[:3] == ("m_hh", "pt_hh", "deta_hh")
    assert read["jets"].features[0].unit == "GeV"
    assert read["constituents"].names == ("pt_frac", "deta", "dphi")
    assert read["objects"].names == ("pt", "eta", "phi", "mass", "energy")
    truth = {"resonance_mass", "process", "xsec_weight", "tag_1", "tag_2"}
    assert set(read["jets"].truth) == truth
    truth = read["constituents"].truth
    assert set(truth) == {"pt", "fat_jet", "type", "flip", "dr_subjet"}
    mask = read["constituents"].mask
    assert not mask.all()
    assert (truth["flip"][~mask] == -1).all()
    assert np.isnan(truth["dr_subjet"][~mask]).all()
    assert np.isfinite(truth["dr_subjet"][mask]).all()
    np.testing.assert_array_equal(
        read["jets"].truth["xsec_weight"], two_fat_arrays["jets"]["xsec_weight"]
    )
    np.testing.assert_array_equal(read.weight, 1)
    np.testing.assert_array_equal(read["objects"].mask, two_fat_arrays["objects"]["valid"])
    told = describe(tmp_path / "0.h5")
    assert "80 background, 80 signal" in told
    assert "truth: resonance_mass, process, xsec_weight, tag_1, tag_2" in told
    assert "objects: up to 9 a jet" in told
    with h5py.File(tmp_path / "0.h5") as file:
        assert list(file["constituents"].attrs["truth"]) == list(truth)
    some = jl.read(tmp_path / "0.h5", columns={"objects": ["mass"]})
    assert some["objects"].names == ("mass",)
    assert set(some["objects"].truth) == {"flavour"}


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"masses": (400,)}, r"400 is not a mass from 500 to 2500 GeV; did you mean 500\?"),
        ({"masses": (1000, 3000)}, r"3000 is not .* did you mean 2500\?"),
        ({"masses": (1.5,)}, r"1.5 is not .* did you mean 1500\?"),
        ({"masses": (-1000,)}, "-1000 is not a mass"),
        ({"masses": (float("nan"),)}, "nan is not a mass"),
        ({"masses": ()}, "one or more different"),
        ({"masses": (1000, 1000)}, "one or more different"),
        ({"backgrounds": {"qcdd": 1}}, "did you mean 'qcd'"),
        ({"backgrounds": {"foo": 1}}, "process in backgrounds 'foo'"),
        ({"backgrounds": {"heavy-higgs": 1}}, "is the signal"),
        ({"backgrounds": {"qcd": 0.9, "ttbar": 0.2}}, "add up to 1"),
        ({"backgrounds": {"qcd": 1.5, "ttbar": -0.5}}, "above 0"),
        ({"backgrounds": {}}, "add up to 1"),
        ({"constituents": 0}, "constituents = 0"),
        ({"jets": 0}, "jets = 0"),
        ({"radius": 0.0}, "radius = 0.0"),
        ({"pt_min": float("inf")}, "pt_min = inf"),
        ({"eta_max": -1.0}, "eta_max = -1.0"),
        ({"bias": -1.0}, "bias = -1.0"),
        ({"bias": float("nan")}, "bias = nan"),
    ],
)
def test_settings_that_make_no_sense_are_refused(wrong, said) -> None:
    with pytest.raises(JetlensError, match=said) as caught:
        datasets.make("two-fat-jets", **wrong)
    unknown = any(name in str(wrong) for name in ("qcdd", "foo"))
    assert isinstance(caught.value, UnknownNameError if unknown else BadValueError)


def test_cuts_that_nothing_passes_are_told(monkeypatch) -> None:
    monkeypatch.setattr("jetlens.data.events.gather.IN_VAIN", 20)
    data = TwoFatJets(jets=2, masses=(500,), pt_min=900, backgrounds={"ttbar": 1})
    with pytest.raises(BadValueError, match=r"none of \d+ events has two jets of process 'heavy"):
        data._of_kind(0, 1, 1)
