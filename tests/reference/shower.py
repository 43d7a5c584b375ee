"""Showers, slowly: one formula a line, one shower at a time."""

from __future__ import annotations

import math

import numpy as np
from scipy import integrate, stats

X0, RHO = 0.8904, 8.30  # cm, g/cm^3
MASS = {"Pb": 207.2, "W": 183.84, "O": 4 * 15.999}
TOTAL = sum(MASS.values())
Z = (MASS["Pb"] * 82 + MASS["W"] * 74 + MASS["O"] * 8) / TOTAL
A = (MASS["Pb"] * 207.2 + MASS["W"] * 183.84 + MASS["O"] * 15.999) / TOTAL
EC = 2.66 * (X0 * RHO * Z / A) ** 1.1 / 1000  # GeV


def gamma_of(energy: float) -> stats.rv_continuous:
    """Return the average longitudinal profile of an electron, in radiation lengths."""
    ln_y = math.log(energy / EC)
    alpha = 0.21 + (0.492 + 2.38 / Z) * ln_y
    beta = (alpha - 1) / (ln_y - 0.858)
    return stats.gamma(alpha, scale=1 / beta)


def inside(radius: float, energy: float) -> float:
    """Return the share of an average electron's energy within a radius in Moliere radii."""
    profile = gamma_of(energy)
    alpha, mean = profile.args[0], profile.mean()
    ln_e = math.log(energy)

    def at(depth: float) -> float:
        tau = depth / mean * alpha / (alpha - 1)
        core = (0.0251 + 0.00319 * ln_e) + (0.1162 - 0.000381 * Z) * tau
        k1, k2, k3, k4 = 0.659 - 0.00309 * Z, 0.645, -2.59, 0.3585 + 0.0421 * ln_e
        tail = k1 * (math.exp(k3 * (tau - k2)) + math.exp(k4 * (tau - k2)))
        p1, p2, p3 = 2.632 - 0.00094 * Z, 0.401 + 0.00187 * Z, 1.313 - 0.0686 * ln_e
        p = p1 * math.exp((p2 - tau) / p3 - math.exp((p2 - tau) / p3))
        shares = [radius**2 / (radius**2 + r**2) for r in (core, tail)]
        return profile.pdf(depth) * (p * shares[0] + (1 - p) * shares[1])

    return integrate.quad(at, 0, 60, limit=200)[0]


def hits(spots, rows: int, layers: int, cell: float, layer: float, gate: float) -> dict:
    """Return the true energy of each cell, by shower and position, spot by spot."""
    found: dict[tuple[int, int, int, int], list[tuple[float, float]]] = {}
    half = (rows - 1) / 2
    for shower, energy, x, y, z, time in zip(*spots, strict=True):
        column, row = math.floor(x / cell + half + 0.5), math.floor(y / cell + half + 0.5)
        plane = math.floor(z / layer)
        if 0 <= column < rows and 0 <= row < rows and 0 <= plane < layers and time <= gate:
            found.setdefault((int(shower), column, row, plane), []).append((time, energy))
    return found


def crossing(light: list[tuple[float, float]], needed: float) -> float:
    """Return when the energy that has come reaches what is needed."""
    come = 0.0
    for time, energy in sorted(light):
        come += energy
        if come >= needed:
            return time
    return math.nan


def split(count: int, seed: int) -> np.ndarray:
    """Draw shares of a photon's energy by rejection."""
    rng = np.random.default_rng(seed)
    found: list[float] = []
    while len(found) < count:
        x = rng.random()
        if rng.random() < 1 - 4 / 3 * x * (1 - x):
            found.append(x)
    return np.array(found)
