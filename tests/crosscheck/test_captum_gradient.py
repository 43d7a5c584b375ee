"""Captum as the judge of gradients, and of their mean over noisy copies."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from captum.attr import InputXGradient, NoiseTunnel, Saliency
from torch import Tensor, nn

import jetlens as jl
from contracts import explainers as case
from jetlens.taggers.base import Tagger
from jetlens.taggers.encode import encode


def forward(tagger: Tagger):
    def call(jets: Tensor, tracks: Tensor, mask: Tensor) -> Tensor:
        return tagger({"jets": jets, "tracks": tracks}, {"tracks": mask})

    return call


def same(found, theirs: tuple[Tensor, Tensor], mask: np.ndarray) -> None:
    of_jets, of_tracks = (t.detach().numpy() for t in theirs)
    assert np.abs(of_tracks[mask]).max() > 0.01
    np.testing.assert_allclose(found.jets_score, of_jets, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(found.tracks_score.values[mask], of_tracks[mask], atol=1e-12)


@pytest.mark.parametrize("activation", [nn.GELU, nn.ReLU])
@pytest.mark.parametrize("method", ["gradient", "gradient-times-input"])
def test_saliency_and_input_times_gradient(activation, method: str) -> None:
    tagger, jets = case.tagger(activation), case.jets()
    inputs, masks = encode(tagger, jets)
    target = tagger(inputs, masks).argmax(-1)
    options: dict = {"target": target, "additional_forward_args": masks["tracks"]}
    if method == "gradient":
        judge, options = Saliency(forward(tagger)), options | {"abs": False}
    else:
        judge = InputXGradient(forward(tagger))
    leaves = tuple(v.requires_grad_() for v in inputs.values())
    theirs = judge.attribute(leaves, **options)
    same(jl.explain(tagger, jets, method), theirs, jets["tracks"].mask)


def test_noise_tunnel_with_the_same_noise(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its draws are replaced by the noise that our copies have."""
    tagger, jets, samples = case.tagger(), case.jets(), 4
    seen = []

    def call(module: nn.Module, inputs: dict, masks: dict) -> Tensor:
        if inputs["tracks"].requires_grad:
            seen.append({n: v.detach().clone() for n, v in inputs.items()})
        return module(inputs, masks)

    tagger.trims, tagger.call = False, call
    found = jl.explain(tagger, jets, "smooth-gradient", samples=samples, target="c")
    inputs, masks = encode(tagger, jets)
    tagger.call = None
    assert len(seen) == samples
    draws = []
    for name in ("jets", "tracks"):
        noise = torch.stack([s[name] - inputs[name] for s in seen], 1).flatten(0, 1)
        assert noise.std() > 0.1
        draws.append(noise)
    left = iter(draws)
    monkeypatch.setattr(torch, "normal", lambda mean, deviation: next(left))
    theirs = NoiseTunnel(Saliency(forward(tagger))).attribute(
        tuple(v.requires_grad_() for v in inputs.values()),
        nt_type="smoothgrad",
        nt_samples=samples,
        target=case.CLASSES.index("c"),
        additional_forward_args=masks["tracks"],
        abs=False,
    )
    same(found, theirs, jets["tracks"].mask)
