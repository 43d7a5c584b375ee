from __future__ import annotations

import numpy as np
import pytest

import jetlens as jl
from contracts import explainers as case
from jetlens.core.names import OF_COLLECTIONS, RESERVED, different
from jetlens.core.registry import explainers


@pytest.mark.parametrize("method", sorted(explainers))
def test_what_attributions_call_their_own_is_reserved(method: str) -> None:
    found = jl.explain(case.tagger_for(method), case.jets(5), method, pool=case.jets(9, seed=9))
    several = {"target", "target_class"}  # where several targets were explained
    own = {str(name) for name in (*found.variables, *found.dims, *several)}
    of_others = {"jets", "tracks", "unphysical"}  # which parts of longer names tell
    assert {n for n in own if n in RESERVED or not of_others & {*n.split("_")}} <= RESERVED
    of_tracks = {n.removeprefix("tracks_") for n in own if n.startswith("tracks_")}
    assert of_tracks - {*case.jets(5)["tracks"].truth} <= OF_COLLECTIONS


@pytest.mark.parametrize("shape", [(2, 3), (2, 4, 3), (2, 3, 4, 4)])
@pytest.mark.parametrize("name", ["jet", "class", "label", "x", "y", "layer", "scale", "event"])
def test_collections_are_not_called_so(name: str, shape: tuple[int, ...]) -> None:
    with pytest.raises(jl.JetlensError, match=f"a collection cannot be called '{name}'"):
        jl.batch({name: (np.zeros(shape), ["a", "b", "c"])})


@pytest.mark.parametrize("name", ["score", "value", "mask", "feature"])
def test_truth_is_not_called_what_attributions_hold(name: str) -> None:
    values, truth = np.zeros((2, 4, 3)), {"tracks": {name: np.zeros((2, 4))}}
    with pytest.raises(jl.JetlensError, match=f"truth cannot be called '{name}'"):
        jl.batch({"tracks": (values, ["a", "b", "c"])}, truth=truth)


def test_names_come_in_their_order_and_as_plain_texts() -> None:
    for given in (["c", "b"], ("c", "b"), np.array(["c", "b"]), iter("cb"), {"c": 0, "b": 1}):
        names = different("classes", given)
        assert names == ("c", "b")
        assert {type(name) for name in names} == {str}


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ("cb", "classes: 'cb', expected a list of names"),
        (2, "classes: 2, expected a list of names"),
        (None, "classes: None, expected a list of names"),
        ({"c", "b"}, "expected a list of names"),
        (np.array("c"), "expected a list of names"),
        (np.array([["c"]]), "is no name"),
        ([5, 4], "classes: 5 is no name"),
        (["c", "b", "c"], "classes: 'c' is there twice"),
    ],
)
def test_what_is_no_list_of_names(given, says: str) -> None:
    with pytest.raises(jl.JetlensError, match=says):
        different("classes", given)
