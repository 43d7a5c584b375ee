from __future__ import annotations

import dataclasses
import pickle

import numpy as np
import pytest

import jetlens as jl
from jetlens.core.errors import BadValueError, UnknownNameError
from jetlens.data.base import Dataset
from jetlens.data.imaged import Imaged
from jetlens.data.images import Images

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
    for wrong in ({"pixels": 0}, {"window": 0.0}, {"window": -1.0}, {"window": float("inf")}):
        with pytest.raises(BadValueError, match=next(iter(wrong))):
            Images(**wrong)


@dataclasses.dataclass(frozen=True)
class Held:
    number: int

    def read(self):
        return batch(jet_pt=4.0 + self.number)


class HeldJets(Dataset):
    def partitions(self):
        return [Held(0), Held(1)]


def test_a_dataset_gets_its_images_as_it_is_read() -> None:
    imaged = Imaged(HeldJets(), Images(pixels=4, normalise="pt"))
    parts = imaged.partitions()
    assert pickle.loads(pickle.dumps(parts[1])) == parts[1]
    sums = [p.read()["image"].values[0].sum() for p in parts]
    assert sums == [pytest.approx(1.0), pytest.approx(0.8)]
    assert imaged.read()["image"].values.shape == (4, 1, 4, 4)
    assert list(imaged.read().collections) == ["constituents", "jets", "image"]
