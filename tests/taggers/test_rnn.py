from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from contracts.taggers import CONSTITUENTS, cases, sample
from jetlens.core.errors import BadValueError
from jetlens.taggers.encode import encode
from jetlens.taggers.rnn import RNN

CASES = [c for c in cases() if c.use == "rnn"]


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def state_after(state: dict, layers: int, width: int, particles: np.ndarray) -> np.ndarray:
    """Read particles ``[particle, feature]`` one after the other; nothing read is zeros."""
    for layer in range(layers):
        of_input, of_state = (state[f"gru.weight_{k}_l{layer}"] for k in ("ih", "hh"))
        bias_input, bias_state = (state[f"gru.bias_{k}_l{layer}"] for k in ("ih", "hh"))
        now, seen = np.zeros(width), []
        for particle in particles:
            reset_x, update_x, new_x = np.split(of_input @ particle + bias_input, 3)
            reset_h, update_h, new_h = np.split(of_state @ now + bias_state, 3)
            update = sigmoid(update_x + update_h)
            new = np.tanh(new_x + sigmoid(reset_x + reset_h) * new_h)
            now = (1 - update) * new + update * now
            seen.append(now)
        particles = np.array(seen).reshape(len(seen), width)
    return now


@pytest.mark.parametrize("case", CASES, ids=str)
def test_each_jet_is_what_is_known_after_its_last_particle(case) -> None:
    tagger = case.build()
    inputs, masks = encode(tagger, sample())
    state = {k: v.numpy() for k, v in tagger.state_dict().items()}
    logits = tagger(inputs, masks).detach()
    mask = masks[tagger.particles]
    for jet, real in enumerate(mask):
        particles = inputs[tagger.particles][jet][real].numpy()
        x = state_after(state, tagger.layers, tagger.width, particles)
        if "jets" in inputs:
            x = np.concatenate([x, inputs["jets"][jet].numpy()])
        expected = tagger.head(torch.as_tensor(x)).detach()
        torch.testing.assert_close(logits[jet], expected, rtol=1e-9, atol=1e-10)


def test_its_default_inputs_are_the_one_list_of_particles() -> None:
    jets = sample()
    one_list = {name: jets[name] for name in ("constituents", "jets", "image")}
    assert RNN.inputs_for(replace(jets, collections=one_list)) == CONSTITUENTS


@pytest.mark.parametrize("options", [{"width": 0}, {"layers": 0}])
def test_networks_that_cannot_be(options: dict) -> None:
    with pytest.raises(BadValueError, match="expected 1 or more of each"):
        RNN(CONSTITUENTS, ("a", "b"), **options)


def test_something_else_than_particles_is_told() -> None:
    with pytest.raises(BadValueError, match="'image' is no list of particles"):
        RNN({"image": ["pt"]}, ("a", "b"))({"image": torch.zeros(2, 1, 8, 8)}, {})
