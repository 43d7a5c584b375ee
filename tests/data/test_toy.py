from __future__ import annotations

import dataclasses
import pickle
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import numpy as np
import pytest
from scipy import stats

import jetlens as jl
from jetlens.core.errors import BadValueError
from jetlens.core.registry import datasets
from jetlens.data.readers import ftag
from jetlens.data.toy import CLASSES, DIFFICULTIES, Toy
from reference import toy as reference

COLUMNS = ("theta", "z", "r1", "r2")


def same(one, other) -> None:
    assert one.collections.keys() == other.collections.keys()
    assert one.classes == other.classes
    for name in one.collections:
        np.testing.assert_array_equal(one[name].values, other[name].values)
        assert one[name].features == other[name].features
        assert one[name].axes == other[name].axes
        if one[name].mask is not None:
            np.testing.assert_array_equal(one[name].mask, other[name].mask)
    for name in ("label", "event", "row", "weight"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))


def generate(partition) -> dict[str, bytes]:
    return {name: table.tobytes() for name, table in partition.arrays().items()}


@pytest.mark.parametrize("difficulty", range(3))
@pytest.mark.parametrize("signal", [False, True])
def test_the_numbers_are_distributed_as_those_of_a_slow_twin(difficulty, signal) -> None:
    made = Toy(difficulty=difficulty, jets=20_000, partition=20_000).partitions()[0].arrays()
    jets = made["jets"][made["jets"]["label"] == signal]
    expected = reference.jets(difficulty, signal, 20_000, seed=7)
    for name in COLUMNS:
        found = stats.ks_2samp(jets[name], [jet[name] for jet in expected])
        assert found.pvalue > 1e-4, (name, found)


def test_no_two_difficulties_are_the_same() -> None:
    # what the test above can tell apart
    radii = []
    for difficulty in range(3):
        arrays = Toy(difficulty=difficulty, jets=20_000, partition=20_000).partitions()[0].arrays()
        jets = arrays["jets"]
        radii.append(jets["r1"][jets["label"] == 1])
    assert stats.ks_2samp(radii[0], radii[1]).pvalue < 1e-10
    assert stats.ks_2samp(radii[1], radii[2]).pvalue < 1e-10


@pytest.mark.parametrize("radii", ["tau", "uniform"])
def test_particles_lie_in_their_subjets_and_share_its_momentum(radii) -> None:
    arrays = Toy(difficulty=2, jets=3_000, partition=3_000, radii=radii).partitions()[0].arrays()
    jets, parts = arrays["jets"], arrays["constituents"]
    assert parts.shape == (3_000, 20)
    assert parts["valid"].all()
    assert (np.diff(parts["pt"], axis=1) <= 0).all()
    np.testing.assert_allclose(parts["pt"].sum(axis=1), 1, rtol=1e-5)
    first = np.hypot(parts["deta"], parts["dphi"]) < jets["r1"][:, None] * (1 + 1e-5)
    second = np.hypot(parts["deta"], parts["dphi"] + jets["theta"][:, None]) < (
        jets["r2"][:, None] * (1 + 1e-5) + 1e-6
    )
    assert (first | second).all()
    assert (first.sum(axis=1) >= 10).all()
    assert (second.sum(axis=1) >= 10).all()
    # where the subjets do not touch, each has its share of the momentum
    apart = (first & second).sum(axis=1) == 0
    assert (apart.sum() > 20) == (radii == "tau")  # wide subjets always touch
    share = np.where(first, parts["pt"], 0).sum(axis=1)
    np.testing.assert_allclose(share[apart], jets["z"][apart], rtol=1e-5)
    right = np.where(parts["deta"] > 0, parts["pt"], 0).sum(axis=1)
    assert (right >= 0.5 - 1e-5).all()
    if radii == "uniform":
        assert jets["r1"].min() >= 0.25
        assert jets["r2"].max() <= 0.5


def test_angles_within_a_subjet_are_a_folded_exponential() -> None:
    arrays = Toy(jets=4_000, partition=4_000, radii="uniform").partitions()[0].arrays()
    jets, parts = arrays["jets"], arrays["constituents"]
    one = (jets["label"] == 0) & (jets["theta"] < 1e-3)  # both subjets about the same point
    distance = np.hypot(parts["deta"], parts["dphi"])[one]
    radius = np.maximum(jets["r1"], jets["r2"])[one, None]
    rng = np.random.default_rng(5)
    each = rng.exponential(0.5, (len(radius), 20))
    expected = np.concatenate(
        [each[:, :10] % jets["r1"][one, None], each[:, 10:] % jets["r2"][one, None]], axis=1
    )
    assert one.sum() > 50
    assert (distance <= radius + 1e-3).all()
    assert stats.ks_2samp(distance.ravel(), expected.ravel()).pvalue > 1e-3
    angle = np.arctan2(parts["dphi"], np.abs(parts["deta"]))[one]
    assert stats.kstest(angle.ravel(), stats.uniform(-np.pi / 2, np.pi).cdf).pvalue > 1e-3


def test_a_partition_depends_on_settings_seed_and_index_alone() -> None:
    parts = Toy(jets=301, partition=100).partitions()
    assert [p.jets for p in parts] == [100, 100, 100, 1]
    forwards = [generate(p) for p in parts]
    assert generate(parts[1]) == forwards[1]
    assert len({f["constituents"] for f in forwards}) == 4
    longer = Toy(jets=1_000, partition=100).partitions()
    assert generate(longer[1]) == forwards[1]
    assert generate(Toy(jets=301, partition=100, seed=2).partitions()[1]) != forwards[1]
    assert pickle.loads(pickle.dumps(parts[2])) == parts[2]
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as worker:
        assert list(worker.map(generate, reversed(parts))) == forwards[::-1]


@pytest.mark.parametrize(("jets", "partition"), [(1_000, 333), (7, 1), (20, 100)])
def test_half_of_the_jets_are_signal_and_they_are_mixed(jets, partition) -> None:
    read = Toy(jets=jets, partition=partition).read()
    assert read.classes == CLASSES
    assert (read.label == 1).sum() == jets // 2
    assert read.row.tolist() == read.event.tolist() == list(range(jets))
    if jets == 1_000:
        changes = (np.diff(read.label) != 0).mean()
        assert changes == pytest.approx(0.5, abs=0.08)


def test_what_is_written_is_read_image_included(tmp_path) -> None:
    data = Toy(difficulty=1, jets=70, partition=30, pixels=16)
    files = [tmp_path / f"{i}.h5" for i in range(3)]
    for file, partition in zip(files, data.partitions(), strict=True):
        ftag.write(file, partition.arrays())
    whole = data.read()
    assert list(whole.collections) == ["jets", "constituents", "image"]
    assert whole["jets"].names == COLUMNS
    assert whole["constituents"].names == ("pt", "deta", "dphi")
    assert whole["image"].values.shape == (70, 1, 16, 16)
    assert whole["image"].names == ("pt",)
    same(whole, data.reopen(files).read())
    # anyone's reader finds the same tables, labels and units without knowing of the toy
    plain = jl.read([str(f) for f in files])
    assert plain.classes == CLASSES
    np.testing.assert_array_equal(plain.label, whole.label)
    assert plain["constituents"].features[2].axis == r"$\Delta\phi$ [rad]"


def test_images_hold_the_jet() -> None:
    read = Toy(difficulty=0, jets=4_000).read()
    image = read["image"].values[:, 0]
    np.testing.assert_allclose(image.sum(axis=(1, 2)), 1, rtol=1e-5)
    up, down = image[:, 16:].sum(axis=(1, 2)), image[:, :16].sum(axis=(1, 2))
    signal = read.label == 1
    assert (down - up)[signal].mean() > 0.35  # half of the signal's momentum lies 0.2 below
    right = image[:, :, 16:].sum(axis=(1, 2))
    assert right.min() >= 0.5 - 1e-5
    # the mean signal image peaks in the middle and 0.2 below it: pixels of 1/16
    profile = image[signal].mean(axis=0).sum(axis=1)
    assert set(np.argsort(profile)[-2:]) <= {12, 13, 15, 16}


def test_it_is_registered_and_refuses_what_makes_no_sense() -> None:
    assert datasets.make("toy", jets=10) == Toy(jets=10)
    assert len(DIFFICULTIES) == 3
    with pytest.raises(BadValueError, match="difficulty = 3: did you mean 2"):
        Toy(difficulty=3)
    with pytest.raises(BadValueError, match="did you mean 'uniform'"):
        Toy(radii="uniforn")
    for wrong in (
        {"jets": 0},
        {"partition": 0},
        {"seed": -1},
        {"pixels": 0},
        {"window": 0.0},
        {"window": float("nan")},
    ):
        with pytest.raises(BadValueError, match=next(iter(wrong))):
            Toy(**wrong)
    with pytest.raises(BadValueError, match="difficulty"):
        dataclasses.replace(Toy(), difficulty=-1)


@pytest.mark.parametrize("difficulty", ["hard", None, 1.5, 1.0])
def test_a_difficulty_that_is_no_whole_number_is_refused(difficulty) -> None:
    with pytest.raises(BadValueError, match=r"expected one of 0, 1, 2"):
        Toy(difficulty=difficulty)
