from __future__ import annotations

import dataclasses
import pickle

import numpy as np
import pytest

import jetlens as jl
from jetlens.core.errors import BadValueError, UnknownNameError
from jetlens.core.units import Feature
from jetlens.data.base import Bare, Dataset, Part, read_some
from jetlens.data.images import Images, imaged
from jetlens.data.images.imaged import Imaged

SUBJETS = ("subjet1_deta", "subjet1_dphi", "subjet2_deta", "subjet2_dphi")


def batch(pt=(3.0, 1.0, 9.0), mask=(True, True, False), jet_pt=4.0):
    """One jet of two particles and a place for a third, and one without any."""
    values = np.zeros((2, 3, 3), dtype=np.float32)
    values[0] = np.stack([pt, (0.4, -0.4, 0.0), (0.1, -0.6, 0.0)], axis=1)
    jets = np.zeros((2, 5), dtype=np.float32)
    jets[0] = [jet_pt, 0.4, 0.1, -0.4, -0.6]
    jets[1, 0] = 5.0
    names = ("pt", "deta", "dphi")
    masks = np.array([mask, (False,) * 3])
    return jl.batch(
        {"constituents": (values, names, masks), "jets": (jets, ("pt", *SUBJETS))},
        row=[7, 8],
    )


def test_particles_are_where_they_lie_and_padding_is_nowhere() -> None:
    found = Images(pixels=4, window=1.0).add(batch())["image"]
    assert found.axes == ("jet", "channel", "y", "x")
    image = found.values[:, 0]
    assert image[0, 2, 2] == 3  # (0.4, 0.1)
    assert image[0, 0, 1] == 1  # (-0.4, -0.6)
    assert image[0].sum() == 4
    assert not image[1].any()  # a jet without particles has an image of zeros


def test_weights_are_normalised_and_logarithms_undone() -> None:
    settings = Images(pixels=4, normalise="pt")
    assert settings.add(batch())["image"].values[0].sum() == pytest.approx(1)
    logs = batch(pt=(np.log(3.0), np.log(1.0), 5.0))
    logged = dataclasses.replace(settings, weight_is_log=True)
    np.testing.assert_allclose(
        logged.add(logs)["image"].values, settings.add(batch())["image"].values, rtol=1e-6
    )


def test_the_frame_of_the_subjets() -> None:
    image = Images(pixels=5, window=1.25, frame="subjets").add(batch())["image"].values[0, 0]
    # pixels of 1/2, their middles at -1, -0.5, 0, ...: subjets in the middle column
    assert image[2, 2] == 3
    assert image[0, 2] == 1


def test_what_cannot_be_normalised_is_named() -> None:
    with pytest.raises(BadValueError, match=r"jets.pt: it is 0.0 in the jet of row 7 \(1 such"):
        Images(normalise="pt").add(batch(jet_pt=0.0))
    with pytest.raises(UnknownNameError, match="did you mean 'pt'"):
        Images(normalise="ptt").add(batch())
    with pytest.raises(UnknownNameError, match="'constituents'"):
        Images(particles="constituent").add(batch())


def test_settings_that_make_no_sense_are_refused() -> None:
    with pytest.raises(BadValueError, match="did you mean 'subjets'"):
        Images(frame="subjet")
    for wrong in (
        {"pixels": 0}, {"window": 0.0}, {"window": -1.0}, {"window": float("inf")},
        {"channels": ()}, {"knee": -1.0}, {"intensity": "logg"}, {"prongs": 0},
        {"pixels": "28"}, {"pixels": 2.5}, {"pixels": [28, 28]}, {"window": "a"}, {"window": None},
        {"frame": None}, {"channels": 3}, {"channels": "pt"}, {"channels": [3]}, {"knee": "a"},
        {"hit": "a"}, {"hit": -1.0}, {"hit": float("nan")}, {"smear": None},
    ):  # fmt: skip
        with pytest.raises(BadValueError, match=next(iter(wrong))):
            Images(**wrong)


@pytest.mark.parametrize("size", ["hit", "smear"])
def test_no_particle_is_larger_than_the_image(size) -> None:
    with pytest.raises(BadValueError, match=rf"{size} = 100: expected a size from 0 to 1\.6, "):
        Images(window=0.8, **{size: 100})
    made = Images(pixels=20, window=0.8, **{size: 1.6}).add(batch())["image"].values
    assert 0 < made[0].sum() < 4  # some lies outside
    assert (made[0] > 0).mean() > 0.5


NAMES = ("part_pt", "part_deta", "part_dphi", "part_charge", "part_isPhoton", "energy")


def kinds(places=((0.4, 0.1), (-0.4, -0.6), (0.4, 0.1)), names=NAMES):
    """A jet of a charged particle, a neutral one, a photon where the first is, and padding."""
    values = np.zeros((1, 4, 6), dtype=np.float32)
    values[0, :, 1:3] = np.nan  # padding may hold anything
    values[0, :3, 1:3] = places
    values[0, :3, 0] = 4, 2, 1
    values[0, 0, 3], values[0, 2, 4], values[0, :3, 5] = -1, 1, (8, 4, 2)
    values[0, 3, [0, 5]] = 9
    mask = np.array([[True, True, True, False]])
    return jl.batch({"constituents": (values, names, mask)})


@pytest.mark.parametrize(
    ("channel", "first", "second"),
    [
        ("pt", 5, 2),
        ("charged_pt", 4, 0),
        ("neutral_pt", 1, 2),
        ("multiplicity", 2, 1),
        ("charged_multiplicity", 1, 0),
        ("photon_pt", 1, 0),
        ("photon_multiplicity", 1, 0),
        ("energy", 10, 4),
    ],
)
def test_a_channel_adds_up_its_particles(channel, first, second) -> None:
    made = Images(pixels=4, channels=["multiplicity", channel]).add(kinds())["image"]
    image = made.values[0, 1]
    assert (image[2, 2], image[0, 1]) == (first, second)  # (0.4, 0.1) and (-0.4, -0.6)
    assert image.sum() == first + second
    twice = "multiplicity_2" if channel == "multiplicity" else channel
    assert made.names == ("multiplicity", twice)


def test_the_same_channel_may_be_there_three_times() -> None:
    made = Images(pixels=4, channels=("pt",) * 3, intensity="log").add(kinds())["image"]
    assert made.names == ("pt", "pt_2", "pt_3")
    assert len(np.unique(made.values, axis=1)[0]) == 1
    assert made.values[0, 0].max() == pytest.approx(np.log(6))
    assert made.features[1].title == "part_pt (log)"


def test_images_can_be_bright_each_by_itself() -> None:
    made = Images(pixels=40, channels=("pt", "charged_pt"), scale="max", hit=0.2).add(kinds())
    np.testing.assert_allclose(made["image"].values.max(axis=(2, 3)), 1)
    assert (made["image"].values[0, 1] > 0).sum() == pytest.approx(25, abs=11)


@pytest.mark.parametrize("frame", ["centred", "upright"])
def test_frames_forget_where_a_jet_lay(frame) -> None:
    there = kinds().collections["constituents"].values[0, :3, 1:3]
    one = Images(pixels=9, frame=frame).add(kinds())["image"]
    other = Images(pixels=9, frame=frame).add(kinds(np.add(there, [0.3, -0.2])))["image"]
    np.testing.assert_allclose(one.values, other.values, atol=1e-6)
    assert one.values.sum() == pytest.approx(7)
    if frame == "upright":
        turned = Images(pixels=9, frame=frame).add(kinds(there[:, ::-1] * [1, -1]))["image"]
        np.testing.assert_allclose(one.values, turned.values, atol=1e-6)
        assert one.places["y"][0].title == "Along it"


def test_azimuths_go_round() -> None:
    names = ("pt", "deta", Feature("dphi", "rad"))
    values = np.array([[[1.0, 0.0, 3.1], [1.0, 0.0, -3.1]]])
    jets = jl.batch({"constituents": (values, names)})
    assert Images(pixels=3, frame="centred").add(jets)["image"].values[0, 0, 1, 1] == 2


def test_what_channels_need_is_told() -> None:
    with pytest.raises(BadValueError, match=r"channel 'chargd_pt'.*did you mean 'charged_pt'"):
        Images(channels=["chargd_pt"]).add(kinds())
    with pytest.raises(BadValueError, match="'neutral_pt' of images needs the particles' charge"):
        Images(channels=["neutral_pt"]).add(batch())
    with pytest.raises(BadValueError, match=r"'muon_pt'.*is_muon or part_isMuon"):
        Images(channels=["muon_pt"]).add(kinds())
    with pytest.raises(UnknownNameError, match="did you mean 'part_charge'"):
        Images(charge="part_charg").add(kinds())
    named = kinds(names=("e", "eta", "phi", "q", "photon", "energy"))
    for wanted in ("weight", "x", "y"):
        given = {k: v for k, v in {"weight": "e", "x": "eta", "y": "phi"}.items() if k != wanted}
        with pytest.raises(BadValueError, match=f"expected {wanted} = one of e, eta, phi"):
            Images(**given).add(named)
    made = Images(weight="e", x="eta", y="phi", charge="q", channels=["charged_pt"], pixels=4)
    assert made.add(named)["image"].values.sum() == 4


@dataclasses.dataclass(frozen=True)
class Held:
    number: int

    def read(self):
        return batch(jet_pt=4.0 + self.number)


class HeldJets(Dataset):
    def partitions(self):
        return [Held(0), Held(1)]


def test_a_dataset_gets_its_images_as_it_is_read() -> None:
    made = Imaged(HeldJets(), Images(pixels=4, normalise="pt"))
    parts = made.partitions()
    assert pickle.loads(pickle.dumps(parts[1])) == parts[1]
    sums = [p.read()["image"].values[0].sum() for p in parts]
    assert sums == [pytest.approx(1.0), pytest.approx(0.8)]
    assert made.read()["image"].values.shape == (4, 1, 4, 4)
    assert list(made.read().collections) == ["constituents", "jets", "image"]


def test_images_are_made_of_the_jets_that_are_read_alone(monkeypatch) -> None:
    """Of those in a part, or drawn; and of none where they are not asked for."""
    made, whole = [], Images.add

    def noted(self, jets):
        made.extend(jets.row.tolist())
        return whole(self, jets)

    monkeypatch.setattr(Images, "add", noted)
    data = Imaged(HeldJets(), Images(pixels=4))
    part = Part(data, "train", (0.5, 0.2, 0.3))
    (first, _) = part.partitions()
    jets, share = first.read_share()
    assert share == len(jets) / 2
    assert made == jets.row.tolist() != [7, 8]
    assert first.read_some(lambda jets: jets.row == 8)[0].row.tolist() == [
        r for r in jets.row if r == 8
    ]
    assert set(made) == set(jets.row.tolist())
    made.clear()
    assert read_some(data.partitions()[0], lambda jets: jets.row == 8)[1] == 0.5
    assert made == [8]
    bare = Bare(part).read()
    assert made == [8]
    np.testing.assert_array_equal(bare.row, part.read().row)
    assert "image" not in bare.collections


def test_images_of_a_dataset_stand_in_for_its_own() -> None:
    twice = Imaged(Imaged(HeldJets(), Images(pixels=300)), Images(pixels=4))
    assert twice.partitions()[0].whole == Held(0)  # the others are not even made
    assert twice.read()["image"].values.shape == (4, 1, 4, 4)


def test_partitions_whose_images_take_too_much_memory_are_refused(monkeypatch) -> None:
    monkeypatch.setattr(imaged, "ROOM", 2 * 4 * 100**2 * 4 - 1)
    fits = Imaged(HeldJets(), Images(pixels=100))
    assert len(fits.partitions()[0].read()) == 2
    large = Imaged(HeldJets(), Images(pixels=100, channels=("pt",) * 4))
    with pytest.raises(BadValueError, match=r"images of the 2 jets .* 4 x 100 x 100 .* = 1$"):
        large.partitions()[0].read()
