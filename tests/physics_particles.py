"""Made-up jets of particles, as flat momenta."""

from __future__ import annotations

import numpy as np


def momenta(pt, eta, phi, mass=0.0) -> np.ndarray:
    """Return ``[particle, (px, py, pz, E)]``."""
    px, py, pz = pt * np.cos(phi), pt * np.sin(phi), pt * np.sinh(eta)
    return np.stack([px, py, pz, np.sqrt(px**2 + py**2 + pz**2 + mass**2)], axis=-1)


def jets(counts, seed: int = 1, at: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """Return jets of two prongs with so many particles each, at an azimuth."""
    rng = np.random.default_rng(seed)
    counts = np.asarray(counts)
    n = int(counts.sum())
    prong = rng.random(n) < 0.4
    eta = rng.normal(0.3, 0.1, n) + 0.4 * prong
    return momenta(rng.exponential(5, n) + 0.1, eta, rng.normal(at, 0.1, n)), counts
