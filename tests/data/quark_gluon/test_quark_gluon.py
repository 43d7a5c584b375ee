"""Quark and gluon jets: what is selected, what is stored of them, and what sets them apart."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from jetlens.core.errors import BadValueError
from jetlens.core.registry import datasets
from jetlens.data.events.clustering import anti_kt, nearest
from jetlens.data.events.generator import generator
from jetlens.data.quark_gluon.dataset import QuarkGluon, arrays
from jetlens.data.quark_gluon.jets import GLUON, HEAVIEST, LIGHT, find, particles
from jetlens.physics.kinematics import delta_phi, momentum_of, rapidity_of
from jetlens.physics.particles import known
from quark_gluon_arrays import PIDS


@pytest.fixture(scope="module")
def jets(qg_settings, qg_tables):
    """The same jets as a `JetBatch`."""
    return qg_settings.batch(qg_tables, 0)


@pytest.fixture(scope="module")
def record():
    """Some events of Z and quark."""
    pythia = generator("z-quark", "PhaseSpace:pTHatMin = 450")
    pythia.seed(2)
    return pythia.events(150)


@pytest.fixture(scope="module")
def tracked() -> QuarkGluon:
    return QuarkGluon(jets=40, partition=40, seed=2, detector=True)


@pytest.fixture(scope="module")
def seen_and_true(tracked):
    """The same jets as the tracker sees them, and as they are, particle by particle."""
    true = dataclasses.replace(tracked, detector=False)
    made = [data.partitions()[0].arrays() for data in (tracked, true)]
    return made[0], made[1]


def test_half_are_quarks_in_no_order(jets, qg_settings) -> None:
    assert jets.classes == ("gluon", "quark")
    assert np.bincount(jets.label).tolist() == [80, 80]
    assert 20 < np.abs(np.diff(jets.label)).sum() < 140
    assert len(set(jets.event)) > 150
    odd = dataclasses.replace(qg_settings, jets=7, partition=3)
    labels = np.concatenate([p.read().label for p in odd.partitions()])
    assert np.bincount(labels).tolist() == [4, 3]


def test_jets_pass_the_cuts(jets) -> None:
    pt, y = jets["jets"].column("pt"), jets["jets"].column("eta")
    assert 500 < pt.min() < 502
    assert 548 < pt.max() < 550
    assert np.median(pt) < 524  # the spectrum falls
    assert 1.4 < np.abs(y).max() < 1.7
    assert len(np.unique(y > 0)) == 2


def test_the_label_is_the_flavour_of_the_hard_parton(jets) -> None:
    parton = jets["jets"].truth["parton"]
    assert (parton[jets.label == 0] == GLUON).all()
    quarks = parton[jets.label == 1]
    assert set(np.abs(quarks)) == {1, 2, 3}
    # there are more u than d quarks in a proton, more d than s, and more quarks than antiquarks
    u, d, s = (np.count_nonzero(np.abs(quarks) == q) for q in (2, 1, 3))
    assert u > d > s > 0
    assert np.count_nonzero(quarks > 0) > 2 * np.count_nonzero(quarks < 0)


def test_heavy_quarks_are_there_if_asked_for() -> None:
    data = QuarkGluon(jets=40, partition=40, seed=8, withbc=True)
    found = data.partitions()[0].arrays()["jets"]
    quarks = np.abs(found["parton"][found["y"] == 1])
    assert set(quarks) <= {1, 2, 3, 4, 5}
    assert 0 < np.isin(quarks, (4, 5)).sum() < 10
    assert (found["parton"][found["y"] == 0] == GLUON).all()


def test_gluons_have_more_particles_and_are_wider(jets) -> None:
    own, label = jets["constituents"], jets.label
    pt, where = own.column("pt"), np.hypot(own.column("deta"), own.column("dphi"))
    width = (pt * where).sum(axis=1) / pt.sum(axis=1)
    share = np.sqrt((pt**2).sum(axis=1)) / pt.sum(axis=1)
    for name, values, least in (
        ("multiplicity", jets["jets"].column("multiplicity"), 8.0),
        ("width", width, 0.0),
        ("mass", jets["jets"].column("mass"), 0.0),
        ("-ptd", -share, 0.0),
    ):
        gluon, quark = values[label == 0], values[label == 1]
        error = np.sqrt(gluon.var() / len(gluon) + quark.var() / len(quark))
        low = gluon.mean() - quark.mean() - 1.96 * error
        assert low > least, name  # the interval's lower end
    # the benchmark's first 100,000 jets have 53.2 (standard deviation 15.8) and 33.4 (13.3)
    for k, mean, spread in ((0, 53.2, 15.8), (1, 33.4, 13.3)):
        count = jets["jets"].column("multiplicity")[label == k]
        assert abs(count.mean() - mean) < 4 * spread / np.sqrt(len(count))
        assert 0.7 < count.std() / spread < 1.3


def test_particles_are_those_that_live_a_metre(jets, qg_tables) -> None:
    own = jets["constituents"]
    pdg = own.truth["pdg_id"][own.mask]
    assert set(pdg) <= set(PIDS)
    assert {22, 211, -211, 321, -321, 130, 2112, 2212} <= set(pdg)
    assert 0.35 < (np.abs(pdg) == 211).mean() < 0.45  # two thirds of all pions
    assert 0.4 < (pdg == 22).mean() < 0.5  # two of each of the others
    columns = arrays(qg_tables)
    assert columns["X"].shape[2] == 4
    assert (columns["X"][..., 0] > 0).sum(axis=1).max() == columns["X"].shape[1]
    assert set(columns) == {"X", "y", "event", "parton"}


def test_azimuths_are_beside_the_jets(jets, qg_tables) -> None:
    x = arrays(qg_tables)["X"]
    real = x[..., 0] > 0
    axis = np.mod(jets["jets"].column("phi").astype(np.float64), 2 * np.pi)
    away = (x[..., 2] - axis[:, None])[real]
    assert np.abs(away).max() < 0.5  # without any turn
    assert np.abs(jets["constituents"].column("dphi")).max() < 0.5


def test_four_momenta_are_as_pythia_had_them(record) -> None:
    found = find(record, HEAVIEST)
    columns = particles(record, found)
    mass = known(columns["pid"].astype(np.int64)).mass
    again = momentum_of(columns["pt"], columns["y"], columns["phi"], mass)
    np.testing.assert_allclose(again, record.momentum[found.particle], rtol=1e-4, atol=1e-4)


def test_jets_are_those_of_all_particles_clustered(record) -> None:
    seen = (record.status > 0) & ~np.isin(np.abs(record.pdg), (12, 14, 16))
    every = anti_kt(record.event[seen], record.momentum[seen], record.events, 0.4, 500.0)
    mt = np.hypot(every.pt, every.mass)
    y = np.arcsinh(every.pt * np.sinh(every.eta) / mt)
    every = every.take((every.pt < 550) & (np.abs(y) < 1.7))
    found = find(record, HEAVIEST)
    assert len(found) == len(every.pt) > 15
    np.testing.assert_array_equal(found.event, every.event)
    jet = np.repeat(np.arange(len(found)), found.size)
    x, y, z, e = (np.bincount(jet, p) for p in record.momentum[found.particle].T)
    np.testing.assert_allclose(np.hypot(x, y), every.pt, rtol=1e-6)
    np.testing.assert_allclose(e**2 - x**2 - y**2 - z**2, every.mass**2, rtol=1e-3, atol=0.1)
    np.testing.assert_allclose(found.axis[:, 0], rapidity_of(z, e))
    np.testing.assert_allclose(delta_phi(found.axis[:, 1], every.phi), 0, atol=1e-6)
    # and nearly all are what the hard quark became
    assert set(np.abs(found.parton)) <= {1, 2, 3, 4, 5}
    hard = (record.status == -23) & (np.abs(record.pdg) <= 5)
    px, py, pz, _ = record.momentum[hard].T
    _, distance = nearest(
        record.event[hard],
        np.arcsinh(pz / np.hypot(px, py)),
        np.arctan2(py, px),
        every,
        record.events,
    )
    assert np.isfinite(distance).sum() == len(found)
    assert (distance[np.isfinite(distance)] < 0.4).mean() > 0.9


def test_light_quarks_alone_leave_out_the_events_of_others(record) -> None:
    every, light = find(record, HEAVIEST), find(record, LIGHT)
    kept = np.abs(every.parton) <= LIGHT
    assert np.count_nonzero(~kept) > 0
    np.testing.assert_array_equal(light.event, every.event[kept])
    np.testing.assert_array_equal(light.size, every.size[kept])
    assert len(light.particle) == light.size.sum()


def test_there_may_be_no_jet(record) -> None:
    soft = dataclasses.replace(record, momentum=record.momentum / 10)
    assert len(find(soft, HEAVIEST)) == 0


def test_the_tracker_measures_charged_particles_alone(seen_and_true) -> None:
    seen, true = (t["constituents"] for t in seen_and_true)
    for name in ("jets",):
        np.testing.assert_array_equal(seen_and_true[0][name], seen_and_true[1][name])
    assert set(seen.dtype.names) - set(true.dtype.names) == {"d0_significance", "dz_significance"}
    np.testing.assert_array_equal((seen["pt"] > 0).sum(axis=1), (true["pt"] > 0).sum(axis=1))
    ratio, tracks, charged = [], [], []
    for a, b in zip(seen, true, strict=True):
        a, b = a[a["pt"] > 0], b[b["pt"] > 0]
        charge = known(a["pid"].astype(np.int64)).charge
        assert not a["d0_significance"][charge == 0].any()
        assert not a["dz_significance"][charge == 0].any()
        for name in ("pt", "y", "phi"):  # neutral ones are as they were
            np.testing.assert_array_equal(
                np.sort(a[name][charge == 0]),
                np.sort(b[name][known(b["pid"].astype(np.int64)).charge == 0]),
            )
        found = a["d0_significance"] != 0
        # the nearest true particle of the same number is the one that was measured
        for p in a[found]:
            same = b[b["pid"] == p["pid"]]
            near = np.hypot(same["y"] - p["y"], delta_phi(same["phi"], np.array(p["phi"]))).argmin()
            ratio.append(p["pt"] / same["pt"][near])
        tracks.append(np.count_nonzero(found & (a["pt"] > 1)))
        charged.append(np.count_nonzero((charge != 0) & (a["pt"] > 1)))
    assert np.median(np.abs(np.array(ratio) - 1)) < 0.03
    assert 0.6 < sum(tracks) / sum(charged) < 0.98


def test_impact_parameters_are_mostly_those_of_the_vertex(seen_and_true) -> None:
    seen, _ = seen_and_true
    real = seen["constituents"][seen["constituents"]["d0_significance"] != 0]
    for name in ("d0_significance", "dz_significance"):
        size = np.abs(real[name])
        assert np.isfinite(size).all()
        assert 0.3 < np.median(size) < 1.2  # 0.67 of a standard normal distribution
        # tails and decays of kaons and hyperons
        assert 0.005 < (size > 3).mean() < 0.1
        assert 0.3 < (real[name] > 0).mean() < 0.7


def test_files_of_tracks_are_read_with_their_significances(
    tracked, seen_and_true, tmp_path
) -> None:
    tracked.write(tmp_path / "0.npz", seen_and_true[0])
    read = tracked.reopen([tmp_path / "0.npz"]).read()
    assert read["constituents"].names[-2:] == ("d0_significance", "dz_significance")
    made = tracked.batch(seen_and_true[0], 0)
    np.testing.assert_array_equal(read["constituents"].values, made["constituents"].values)


def test_fewer_constituents_leave_the_jets_as_they_are(
    qg_settings, qg_tables, jets, tmp_path
) -> None:
    few = dataclasses.replace(qg_settings, constituents=20)
    few.write(tmp_path / "0.npz", qg_tables)
    read = few.reopen([tmp_path / "0.npz"]).read()
    assert read["constituents"].values.shape[1] == 20
    np.testing.assert_array_equal(read["jets"].values, jets["jets"].values)
    np.testing.assert_array_equal(
        few.batch(qg_tables, 0)["constituents"].values, read["constituents"].values
    )


@pytest.mark.parametrize("name", ["jets", "partition", "constituents"])
def test_numbers_that_make_no_sense_are_refused(name) -> None:
    with pytest.raises(BadValueError, match=f"{name} = 0: expected 1 or more"):
        datasets.make("qg", **{name: 0})
