from __future__ import annotations

import dataclasses

import numpy as np
import pytest

import jetlens as jl
from contracts import explainers as case
from jetlens.core import attribution
from jetlens.core.collection import Collection
from jetlens.core.table import Table
from jetlens.core.units import Feature


def explained(jets=None):
    return jl.explain(case.tagger(), jets or case.jets(), "integrated-gradients")


def test_collections_and_features() -> None:
    found = explained()
    assert set(attribution.collections(found)) == {"jets", "tracks"}
    assert [f.name for f in attribution.features(found, "tracks")] == list(case.TRACKS)


def test_tables_have_names_numbers_or_nothing_along_their_axes() -> None:
    table = Table(np.zeros((2, 3, 1, 4)), {"scale": [0, 0.5, 1], "kind": ["a"], "place": None})
    found = table.coordinates
    assert set(found) == {"scale", "kind"}
    np.testing.assert_array_equal(found["scale"], [0.0, 0.5, 1.0])
    assert found["scale"].dtype == float
    assert found["kind"].dtype.kind == "U"
    assert Table(np.zeros((2, 0)), {"kind": []}).coordinates["kind"].dtype.kind == "U"


def test_putting_together_pads_to_the_longest() -> None:
    short, long = explained(case.jets(5, 3)), explained(case.jets(6, 9))
    both = attribution.concatenate([short, long])
    assert both.sizes == {**long.sizes, "jet": 11}
    assert np.isnan(both.tracks_score.values[:5, 3:]).all()
    assert np.isnan(both.tracks_value.values[:5, 3:]).all()
    assert (both.tracks_origin.values[:5, 3:] == -1).all()
    assert both.tracks_mask.dtype == bool
    assert not both.tracks_mask.values[:5, 3:].any()
    assert both.attrs == short.attrs
    assert both.tracks_value.attrs == short.tracks_value.attrs
    for name in short.data_vars:
        assert both[name].dtype == short[name].dtype, name
        assert both[name].dims == short[name].dims, name
    np.testing.assert_array_equal(both.tracks_score.values[5:], long.tracks_score.values)


def test_what_cannot_be_put_together() -> None:
    found = explained()
    with pytest.raises(jl.JetlensError, match="no attributions"):
        attribution.concatenate([])
    with pytest.raises(jl.JetlensError, match="other variables"):
        attribution.concatenate([found, found.drop_vars("converged")])
    renamed = found.assign_coords({"class": ["x", "y", "z"]})
    with pytest.raises(jl.JetlensError, match="other 'class'"):
        attribution.concatenate([found, renamed])


def test_one_target_of_several() -> None:
    both = jl.explain(case.tagger(), case.jets(), "integrated-gradients", target=["b", "c"])
    one = attribution.one_target(both, "c")
    assert "target" not in one.dims
    np.testing.assert_array_equal(one.tracks_score, both.tracks_score[1])
    assert attribution.one_target(both.sel(target="c")).identical(one)
    with pytest.raises(jl.JetlensError, match=r"b, c: pick one, as in scores\.sel\(target='b'\)"):
        attribution.one_target(both)
    with pytest.raises(jl.JetlensError, match="unknown target 'u'"):
        attribution.one_target(both, "u")


def test_what_jets_hold_beside_the_inputs_comes_with_its_truth() -> None:
    mass = Collection(
        np.array([[120.0], [80.0]]),
        ("jet", "feature"),
        (Feature("m", "GeV"),),
        truth={"process": np.array([0, 2])},
    )
    jets = jl.batch({"image": (np.zeros((2, 1, 3, 3)), ["pt"])})
    jets = dataclasses.replace(jets, collections={**jets.collections, "jets": mass})
    said = attribution.build(
        jets, {"image": ["pt"]}, {}, classes=["a"], output=np.zeros((2, 1)), target=np.zeros(2, int)
    )
    more = attribution.beside(said, jets)
    assert more["jets_value"].values.tolist() == [[120], [80]]
    assert more["jets_process"].dims == ("jet",)
    assert more["jets_process"].values.tolist() == [0, 2]
