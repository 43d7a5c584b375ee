"""Integrated gradients, the slow and obvious way: one jet, one step, one gradient at a time."""

from __future__ import annotations

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
