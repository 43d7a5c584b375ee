from __future__ import annotations

import numpy as np
import pytest

import labelled
from jetlens.data.readers.ftag_variables import CLASSES
from jetlens.data.toy import Toy
from jetlens.taggers.training.preparation import decided, prepare
from jetlens.taggers.training.settings import TrainSettings


def test_weighted_jets_are_worth_fewer_of_equal_weight():
    data = labelled.Labelled(1200, 400)
    preparation, counts = prepare(data, CLASSES, TrainSettings(resample="weight"))
    jets = preparation.apply(data.read())
    for i, name in enumerate(CLASSES):
        weight = jets.weight[jets.label == i]
        assert counts.kept[name] == len(weight) == counts.read[name]
        assert counts.effective[name] == pytest.approx(weight.sum() ** 2 / (weight**2).sum())
        assert 0 < counts.effective[name] <= counts.kept[name]
    assert np.mean(jets.weight) == pytest.approx(1)
    assert min(counts.effective[c] / counts.kept[c] for c in CLASSES) < 0.99


def test_jets_of_equal_weight_are_worth_their_number():
    settings = TrainSettings(resample="none", class_weights={"b": 3.0})
    _, counts = prepare(labelled.Labelled(300, 100), CLASSES, settings)
    assert counts.effective == pytest.approx(counts.kept)
    assert counts.weight == pytest.approx(counts.total + 2 * counts.kept["b"])


def test_jets_are_resampled_by_weight_where_they_have_pt_and_eta():
    with_pt, without = labelled.jets(4), Toy(jets=4).read()
    assert decided(TrainSettings(), with_pt).resample == "weight"
    assert decided(TrainSettings(), without).resample == "none"
    assert decided(TrainSettings(), None).resample == "none"
    for asked in ("weight", "thin", "none"):
        for some in (with_pt, without):
            assert decided(TrainSettings(resample=asked), some).resample == asked
