"""Gradients, and steps along them, the slow and obvious way: one jet, one particle at a time."""

from __future__ import annotations

import math

import numpy as np
import torch
from scipy.optimize import root

from jetlens.core.batch import JetBatch
from jetlens.taggers.base import Tagger
from jetlens.taggers.encode import encode


def slow_gradient(
    tagger: Tagger, jets: JetBatch, chosen: np.ndarray, noise: dict[str, np.ndarray] | None = None
) -> dict[str, np.ndarray]:
    """Return d logit / d input, jet by jet, perhaps with noise on the inputs of real particles."""
    inputs, masks = encode(tagger, jets)
    found = {name: np.zeros(values.shape) for name, values in inputs.items()}
    for j in range(len(jets)):
        mask = {name: m[j : j + 1] for name, m in masks.items()}
        point = {}
        for name, values in inputs.items():
            one = values[j : j + 1].clone()
            if noise is not None:
                one = one + torch.as_tensor(noise[name][j : j + 1])
            if name in mask:
                one[~mask[name]] = 0
            point[name] = one.requires_grad_()
        tagger(point, mask)[0, chosen[j]].backward()
        for name, values in point.items():
            if values.grad is not None:
                found[name][j] = values.grad[0].numpy()
    tagger.zero_grad(set_to_none=True)
    return found


def slow_positive(value: float, step: float) -> float:
    return value + step if step >= 0 else value * value / (value - step)


def slow_inside(
    point: tuple[float, float], step: tuple[float, float], radius: float
) -> tuple[float, float]:
    """Go along a step until the rim is hit, in small pieces, to find how far away it is."""
    length = math.hypot(*step)
    if length == 0:
        return point
    unit = (step[0] / length, step[1] / length)
    rim = max(radius, math.hypot(*point))
    low, high = 0.0, 4 * rim
    for _ in range(200):
        middle = (low + high) / 2
        at = math.hypot(point[0] + middle * unit[0], point[1] + middle * unit[1])
        low, high = (middle, high) if at <= rim else (low, middle)
    way = low * math.tanh(length / low) if low > 0 else 0.0
    return point[0] + way * unit[0], point[1] + way * unit[1]


def slow_move(
    values: np.ndarray,
    raw: np.ndarray,
    names: tuple[str, ...],
    radius: float,
    *,
    positive: bool,
    fixed_pt: bool,
) -> np.ndarray:
    """Move the real particles ``[particle, feature]`` of one jet to where all constraints allow.

    `raw` is where a step leads without them; what is discrete and the mass do not move.
    """
    column = {name: i for i, name in enumerate(names)}
    moved = raw.copy()
    for name in ("m2", "charge", "is_photon"):
        moved[:, column[name]] = values[:, column[name]]
    for i in range(len(values)):  # whoever has no track has no impact parameter
        if values[i, column["charge"]] == 0 or values[i, column["d0_significance"]] == 0:
            moved[i, column["d0_significance"]] = values[i, column["d0_significance"]]
    pt, eta, phi = column["pt"], column["deta"], column["dphi"]
    for i in range(len(values)):
        if positive:
            moved[i, pt] = slow_positive(values[i, pt], raw[i, pt] - values[i, pt])
        at = (values[i, eta], values[i, phi])
        step = (raw[i, eta] - values[i, eta], raw[i, phi] - values[i, phi])
        moved[i, [eta, phi]] = slow_inside(at, step, radius)
    if not len(values):
        return moved
    old, new = values[:, pt] / values[:, pt].sum(), moved[:, pt] / moved[:, pt].sum()
    to = old @ values[:, [eta, phi]]

    def shifted(shift: np.ndarray) -> np.ndarray:
        return np.array([slow_inside(tuple(p), tuple(shift), radius) for p in moved[:, [eta, phi]]])

    found = root(lambda shift: new @ shifted(shift) - to, np.zeros(2), tol=1e-13)
    moved[:, [eta, phi]] = shifted(found.x)
    if fixed_pt:
        sums = [
            math.hypot((v[:, pt] * np.cos(v[:, phi])).sum(), (v[:, pt] * np.sin(v[:, phi])).sum())
            for v in (values, moved)
        ]
        moved[:, pt] *= sums[0] / sums[1]
    return moved
