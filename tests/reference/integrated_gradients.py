"""Integrated gradients, the slow and obvious way: one jet, one step, one gradient at a time."""

from __future__ import annotations

import itertools

import numpy as np
import torch

from jetlens.core.batch import JetBatch
from jetlens.taggers.base import Tagger
from jetlens.taggers.encode import encode


def slow_integrated_gradients(
    tagger: Tagger, jets: JetBatch, chosen: np.ndarray, steps: int
) -> dict[str, np.ndarray]:
    inputs, masks = encode(tagger, jets)
    found = {name: np.zeros(values.shape) for name, values in inputs.items()}
    for j in range(len(jets)):
        mask = {name: m[j : j + 1] for name, m in masks.items()}
        for step in range(steps):
            alpha = (step + 0.5) / steps
            point = {k: (alpha * v[j : j + 1]).requires_grad_() for k, v in inputs.items()}
            output = tagger(point, mask)[0, chosen[j]]
            output.backward()
            for name, values in point.items():
                found[name][j] += (inputs[name][j] * values.grad[0]).detach().numpy() / steps
    tagger.zero_grad(set_to_none=True)
    torch.manual_seed(0)
    return found


def exact_of_one_hidden_layer(
    hidden: np.ndarray, bias: np.ndarray, out: np.ndarray, x: np.ndarray
) -> np.ndarray:
    """Scores ``[feature]`` of ``out @ relu(hidden @ x + bias)`` from zero to `x`.

    Between the places where a unit switches, the gradient is constant.
    """
    with np.errstate(divide="ignore"):
        switches = -bias / (hidden @ x)
    cuts = np.sort(np.r_[0, switches[(switches > 0) & (switches < 1)], 1])
    found = np.zeros(len(x))
    for low, high in itertools.pairwise(cuts):
        on = hidden @ x * (low + high) / 2 + bias > 0
        found += (high - low) * x * (out[on] @ hidden[on])
    return found
