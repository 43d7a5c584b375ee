"""Captum as the judge of integrated gradients."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from captum.attr import IntegratedGradients
from torch import nn

import jetlens as jl
from contracts import explainers as case
from jetlens.taggers.encode import encode


@pytest.mark.parametrize("activation", [nn.GELU, nn.ReLU])
@pytest.mark.parametrize("rule", ["gauss-legendre", "midpoint"])
def test_the_same_rule_gives_captums_scores(activation, rule: str) -> None:
    tagger, jets = case.tagger(activation), case.jets()
    inputs, masks = encode(tagger, jets)
    target = tagger(inputs, masks).argmax(-1)

    def forward(jets: torch.Tensor, tracks: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        return tagger({"jets": jets, "tracks": tracks}, {"tracks": mask})

    theirs = {"gauss-legendre": "gausslegendre", "midpoint": "riemann_middle"}
    of_jets, of_tracks = IntegratedGradients(forward).attribute(
        (inputs["jets"], inputs["tracks"]),
        target=target,
        additional_forward_args=masks["tracks"],
        n_steps=20,
        method=theirs[rule],
    )
    ours = jl.explain(tagger, jets, "integrated-gradients", steps=20, rule=rule)
    # Captum keeps its nodes in single precision
    np.testing.assert_allclose(ours.jets_score, of_jets.detach(), rtol=1e-5, atol=1e-7)
    mask = jets["tracks"].mask
    np.testing.assert_allclose(
        ours.tracks_score.values[mask], of_tracks.detach().numpy()[mask], rtol=1e-5, atol=1e-7
    )
