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


def product(x, relevance: float) -> np.ndarray:
    """Propagate from the product of numbers to each: AttnLRP's equal parts, none to a factor 1."""
    n = sum(1 for value in x if value != 1)
    return np.array([relevance * (1 / n if n and v != 1 else 0 if n else 1 / len(x)) for v in x])


def log_sum_exp(x, relevance: float) -> np.ndarray:
    """Propagate from ``log sum_i exp x_i``: a soft maximum, of which the softmax takes its part."""
    total = sum(math.exp(v) for v in x)
    return np.array([math.exp(v) / total * relevance for v in x])


def cosine(x, y, relevance: float) -> tuple[np.ndarray, np.ndarray]:
    """Propagate from the cosine of two vectors, their lengths constant: half to each."""
    dot = sum(a * b for a, b in zip(x, y, strict=True))
    half = np.array([a * b / dot * relevance / 2 for a, b in zip(x, y, strict=True)])
    return half, half


def scattered(base, index, source, relevance) -> tuple[np.ndarray, np.ndarray]:
    """Propagate from ``base`` with ``base[index[i]] = source[i]``: the overwritten gets none."""
    of_base, of_source = np.array(relevance, dtype=float), np.zeros(len(source))
    for i, place in enumerate(index):
        of_source[i] = relevance[place]
        of_base[place] = 0
    return of_base, of_source


def added_at(base, index, source, relevance) -> tuple[np.ndarray, np.ndarray]:
    """Propagate from ``base`` with ``base[index[i]] += source[i]``: in proportion."""
    total = [float(v) for v in base]
    for i, place in enumerate(index):
        total[place] += source[i]
    of_base = np.array([base[k] / total[k] * relevance[k] for k in range(len(base))])
    of_source = np.array([source[i] / total[k] * relevance[k] for i, k in enumerate(index)])
    return of_base, of_source


def contraction(a, b, relevance) -> tuple[np.ndarray, np.ndarray]:
    """Propagate from ``z_k = sum_ij a_ij b_ijk`` of two signals: half to each."""
    of_a, of_b = np.zeros_like(a), np.zeros_like(b)
    for k in range(b.shape[2]):
        z = sum(a[i, j] * b[i, j, k] for i in range(a.shape[0]) for j in range(a.shape[1]))
        for i in range(a.shape[0]):
            for j in range(a.shape[1]):
                part = a[i, j] * b[i, j, k] / z * relevance[k] / 2
                of_a[i, j] += part
                of_b[i, j, k] += part
    return of_a, of_b


def _sigmoid(x):
    return 1 / (1 + np.exp(-x))


def lstm(x, w, u, b, c, relevance, p=None) -> np.ndarray:
    """Propagate from an LSTM's last output to its inputs ``[step, in]`` (gates i, f, g, o).

    Arras et al., arXiv:1706.07206: of a product with a gate the signal takes all. `p` is the
    projection ``[out, width]`` of its outputs, if it has one.
    """
    n = len(w) // 4
    p = np.eye(n) if p is None else p
    m = len(p)
    hs, cs, gates, insides = [np.zeros(m)], [np.zeros(n)], [], []
    for row in x:
        z = w @ row + b + u @ hs[-1] + c
        i, f, o = (_sigmoid(z[s * n : (s + 1) * n]) for s in (0, 1, 3))
        g = np.tanh(z[2 * n : 3 * n])
        gates.append((i, f, g, z[2 * n : 3 * n]))
        cs.append(f * cs[-1] + i * g)
        insides.append(o * np.tanh(cs[-1]))
        hs.append(p @ insides[-1])
    own, back = slice(2 * n, 3 * n), slice(2 * n, 3 * n)
    found, of_h, of_c = np.zeros_like(x), relevance.copy(), np.zeros(n)
    for t in reversed(range(len(x))):
        i, f, g, z = gates[t]
        for k in range(n):  # what is projected shares in proportion
            of_c[k] += sum(p[a, k] * insides[t][k] / hs[t + 1][a] * of_h[a] for a in range(len(p)))
        of_g = i * g / cs[t + 1] * of_c
        of_c = f * cs[t] / cs[t + 1] * of_c
        for a in range(x.shape[1]):
            found[t, a] = sum(w[own][k, a] * x[t, a] / z[k] * of_g[k] for k in range(n))
        of_h = np.array(
            [
                sum(u[back][k, a] * hs[t][a] / z[k] * of_g[k] for k in range(n))
                for a in range(len(p))
            ]
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
