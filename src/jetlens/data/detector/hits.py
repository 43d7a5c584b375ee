"""Hits in the silicon layers: which ones a track crosses, and what it leaves there."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from jetlens.data.detector import table
from jetlens.data.detector.collisions import Particles
from jetlens.data.detector.tracks import Tracks
from jetlens.physics.helix import radius
from jetlens.physics.kinematics import delta_phi

Floats = NDArray[np.float64]
Counts = NDArray[np.int16]

INNERMOST, NEXT = 0, 1


class Hits(NamedTuple):
    """Hits of tracks; barrel layers come first, then disks."""

    layer: Counts
    """Hits ``[track, layer]``; a strip module has two sides."""
    pixel_holes: Counts
    strip_holes: Counts


def is_pixel() -> NDArray[np.bool_]:
    """Say which layers are pixels, ``[layer]``."""
    surfaces = (*table.BARREL.value, *table.DISKS.value)
    return np.array([s.pixel for s in surfaces])


def crossings(particles: Particles) -> NDArray[np.bool_]:
    """Say which layers each particle crosses, ``[track, layer]``.

    A straight line in (r, z) from the production vertex to the end of the particle: for tracks
    above 500 MeV, a circle's path to these radii is longer by a few per cent at most.
    """
    x, y, z = particles["vertex"].T
    px, py, pz, _ = particles["momentum"].T
    made, end = np.hypot(x, y)[:, None], particles["end"][:, None]
    cot = (pz / np.hypot(px, py))[:, None]
    z = z[:, None]
    r, half, *_ = np.array([(b.radius, b.half_length) for b in table.BARREL.value]).T
    barrel = (r > made) & (r < end) & (np.abs(z + (r - made) * cot) < half)
    place, inner, outer = np.array([(d.z, d.inner, d.outer) for d in table.DISKS.value]).T
    side = np.where(cot >= 0, 1.0, -1.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        at = made + (side * place - z) / cot
    disk = (at > inner) & (at < outer) & (at > made) & (at < end) & (side * z < place)
    return np.concatenate([barrel, disk], axis=1)


def leave_hits(particles: Particles, rng: np.random.Generator) -> Hits:
    """Draw the hits and holes that particles leave."""
    crossed = crossings(particles)
    pixel = is_pixel()
    dead = np.where(pixel, table.PIXEL_DEAD.value, table.STRIP_DEAD.value)
    dead[INNERMOST] = table.INNERMOST_DEAD.value
    missed = np.where(pixel, table.PIXEL_HOLE.value, table.STRIP_HOLE.value)
    both, one = table.STRIP_OVERLAP.value
    overlap = np.where(pixel, table.PIXEL_OVERLAP.value, both)
    crossed &= rng.uniform(size=crossed.shape) >= dead
    twice = rng.uniform(size=crossed.shape) < overlap
    layer = np.zeros(crossed.shape, dtype=np.int16)
    holes = np.zeros(crossed.shape, dtype=np.int16)
    for sides in (crossed, crossed & ~pixel):  # a strip module has a second side
        found = sides & (rng.uniform(size=crossed.shape) >= missed)
        again = twice | (~pixel & (rng.uniform(size=crossed.shape) < one))
        layer += found * (1 + again)
        holes += sides & ~found
    return Hits(layer, holes[:, pixel].sum(axis=1), holes[:, ~pixel].sum(axis=1))


class Merged(NamedTuple):
    """Hits that a track has together with another one, each ``[track]``."""

    innermost_shared: Counts
    innermost_split: Counts
    pixel_shared: Counts
    pixel_split: Counts
    strip_shared: Counts


def merge(tracks: Tracks, jet: NDArray[np.int64], rng: np.random.Generator) -> Merged:
    """Find hits that tracks of the same jet share in the barrel.

    Two tracks whose crossing points of a layer lie within a cluster's size leave one cluster. In
    the pixels a neural network recognises most of these and splits them; the rest is shared.

    Parameters
    ----------
    tracks
        Tracks in the order of their jets.
    jet
        The jet that each track belongs to, ``[track]``.
    rng
        Source of randomness.
    """
    barrel = table.BARREL.value
    shared = np.zeros((len(jet), len(barrel)), dtype=np.int16)
    split = np.zeros_like(shared)
    first, second = pairs(jet)
    phi, z, hits = tracks["phi"], tracks["z0"], tracks["hits"]
    theta, q_over_p = tracks["theta"], tracks["q_over_p"]
    cot = 1 / np.tan(theta)
    bend = np.sign(q_over_p) / (2 * radius(np.sin(theta) / np.abs(q_over_p)))
    # only tracks this near to each other at the innermost layer can meet further out
    near = np.abs(delta_phi(phi[first], phi[second])) < 0.1
    first, second = first[near], second[near]
    for i, layer in enumerate(barrel):
        r = layer.radius
        turn = delta_phi(phi[first] - r * bend[first], phi[second] - r * bend[second])
        away = z[first] - z[second] + r * (cot[first] - cot[second])
        size = table.PIXEL_MERGE.value if layer.pixel else table.STRIP_MERGE.value
        one = (r * turn / size[0]) ** 2 + (away / size[1]) ** 2 < 1
        one &= (hits[first, i] > 0) & (hits[second, i] > 0)
        a, b = first[one], second[one]
        told_apart = (rng.uniform(size=len(a)) < table.PIXEL_SPLIT.value) & layer.pixel
        for rows, where in ((told_apart, split), (~told_apart, shared)):
            where[a[rows], i] = where[b[rows], i] = 1
    shared[split > 0] = 0
    pixel = is_pixel()[: len(barrel)]
    # what else is there shares hits too: loopers, pile-up, tracks that were not found
    occupancy = np.where(pixel, table.PIXEL_OCCUPANCY.value, table.STRIP_OCCUPANCY.value)
    other = rng.uniform(size=shared.shape) < occupancy
    shared[other & (hits[:, : len(barrel)] > 0) & (split == 0)] = 1
    return Merged(
        shared[:, INNERMOST],
        split[:, INNERMOST],
        shared[:, pixel].sum(axis=1, dtype=np.int16),
        split[:, pixel].sum(axis=1, dtype=np.int16),
        shared[:, ~pixel].sum(axis=1, dtype=np.int16),
    )


def pairs(group: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the rows of all pairs within groups; the rows of a group follow one another."""
    after = np.searchsorted(group, group, side="right") - np.arange(len(group)) - 1
    first = np.repeat(np.arange(len(group)), after)
    starts = np.cumsum(after) - after
    second = first + 1 + np.arange(len(first)) - starts[first]
    return first, second
