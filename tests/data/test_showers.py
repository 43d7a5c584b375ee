from __future__ import annotations

import numpy as np
import pytest

import jetlens as jl
from jetlens.core.errors import BadValueError, UnknownNameError
from jetlens.core.registry import datasets
from jetlens.data.readers import ftag
from jetlens.data.showers import PARTICLES, Showers


@pytest.fixture(scope="module")
def some() -> Showers:
    return Showers(jets=1_200, partition=600, seed=3)


@pytest.fixture(scope="module")
def read(some):
    return some.read()


def of(jets, particle: str):
    return jets.label == jets.classes.index(particle)


def test_it_has_the_collections_and_classes_that_it_says(read) -> None:
    assert read.classes == PARTICLES == ("electron", "photon", "pion", "kaon")
    assert np.bincount(read.label).tolist() == [300] * 4
    assert read["hits"].names == ("x", "y", "z", "energy", "time")
    assert [f.unit for f in read["hits"].features] == ["mm", "mm", "mm", "GeV", "ns"]
    assert read["hits"].values.shape == (1_200, 128, 5)
    assert read["jets"].names == ("energy", "hits", "depth", "width", "time")
    assert {"momentum", "true_energy", "leaked", "invisible", "late"} <= set(read["jets"].truth)
    assert read.row.tolist() == read.event.tolist() == list(range(1_200))


def test_hits_are_cells_by_energy(read) -> None:
    hits = read["hits"]
    energy, mask = hits.column("energy"), hits.mask
    assert (np.diff(energy, axis=1) <= 0)[mask[:, 1:]].all()
    assert (mask[:, :-1] >= mask[:, 1:]).all()
    assert energy[mask].min() >= 0.005
    for axis in ("x", "y"):
        assert np.allclose(hits.column(axis)[mask] % 20, 0)
    assert np.allclose(hits.column("z")[mask] % 20, 10)
    few = read["jets"].column("hits") <= 128
    np.testing.assert_allclose(energy.sum(axis=1)[few], read["jets"].column("energy")[few], 1e-5)
    np.testing.assert_array_equal(mask.sum(axis=1)[few], read["jets"].column("hits")[few])


def test_energy_adds_up_to_that_of_the_particle(read) -> None:
    jets = read["jets"]
    truth = jets.truth
    expected = truth["true_energy"] - truth["leaked"] - truth["late"] - truth["invisible"]
    below = expected - jets.column("energy")  # in cells that are not hit
    sigma = 0.028 * np.sqrt(expected)
    assert (below > -5 * sigma).all()
    assert (below < 5 * sigma + 0.25 * expected + 0.05).all()
    assert below.mean() > 0
    electrons = of(read, "electron")
    share = (jets.column("energy") / truth["true_energy"])[electrons]
    assert share.mean() == pytest.approx(0.93, abs=0.06)
    assert (
        share.mean() > 1.3 * (jets.column("energy") / truth["true_energy"])[of(read, "pion")].mean()
    )


def test_particles_differ_as_they_do_in_nature(read) -> None:
    jets = read["jets"]
    electron, photon, pion, kaon = (of(read, p) for p in PARTICLES)
    depth, width = jets.column("depth"), jets.column("width")
    assert 3 < depth[photon].mean() - depth[electron].mean() < 14  # about one radiation length
    assert np.median(width[pion]) > 1.5 * np.median(width[electron])
    flight = jets.truth["flight"]
    assert np.median(flight[kaon]) > 5 * np.median(flight[pion])
    first = np.where(read["hits"].mask, read["hits"].column("time"), np.nan)
    middle = np.nanmedian(first[:, :10], axis=1)
    slow = jets.truth["momentum"] < 2
    gap = np.median(middle[kaon & slow]) - np.median(middle[pion & slow])
    expected = np.median(flight[kaon & slow]) - np.median(flight[pion & slow])
    assert gap == pytest.approx(expected, rel=0.35)
    assert np.abs(np.median(middle[electron])) < 0.02


def test_all_hits_of_a_shower_share_the_jitter_of_its_start() -> None:
    still, moved = (Showers(jets=40, jitter=j, hits=20).read()["hits"] for j in (0.0, 0.1))
    gap = np.where(still.mask, moved.column("time") - still.column("time"), np.nan)
    assert np.nanmax(np.nanstd(gap, axis=1)) < 1e-6
    assert np.nanmean(gap, axis=1).std() == pytest.approx(0.1, rel=0.3)


def test_the_same_seed_makes_the_same_bytes(some) -> None:
    again = Showers(jets=1_200, partition=600, seed=3)
    for one, other in zip(some.partitions(), again.partitions(), strict=True):
        mine, others = one.arrays(), other.arrays()
        assert all(mine[name].tobytes() == others[name].tobytes() for name in mine)
    longer = Showers(jets=1_900, partition=600, seed=3).partitions()[1].arrays()
    assert longer["hits"].tobytes() == some.partitions()[1].arrays()["hits"].tobytes()


def test_what_is_written_is_read(tmp_path) -> None:
    data = Showers(jets=25, partition=10, particles=("kaon", "pion"), hits=20)
    files = [tmp_path / f"{i}.h5" for i in range(3)]
    for file, partition in zip(files, data.partitions(), strict=True):
        ftag.write(file, partition.arrays())
    read = jl.read([str(f) for f in files])
    assert read.classes == ("kaon", "pion")
    made = data.read()
    for name in ("jets", "hits"):
        np.testing.assert_array_equal(read[name].values, made[name].values)
        assert read[name].features == made[name].features
        assert read[name].truth.keys() == made[name].truth.keys()
    assert not {"momentum", "flight"} & set(read["jets"].names)  # truth is no input


def test_showers_without_a_hit_have_no_hits_and_finite_sums() -> None:
    thin = Showers(
        jets=80, particles=("photon", "electron"), layer=1.0, depth=1.0, threshold=0.01
    ).read()
    empty = ~thin["hits"].mask.any(axis=1)
    assert empty.sum() > 10
    assert np.isfinite(thin["jets"].values).all()
    assert (thin["jets"].values[empty] == 0).all()


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"momentum": (-1.0, 5.0)}, "from 1 to 10 GeV"),
        ({"momentum": (5.0, 2.0)}, "the least and the largest"),
        ({"momentum": (1.0, 50.0)}, "from 1 to 10 GeV"),
        ({"momentum": (1.0,)}, "the least and the largest"),
        ({"momentum": (float("nan"), 2.0)}, "momentum"),
        ({"cell": 0.0}, "cell = 0.0: expected a number above 0"),
        ({"layer": -2.0}, "layer"),
        ({"distance": -1.0}, "distance"),
        ({"jitter": -0.1}, "jitter = -0.1: expected 0 or more"),
        ({"hits": 0}, "hits = 0"),
        ({"particles": ()}, "two or more"),
        ({"particles": ("electron",)}, "expected two or more of electron, photon, pion, kaon"),
        ({"particles": ("pion", "pion")}, "'pion' is there twice"),
        ({"particles": "pion"}, "expected a list"),
        ({"jets": 0}, "jets"),
        ({"jets": "10"}, "jets = '10': expected a whole number, 1 or more"),
        ({"jets": None}, "jets = None"),
        ({"jets": 2.5}, "jets = 2.5"),
        ({"jets": float("nan")}, "jets = nan"),
        ({"seed": "a"}, "seed = 'a': expected a whole number, 0 or more"),
        ({"partition": 1.5}, "partition = 1.5"),
        ({"hits": True}, "hits = True"),
    ],
)
def test_what_makes_no_sense_is_refused(wrong, said) -> None:
    with pytest.raises(BadValueError, match=said):
        Showers(**wrong)


def test_it_is_registered_and_names_the_nearest_particle() -> None:
    assert datasets.make("showers", jets=10) == Showers(jets=10)
    with pytest.raises(UnknownNameError, match="did you mean 'kaon'"):
        Showers(particles=("pion", "kaons"))
