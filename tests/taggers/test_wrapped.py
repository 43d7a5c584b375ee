"""Modules of anyone's as taggers."""

from __future__ import annotations

import numpy as np
import pytest
from torch import nn

import jetlens as jl
from contracts import explainers as case
from jetlens.data.scaling import Scaling
from jetlens.taggers.encode import encode

ONE = nn.Linear(2, 2)


def image(module, inputs, masks):
    return module(inputs["image"])


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"module": "net"}, "expected a torch.nn.Module, not str"),
        ({"module": ONE}, r"does not take \(inputs, masks\): say how to call it"),
        ({"inputs": {}}, "feature names by collection"),
        ({"inputs": ["pt"]}, "feature names by collection"),
        ({"inputs": {"image": "em"}}, "'em', expected a list of names"),
        ({"inputs": {"image": []}}, "inputs of 'image': there are none, expected a list of names"),
        ({"inputs": {"image": ["pt", "pt"]}}, "inputs of 'image': 'pt' is there twice"),
        ({"classes": ()}, "classes: there are none"),
        ({"classes": ("b", "b")}, "classes: 'b' is there twice"),
        ({"classes": "ab"}, "classes: 'ab', expected a list of names"),
        ({"classes": 2}, "classes: 2, expected a list of names"),
        ({"scaling": {"imag": {"pt": (0, 1)}}}, "did you mean 'image'"),
        ({"scaling": {"image": {"pz": (0, 1)}}}, "did you mean 'pt'"),
        ({"scaling": {"image": {"pt": (0, 0)}}}, "a positive std"),
        ({"scaling": {"pt": (0, 1)}}, "expected pairs by collection and feature"),
        ({"scaling": "standard"}, "scaling 'standard': expected pairs by collection"),
        ({"scaling": {"image": {"pt": {"mean": 0}}}}, r"image\.pt: .*expected \(mean, std\) or {"),
        ({"scaling": {"image": {"pt": 5}}}, r"scaling of image\.pt: 5; expected \(mean, std\)"),
        ({"scaling": Scaling(places={"imag": ()})}, "did you mean 'image'"),
        ({"scaling": Scaling(places={"image": [Scaling({"image": {"pz": (0, 1)}})]})}, "mean 'pt'"),
    ],
)
def test_what_cannot_be_wrapped(arguments: dict, says: str) -> None:
    good = {"module": ONE, "inputs": {"image": ["pt"]}, "classes": ("a", "b"), "call": image}
    if arguments.get("module") is ONE:
        good["call"] = None
    with pytest.raises(jl.JetlensError, match=says):
        jl.wrap(**{**good, **arguments})


def test_names_may_be_arrays_and_scaling_that_of_salt() -> None:
    jets = case.jets()
    pairs = {"jets": {"pt": (1.0, 3.0), "eta": (0.0, 2.0)}}
    of_salt = {"jets": {"pt": {"mean": 1.0, "std": 3.0}, "eta": {"std": 2, "mean": 0}}}
    module = nn.Linear(2, 3).double()
    plain, other = (
        jl.wrap(module, {"jets": names}, classes, lambda m, i, _: m(i["jets"]), scaling=scaling)
        for names, classes, scaling in (
            (case.JETS, case.CLASSES, pairs),
            (np.array(case.JETS), np.array(case.CLASSES), of_salt),
        )
    )
    assert other.inputs == plain.inputs
    assert other.classes == plain.classes
    assert other.scaling == plain.scaling
    assert {type(name) for name in (*other.inputs["jets"], *other.classes)} == {str}
    one, same = (jl.explain(t, jets, "gradient", target="b") for t in (plain, other))
    assert one.equals(same)


def test_a_module_that_gives_something_else_is_told() -> None:
    tagger = jl.wrap(
        nn.Linear(2, 5), {"jets": case.JETS}, ("a", "b"), call=lambda m, i, _: m(i["jets"])
    )
    with pytest.raises(
        jl.JetlensError, match=r"returned \(40, 5\): expected logits of shape \(40, 2\)"
    ):
        tagger(*encode(tagger, case.jets()))
