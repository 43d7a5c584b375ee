"""Attention, its rollout and Grad-CAM, written out jet by jet and number by number."""

from __future__ import annotations

import math

import numpy as np


def attention(q: np.ndarray, k: np.ndarray, allowed: np.ndarray) -> np.ndarray:
    """Return softmax weights ``[query, key]`` of one head of one jet, over the keys allowed."""
    found = np.zeros((len(q), len(k)))
    for i in range(len(q)):
        exps = [
            math.exp(sum(a * b for a, b in zip(q[i], k[j], strict=True)) / math.sqrt(len(q[i])))
            if allowed[j]
            else 0.0
            for j in range(len(k))
        ]
        for j, e in enumerate(exps):
            found[i, j] = e / sum(exps) if sum(exps) else 0.0
    return found


def rollout(layers: list[np.ndarray]) -> np.ndarray:
    """Return the product of ``(A + I) / 2`` over layers ``[head, token, token]`` of one jet."""
    result = np.eye(layers[0].shape[-1])
    for heads in layers:
        mean = sum(heads) / len(heads)
        step = mean + np.eye(len(mean))
        for row in step:
            row /= row.sum()
        result = step @ result
    return result


def grad_cam(features: np.ndarray, slopes: np.ndarray, rectified: bool = True) -> np.ndarray:
    """Return the map ``[place]`` of one jet's features and gradients ``[place, channel]``."""
    found = np.zeros(len(features))
    for k in range(features.shape[1]):
        alpha = sum(slopes[i, k] for i in range(len(slopes))) / len(slopes)
        for i in range(len(features)):
            found[i] += alpha * features[i, k]
    return np.array([max(x, 0.0) for x in found]) if rectified else found
