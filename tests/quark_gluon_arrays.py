"""Arrays in EnergyFlow's format, of particles that never were."""

from __future__ import annotations

import numpy as np

PIDS = (22, 211, -211, 321, -321, 130, 2112, -2112, 2212, -2212, 11, -11, 13, -13)
"""The particles of EnergyFlow's own files."""


def made_up(jets: int, places: int, seed: int = 1) -> dict[str, np.ndarray]:
    """Return ``X`` ``[jet, particle, (pt, y, phi, pid)]`` and ``y``, as EnergyFlow's files have.

    Particles lie in no order within 0.4 of their jets, which point anywhere; the first jet has one
    particle, the second as many as there are places.
    """
    rng = np.random.default_rng(seed)
    counts = rng.integers(1, places + 1, jets)
    counts[:2] = (1, places)[:jets]
    x = np.zeros((jets, places, 4))
    x[..., 0] = rng.exponential(20, (jets, places)) + 0.1
    x[..., 1] = rng.uniform(-1.7, 1.7, (jets, 1)) + rng.uniform(-0.4, 0.4, (jets, places))
    x[..., 2] = rng.uniform(0, 2 * np.pi, (jets, 1)) + rng.uniform(-0.4, 0.4, (jets, places))
    x[..., 3] = rng.choice(PIDS, (jets, places))
    x[np.arange(places) >= counts[:, None]] = 0
    return {"X": x, "y": rng.integers(0, 2, jets).astype(np.float64)}
