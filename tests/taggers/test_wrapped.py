"""Modules of anyone's as taggers."""

from __future__ import annotations

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
        ({"inputs": {"image": []}}, "expected a list of names"),
        ({"classes": ()}, "one or more different names"),
        ({"classes": ("b", "b")}, "one or more different names"),
        ({"scaling": {"imag": {"pt": (0, 1)}}}, "did you mean 'image'"),
        ({"scaling": {"image": {"pz": (0, 1)}}}, "did you mean 'pt'"),
        ({"scaling": {"image": {"pt": (0, 0)}}}, "a positive std"),
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


def test_a_module_that_gives_something_else_is_told() -> None:
    tagger = jl.wrap(
        nn.Linear(2, 5), {"jets": case.JETS}, ("a", "b"), call=lambda m, i, _: m(i["jets"])
    )
    with pytest.raises(
        jl.JetlensError, match=r"returned \(40, 5\): expected logits of shape \(40, 2\)"
    ):
        tagger(*encode(tagger, case.jets()))
