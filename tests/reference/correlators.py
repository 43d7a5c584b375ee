"""Energy correlation functions and N-subjettiness as loops over particles."""

from __future__ import annotations

import itertools
import math


def rapidity(p) -> float:
    return 0.5 * math.log((p[3] + p[2]) / (p[3] - p[2]))


def distance(a, b) -> float:
    turn = abs(math.atan2(a[1], a[0]) - math.atan2(b[1], b[0]))
    return math.hypot(rapidity(a) - rapidity(b), min(turn, 2 * math.pi - turn))


def shares(particles) -> list[float]:
    pt = [math.hypot(p[0], p[1]) for p in particles]
    return [x / sum(pt) for x in pt]


def e2(particles) -> float:
    z = shares(particles)
    pairs = itertools.combinations(range(len(particles)), 2)
    return sum(z[i] * z[j] * distance(particles[i], particles[j]) for i, j in pairs)


def e3(particles, angles: int) -> float:
    """Sum over triples, with the product of the smallest `angles` distances."""
    z = shares(particles)
    total = 0.0
    for i, j, k in itertools.combinations(range(len(particles)), 3):
        sides = sorted(distance(particles[a], particles[b]) for a, b in ((i, j), (i, k), (j, k)))
        total += z[i] * z[j] * z[k] * math.prod(sides[:angles])
    return total


def tau(particles, axes, radius: float) -> float:
    """N-subjettiness about given axes (rapidity, azimuth), away from the seam; beta = 1."""
    pt = [math.hypot(p[0], p[1]) for p in particles]
    nearest = [min(math.dist(point(p), a) for a in axes) for p in particles]
    return sum(x * d for x, d in zip(pt, nearest, strict=True)) / (sum(pt) * radius)


def point(p) -> tuple[float, float]:
    return rapidity(p), math.atan2(p[1], p[0])


def best_axes(particles, axes) -> list[tuple[float, float]]:
    """Return axes (rapidity, azimuth) moved until the sum of pt times distance is at a minimum.

    Each goes to the mean of the particles that are nearest to it, weighted by pt over distance,
    again and again (arXiv:1108.2701, beta = 1).
    """
    pt = [math.hypot(p[0], p[1]) for p in particles]
    at, here = [point(p) for p in particles], list(axes)
    for _ in range(1000):
        sums = [[0.0, 0.0, 0.0] for _ in here]
        for x, (y, phi) in zip(pt, at, strict=True):
            apart = [math.hypot(y - a, phi - b) for a, b in here]
            nearest = apart.index(min(apart))
            share = x / max(apart[nearest], 1e-12)
            for i, term in enumerate((1.0, y, phi)):
                sums[nearest][i] += share * term
        after = [(y / n, phi / n) for n, y, phi in sums]
        moved = max(math.dist(a, b) for a, b in zip(here, after, strict=True))
        here = after
        if moved < 1e-9:
            break
    return here
