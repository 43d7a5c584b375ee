"""Regions of interest beside explanations: the jets' own, and those of other jets."""

from __future__ import annotations

import numpy as np

import imaged
from jetlens.explain.regions import with_regions


def beside(some, pool):
    """Return prongs beside an explanation ``[jet, prong, variable]``, and their names."""
    looked = np.ones((len(some), imaged.PIXELS, imaged.PIXELS))
    bare = imaged.explained(some, looked)
    bare = bare[[v for v in bare.data_vars if not str(v).startswith(("prong", "parton", "partic"))]]
    found = with_regions(bare, some, pool)
    return found["prongs_value"].values, [str(n) for n in found["prongs_feature"].values]


def test_other_regions_are_those_of_a_jet_of_the_pool_of_its_class_and_number():
    some, pool = imaged.jets(60, seed=1), imaged.jets(90, seed=2, start=600)
    values, names = beside(some, pool)
    assert names == ["x", "y", "pt", "other_x", "other_y"]
    met = set()
    for jet in range(60):
        real = some["prongs"].mask[jet]
        theirs = values[jet, real, 3:]
        if not real.any():
            continue
        same = [
            k
            for k in range(90)
            if np.array_equal(pool["prongs"].values[k, pool["prongs"].mask[k], :2], theirs)
        ]
        (other,) = same  # in the pool, and as many
        assert pool.label[other] == some.label[jet]
        met.add(other)
    assert len(met) > 20
    assert np.isnan(values[~some["prongs"].mask]).all()


def test_they_hang_on_the_jet_and_the_pool_alone():
    some, pool = imaged.jets(60, seed=1), imaged.jets(90, seed=2, start=600)
    whole, _ = beside(some, pool)
    part, _ = beside(some.take([31, 4, 5]), pool)
    np.testing.assert_array_equal(part, whole[[31, 4, 5]])


def test_a_jet_s_own_event_lends_it_nothing():
    some = imaged.jets(3, seed=1)  # one event
    values, _ = beside(some, some)
    assert np.isnan(values[..., 3:]).all()
    assert np.isfinite(values[some["prongs"].mask][:, :3]).all()
