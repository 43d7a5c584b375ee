"""Jets as a tagger's inputs."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

import jetlens as jl
from contracts import explainers as case
from jetlens.taggers.encode import encode


def image(module, inputs, masks):
    return module(inputs["image"])


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
        monkeypatch.setattr("jetlens.taggers.encode.AT_ONCE", some)
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
