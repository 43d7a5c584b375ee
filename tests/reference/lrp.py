"""Relevance propagation written out neuron by neuron: slow and plain.

A layer is a matrix `w` ``[out, in]`` with a bias `b` ``[out]``; relevance is handed from one layer
to the one before it. Each function takes one jet.
"""

from __future__ import annotations

import math

import numpy as np
import torch


def stab(z: float, epsilon: float) -> float:
    return z + (epsilon if z >= 0 else -epsilon)


def step(name: str, x, w, b, relevance, epsilon=1e-6, **options) -> tuple[np.ndarray, float]:
    """Return the relevance of the inputs of a layer, and what its bias absorbed."""
    found, bias = np.zeros(len(x)), 0.0
    for k in range(len(w)):
        shares, taken = _shares(name, x, w[k], b[k], epsilon, options, k)
        found += np.array(shares) * relevance[k]
        bias += taken * relevance[k]
    return found, bias


def _shares(name, x, w, b, epsilon, options, k) -> tuple[list[float], float]:
    """Return the part of a neuron's relevance that each input gets, and the bias."""
    c = [float(x[i] * w[i]) for i in range(len(x))]
    z = sum(c) + b
    if name == "epsilon":
        d = stab(z, epsilon)
        return [ci / d for ci in c], b / d
    if name == "z":
        return ([ci / z for ci in c], b / z) if z else ([0.0] * len(c), 0.0)
    if name == "gamma":
        gamma, sign = options.get("gamma", 0.25), 1 if z >= 0 else -1
        more = [ci + gamma * (ci if ci * sign > 0 else 0.0) for ci in c]
        bias = b + gamma * (b if b * sign > 0 else 0.0)
        d = stab(sum(more) + bias, epsilon)
        return [m / d for m in more], bias / d
    if name == "alpha-beta":
        alpha = options.get("alpha", 2.0)
        plus = sum(ci for ci in c if ci > 0) + max(b, 0) + epsilon
        minus = sum(ci for ci in c if ci < 0) + min(b, 0) - epsilon
        shares = [alpha * max(ci, 0) / plus - (alpha - 1) * min(ci, 0) / minus for ci in c]
        return shares, alpha * max(b, 0) / plus - (alpha - 1) * min(b, 0) / minus
    if name == "flat":
        there = options["there"][k]  # which inputs a neuron is connected to
        connected = sum(there) > 0  # else it is its bias
        return [t / sum(there) if connected else 0.0 for t in there], float(not connected)
    if name == "w-squared":
        d = sum(wi**2 for wi in w) + b**2 + epsilon
        return [wi**2 / d for wi in w], b**2 / d
    assert name == "z-box"
    low, high = options["low"], options["high"]
    parts = [c[i] - low[i] * max(w[i], 0) - high[i] * min(w[i], 0) for i in range(len(c))]
    d = stab(sum(parts), epsilon)
    return [p / d for p in parts], 0.0


def matrix(module: torch.nn.Module, shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Return a linear layer of any kind as a matrix and a bias, by trying every unit vector."""
    n = math.prod(shape)
    with torch.no_grad():
        zero = module(torch.zeros(1, *shape, dtype=torch.float64)).flatten()
        each = module(torch.eye(n, dtype=torch.float64).view(n, *shape)).flatten(1)
    return (each - zero).T.numpy(), zero.numpy()


def attention(q, k, v, relevance, bias=None, value_only=False) -> dict[str, np.ndarray]:
    """Propagate through one head of attention ``softmax(q k^T / sqrt(d) + bias) v`` by AttnLRP.

    Equations 8 to 15 of Achtibat et al., arXiv:2402.05602: half of a matrix product's relevance
    goes to either operand; softmax is ``R_i = x_i (R_i - s_i sum_j R_j)``.
    """
    (n, d), m = q.shape, len(k)
    scores = np.zeros((n, m))
    for j in range(n):
        for i in range(m):
            scores[j, i] = sum(q[j, a] * k[i, a] for a in range(d)) / math.sqrt(d)
    biased = scores if bias is None else scores + bias
    weights = np.exp(biased - biased.max(1, keepdims=True))
    weights /= weights.sum(1, keepdims=True)
    out = weights @ v
    to_weights, to_v = np.zeros((n, m)), np.zeros_like(v)
    half = 1.0 if value_only else 0.5
    for j in range(n):
        for i in range(m):
            for p in range(v.shape[1]):
                part = half * weights[j, i] * v[i, p] / out[j, p] * relevance[j, p]
                to_weights[j, i] += part
                to_v[i, p] += part
    if value_only:
        return {"v": to_v, "q": np.zeros_like(q), "k": np.zeros_like(k)}
    to_biased = np.zeros((n, m))
    for j in range(n):
        for i in range(m):
            if weights[j, i] > 0:
                total = sum(to_weights[j])
                to_biased[j, i] = biased[j, i] * (to_weights[j, i] - weights[j, i] * total)
    to_scores, to_bias = to_biased, np.zeros((n, m))
    if bias is not None:
        seen = weights > 0
        safe = np.where(seen, biased, 1.0)
        to_scores = np.where(seen, scores / safe * to_biased, 0)
        to_bias = np.where(seen, np.where(seen, bias, 0) / safe * to_biased, 0)
    to_q, to_k = np.zeros_like(q), np.zeros_like(k)
    for j in range(n):
        for i in range(m):
            for a in range(d):
                part = q[j, a] * k[i, a] / math.sqrt(d) / scores[j, i] / 2 * to_scores[j, i]
                to_q[j, a] += part
                to_k[i, a] += part
    return {"q": to_q, "k": to_k, "v": to_v, "bias": to_bias}


def _sigmoid(x):
    return 1 / (1 + np.exp(-x))


def lstm(x, w, u, b, c, relevance) -> np.ndarray:
    """Propagate from an LSTM's last output to its inputs ``[step, in]`` (gates i, f, g, o).

    Arras et al., arXiv:1706.07206: of a product with a gate the signal takes all.
    """
    n = len(relevance)
    hs, cs, gates = [np.zeros(n)], [np.zeros(n)], []
    for row in x:
        z = w @ row + b + u @ hs[-1] + c
        i, f, o = (_sigmoid(z[s * n : (s + 1) * n]) for s in (0, 1, 3))
        g = np.tanh(z[2 * n : 3 * n])
        gates.append((i, f, g, z[2 * n : 3 * n]))
        cs.append(f * cs[-1] + i * g)
        hs.append(o * np.tanh(cs[-1]))
    own, back = slice(2 * n, 3 * n), slice(2 * n, 3 * n)
    found, of_h, of_c = np.zeros_like(x), relevance.copy(), np.zeros(n)
    for t in reversed(range(len(x))):
        i, f, g, z = gates[t]
        of_c = of_c + of_h
        of_g = i * g / cs[t + 1] * of_c
        of_c = f * cs[t] / cs[t + 1] * of_c
        for a in range(x.shape[1]):
            found[t, a] = sum(w[own][k, a] * x[t, a] / z[k] * of_g[k] for k in range(n))
        of_h = np.array(
            [sum(u[back][k, a] * hs[t][a] / z[k] * of_g[k] for k in range(n)) for a in range(n)]
        )
    return found


def gru(x, w, u, b, c, relevance) -> np.ndarray:
    """Propagate from a GRU's last output to its inputs ``[step, in]`` (gates r, z, n)."""
    n = len(relevance)
    hs, kept = [np.zeros(n)], []
    for row in x:
        i, h = w @ row + b, u @ hs[-1] + c
        r, z = _sigmoid(i[:n] + h[:n]), _sigmoid(i[n : 2 * n] + h[n : 2 * n])
        before = i[2 * n :] + r * h[2 * n :]
        kept.append((r, z, before))
        hs.append((1 - z) * np.tanh(before) + z * hs[-1])
    own, found, of_h = slice(2 * n, 3 * n), np.zeros_like(x), relevance.copy()
    for t in reversed(range(len(x))):
        r, z, before = kept[t]
        of_new = (1 - z) * np.tanh(before) / hs[t + 1] * of_h
        direct = z * hs[t] / hs[t + 1] * of_h
        for a in range(x.shape[1]):
            found[t, a] = sum(w[own][k, a] * x[t, a] / before[k] * of_new[k] for k in range(n))
        of_h = direct + np.array(
            [
                sum(r[k] * u[own][k, a] * hs[t][a] / before[k] * of_new[k] for k in range(n))
                for a in range(n)
            ]
        )
    return found
