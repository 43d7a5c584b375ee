from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from contracts.taggers import CONSTITUENTS, EXPERTS, cases, sample
from jetlens.core.errors import BadValueError
from jetlens.taggers.cnn1d import CNN1D
from jetlens.taggers.encode import encode

CLASSES = ("a", "b")
CASES = [c for c in cases() if c.use == "cnn1d"]


def convolve(x: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """``x`` ``[channel, particle]`` with neighbours that are not there counted as zeros."""
    out = np.zeros((len(weight), x.shape[1]))
    reach = weight.shape[2] // 2
    for at in range(x.shape[1]):
        for k in range(weight.shape[2]):
            if 0 <= at + k - reach < x.shape[1]:
                out[:, at] += weight[:, :, k] @ x[:, at + k - reach]
    return out


def slow(state: dict, blocks: int, particles: np.ndarray, experts: np.ndarray) -> np.ndarray:
    """The logits of one jet that has its real particles ``[particle, feature]`` and no padding."""

    def normalise(x: np.ndarray, name: str) -> np.ndarray:
        mean, var, weight, bias = (
            state[f"{name}.norm.{k}"][:, None]
            for k in ("running_mean", "running_var", "weight", "bias")
        )
        return (x - mean) / np.sqrt(var + 1e-5) * weight + bias

    x = particles.T
    for i in range(blocks):
        name = f"blocks.{i}"
        inner = convolve(x, state[f"{name}.first.weight"])
        inner = np.maximum(normalise(inner, f"{name}.norm_first"), 0)
        inner = normalise(convolve(inner, state[f"{name}.second.weight"]), f"{name}.norm_second")
        skip = state.get(f"{name}.skip.weight")
        x = np.maximum(inner + (x if skip is None else convolve(x, skip)), 0)
    x = x.mean(1) if x.shape[1] else np.zeros(len(x))
    x = np.concatenate([x, experts])
    dense = sorted({int(k.split(".")[1]) for k in state if k.startswith("head")})
    for k in dense:
        x = state[f"head.{k}.weight"] @ x + state[f"head.{k}.bias"]
        x = x if k == dense[-1] else np.maximum(x, 0)
    return x


@pytest.mark.parametrize("case", CASES, ids=str)
def test_each_jet_is_what_its_real_particles_say_one_by_one(case) -> None:
    tagger = case.build()
    inputs, masks = encode(tagger, sample())
    state = {k: v.numpy() for k, v in tagger.state_dict().items()}
    logits = tagger(inputs, masks).detach().numpy()
    mask = masks[tagger.particles].numpy()
    assert {0, mask.shape[1]} < set(mask.sum(1))
    for jet, real in enumerate(mask):
        particles = inputs[tagger.particles][jet].numpy()[real]
        experts = inputs["jets"][jet].numpy() if "jets" in inputs else np.zeros(0)
        expected = slow(state, len(tagger.widths), particles, experts)
        np.testing.assert_allclose(logits[jet], expected, rtol=1e-8, atol=1e-10)


def test_its_default_inputs_are_the_one_list_of_particles() -> None:
    jets = sample()
    with pytest.raises(BadValueError, match="one list of particles, but the jets hold tracks, con"):
        CNN1D.inputs_for(jets)
    one_list = {name: jets[name] for name in ("constituents", "jets", "image")}
    assert CNN1D.inputs_for(replace(jets, collections=one_list)) == CONSTITUENTS
    jets = replace(jets, collections={name: jets[name] for name in ("jets", "image")})
    with pytest.raises(BadValueError, match="the jets hold jets, image: name its inputs"):
        CNN1D.inputs_for(jets)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"kernel": 4}, "kernel=4: expected an odd number"),
        ({"widths": ()}, "one block or more"),
        ({"widths": (8, 0)}, r"widths=\[8, 0\]"),
        ({"inputs": EXPERTS}, "expected one collection"),
    ],
)
def test_networks_that_cannot_be(options: dict, says: str) -> None:
    with pytest.raises(BadValueError, match=says):
        CNN1D(**{"inputs": CONSTITUENTS, "classes": CLASSES} | options)


def test_something_else_than_particles_is_told() -> None:
    with pytest.raises(BadValueError, match="'image' is no list of particles"):
        CNN1D({"image": ["pt"]}, CLASSES)({"image": torch.zeros(2, 1, 8, 8)}, {})
