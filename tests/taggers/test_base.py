from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

import jetlens as jl
from contracts import explainers as case
from jetlens.data.scaling import Scaling
from jetlens.taggers import base
from jetlens.taggers.base import at_rest, encode

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


def test_inputs_are_named_scaled_and_of_the_modules_precision() -> None:
    tagger, jets = case.tagger(), case.jets()
    inputs, masks = encode(tagger, jets)
    assert inputs["tracks"].dtype == torch.float64
    assert encode(tagger.float(), jets)[0]["tracks"].dtype == torch.float32
    d0 = (jets["tracks"].column("d0") - 0.3) / 2.0
    torch.testing.assert_close(
        inputs["tracks"][..., 0][masks["tracks"]], torch.as_tensor(d0)[masks["tracks"]]
    )


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_images_are_scaled_a_few_at_a_time_to_the_same_bytes(dtype, monkeypatch) -> None:
    values = np.random.default_rng(1).normal(size=(7, 3, 4, 5)).astype(np.float32)
    jets = jl.batch({"image": (values, ["a", "b", "c"])}, row=range(10, 17))
    scaling = {"image": {"a": (0.3, 1.7), "c": (0.0, 0.1)}}
    tagger = jl.wrap(
        nn.Linear(2, 2, dtype=dtype), {"image": ["c", "a"]}, ("x", "y"), image, scaling=scaling
    )
    whole = tagger.scaling.apply(jets["image"], "image", ("c", "a"))
    for some in (1, 80, 10**6):  # numbers: one jet, two, all of them
        monkeypatch.setattr(base, "AT_ONCE", some)
        found = encode(tagger, jets)[0]["image"]
        assert found.is_contiguous()
        assert torch.equal(found, torch.as_tensor(whole, dtype=dtype))
    values[5, 0, 0, 0] = np.nan
    bad = jl.batch({"image": (values, ["a", "b", "c"])}, row=range(10, 17))
    with pytest.raises(jl.JetlensError, match=r"image.a is nan in the jet of row 15"):
        encode(tagger, bad)


def test_jets_that_lack_something() -> None:
    jets = jl.batch({"jets": (case.jets()["jets"].values, ["pt", "phi"])})
    with pytest.raises(jl.JetlensError, match="unknown variable of the jets 'eta'"):
        encode(case.tagger(), jets)
    alone = jl.batch({"jets": (case.jets()["jets"].values, case.JETS)})
    with pytest.raises(jl.JetlensError, match="unknown collection for this tagger 'tracks'"):
        encode(case.tagger(), alone)


def test_at_rest_and_back_after_an_exception() -> None:
    tagger = case.tagger().train()
    tagger.module.each[0].bias.requires_grad_(False)
    before = [p.requires_grad for p in tagger.parameters()]
    with pytest.raises(RuntimeError), at_rest(tagger):
        assert not any(m.training for m in tagger.modules())
        assert not any(p.requires_grad for p in tagger.parameters())
        raise RuntimeError
    assert all(m.training for m in tagger.modules())
    assert [p.requires_grad for p in tagger.parameters()] == before
