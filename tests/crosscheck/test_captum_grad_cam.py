"""Captum as the judge of Grad-CAM."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from captum.attr import LayerGradCam

import jetlens as jl
from contracts import taggers as cases
from jetlens.taggers.encode import encode


@pytest.mark.parametrize("rectified", [True, False])
def test_the_2d_cnn(rectified: bool) -> None:
    case = next(c for c in cases.cases() if str(c) == "cnn2d-image")
    tagger, jets = case.build(), cases.sample()
    inputs, masks = encode(tagger, jets)
    layer = "convolutions.3"
    theirs = LayerGradCam(
        lambda image: tagger({"image": image}, masks), tagger.get_submodule(layer)
    ).attribute(inputs["image"], target=2, relu_attributions=rectified)
    want = torch.nn.functional.interpolate(theirs, size=(14, 14), mode="bilinear")[:, 0].detach()
    found = jl.explain(tagger, jets, "grad-cam", target="u", layer=layer, rectified=rectified)
    np.testing.assert_allclose(found.image_importance, want, rtol=1e-8, atol=1e-12)
    assert float(abs(want).max()) > 1e-4
