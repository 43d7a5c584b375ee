"""Mean maps of explanations, and single jets with their regions."""

from __future__ import annotations

import numpy as np
import pytest

import imaged
import jetlens as jl
from jetlens.core.errors import UnsupportedError


def test_maps_are_means_of_shares_by_class():
    jets = imaged.looked(50)
    result = jl.summarise(jets, "attention-overlay")
    maps = result.summary.maps(result)
    np.testing.assert_allclose(maps.sum(axis=(2, 3)), 1, rtol=1e-5)
    own, weight = jets["image_importance"].values.astype(np.float64), jets["weight"].values
    shares = own / own.sum(axis=(1, 2), keepdims=True)
    bare = ~jets["particles_mask"].values.any(axis=1)
    for g, used in enumerate((~bare, ~bare & (jets["label"].values == 0))):
        mean = np.average(shares[used], axis=0, weights=weight[used])
        np.testing.assert_allclose(maps[g, 0], mean, rtol=1e-4)


def test_what_is_at_one_place_is_that_far_from_the_middle():
    some = imaged.jets(30)
    looked = np.zeros((30, imaged.PIXELS, imaged.PIXELS))
    looked[:, 3, 20] = 2.0
    numbers = jl.summarise(imaged.explained(some, looked, None), "attention-overlay").numbers()
    x, y = (some["image"].places[a][1] for a in "xy")
    far = float(np.hypot(x[20], y[3]))
    found = numbers["attention_overlay.four.distance"]
    assert found == pytest.approx({"value": far, "low": far, "high": far}, rel=1e-5)
    assert numbers["attention_overlay.four.distance.pt"]["value"] < far


def test_single_jets_are_right_and_wrong_ones_with_their_regions():
    jets = imaged.looked(120)
    result = jl.summarise(jets, "attention-overlay", jets=3)
    for name, want in (("right", True), ("wrong", False)):
        kept = result.parts[name].jets
        right = kept["output"].values.argmax(axis=1) == kept["label"].values
        assert (right == want).all()
        assert np.bincount(kept["label"].values).tolist() == [3, 3]
        row = int(kept["row"].values[0])
        marks = kept["marks_value"].values[0][kept["marks_mask"].values[0]]
        own = jets.isel(jet=row)
        real = own["partons_mask"].values
        np.testing.assert_allclose(
            marks[marks[:, 2] == 1, :2], own["partons_value"].values[real, :2]
        )
        assert (marks[:, 2] == 0).sum() == own["prongs_mask"].values.sum()


def test_jets_that_do_not_know_their_particles_are_told():
    jets = imaged.looked(5).drop_vars("particles_value")
    with pytest.raises(UnsupportedError, match="expected a collection 'particles'"):
        jl.summarise(jets, "attention-overlay")
