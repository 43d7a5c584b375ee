"""The toy's two numbers, one jet after the other, by the standard library's random numbers."""

from __future__ import annotations

import random

# what the study sets for each difficulty: signal theta, z, radius; background theta, z, radius
SCALES = {
    0: ((0.02, 0.02, 0.04), (0.02, 0.02, 0.02)),
    1: ((0.03, 0.09, 0.14), (0.03, 0.10, 0.07)),
    2: ((0.05, 0.12, 0.20), (0.05, 0.15, 0.10)),
}


def jets(difficulty: int, signal: bool, count: int, seed: int) -> list[dict[str, float]]:
    """Draw theta, z and the two radii of `count` jets of one class."""
    draw = random.Random(seed)
    theta_scale, z_scale, radius_scale = SCALES[difficulty][0 if signal else 1]
    found = []
    for _ in range(count):
        if signal:
            theta, z = draw.gauss(0.2, theta_scale), draw.gauss(0.5, z_scale)
        else:
            theta, z = draw.expovariate(1 / theta_scale), draw.expovariate(1 / z_scale)
        theta, z = abs(theta), abs(z)
        while z >= 1:
            z -= 1
        if z < 0.5:
            z = 1 - z
        while theta >= 0.5:
            theta -= 0.5
        r1, r2 = draw.expovariate(1 / radius_scale), draw.expovariate(1 / radius_scale)
        found.append({"theta": theta, "z": z, "r1": r1, "r2": r2})
    return found
