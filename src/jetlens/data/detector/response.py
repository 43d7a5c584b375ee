"""The tracker's response: efficiency, resolutions with tails, hits, fakes.

Everything is a parametrisation; its numbers stand in `jetlens.data.detector.table`, and
``docs/detector.md`` shows how they compare with a full simulation.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from jetlens.data.detector import table
from jetlens.data.detector.collisions import Particles
from jetlens.data.detector.hits import INNERMOST, Hits, leave_hits
from jetlens.data.detector.tracks import PARAMETERS, TRACK, Tracks
from jetlens.data.events.truth import FAKE
from jetlens.physics.helix import to_perigee

Floats = NDArray[np.float64]

_COARSE = 0.8  # of the least pt of a track: what may be measured above it


def reconstruct(particles: Particles, vertex: Floats, rng: np.random.Generator) -> Tracks:
    """Turn charged particles into tracks.

    Parameters
    ----------
    particles
        Charged particles.
    vertex
        The reconstructed vertex of each particle's event, ``[particle, xyz]`` in mm.
    rng
        Source of randomness.

    Returns
    -------
    The tracks found, fewer than the particles.
    """
    particles_kept = rng.uniform(size=len(particles)) < efficiency(particles)
    particles, vertex = particles[particles_kept], vertex[particles_kept]
    hits = leave_hits(particles, rng)
    enough = hits.layer.sum(axis=1) >= table.SILICON_HITS.value
    particles, vertex = particles[enough], vertex[enough]
    hits = Hits(*(column[enough] for column in hits))

    perigee = to_perigee(
        particles["vertex"],
        particles["momentum"][:, :3],
        particles["charge"].astype(np.float64),
        vertex,
    )
    true = np.stack(perigee, axis=1)
    sigma = uncertainties(perigee.theta, perigee.q_over_p, hits.layer, rng)
    measured = true + sigma * pulls(len(true), rng)
    return _tracks(
        particles["event"], particles["origin"], particles["vertex"], measured, sigma, hits
    )


def tracked(particles: Particles, vertex: Floats, rng: np.random.Generator) -> Tracks:
    """Return the tracks of those particles that are charged and within the tracker's reach.

    Parameters
    ----------
    particles
        Any particles.
    vertex
        The reconstructed vertices, ``[event, xyz]`` in mm.
    rng
        Source of randomness.

    Returns
    -------
    Tracks, which have as ``event`` the row of their particle.
    """
    px, py, pz, _ = particles["momentum"].T
    pt = np.hypot(px, py)
    seen = (particles["charge"] != 0) & (pt > _COARSE * table.TRACK_PT.value)
    row = np.flatnonzero(seen & (np.abs(pz) < pt * np.sinh(table.JET_ETA.value)))
    some = particles[row]
    place = vertex[some["event"]]
    some["event"] = row
    return reconstruct(some, place, rng)


def efficiency(particles: Particles) -> Floats:
    """Return the probability that pattern recognition finds a particle that leaves enough hits."""
    x, y, _ = particles["vertex"].T
    px, py, pz, _ = particles["momentum"].T
    pt, made = np.hypot(px, py), np.hypot(x, y)
    eta = np.abs(np.arcsinh(pz / pt))
    soft, scale = table.EFFICIENCY_LOW_PT.value
    slope, edge = table.EFFICIENCY_FORWARD.value
    start, length = table.EFFICIENCY_LATE.value
    found: Floats = (
        table.EFFICIENCY.value
        * (1 - soft * np.exp(-np.maximum(pt - 0.4, 0) / scale))
        * (1 - slope * np.maximum(eta - edge, 0))
        * np.exp(-np.maximum(made - start, 0) / length)
    )
    return found


def resolution(name: str, pt: Floats, eta: Floats) -> Floats:
    """Return the median uncertainty of a track parameter.

    Parameters
    ----------
    name
        One of ``d0 z0 phi theta q_over_p``; the last is relative.
    pt, eta
        Transverse momentum in GeV and pseudorapidity.
    """
    a0, a1, a2, b0, b1, b2, power = table.RESOLUTIONS.value[name]
    eta = np.abs(eta)
    floor = np.exp(a0 + a1 * eta + a2 * eta**2)
    sigma: Floats = floor + np.exp(b0 + b1 * eta + b2 * eta**2) * pt**power
    return sigma


def uncertainties(
    theta: Floats, q_over_p: Floats, hits: NDArray[np.int16], rng: np.random.Generator
) -> Floats:
    """Draw the uncertainties that each track's fit reports, ``[track, parameter]``.

    They scatter about the median as in the full simulation, together for the five parameters
    of a track, and are larger where the innermost layer has no hit.
    """
    # the parametrisation is for the tracker's acceptance; a kicked secondary may leave it
    eta = np.clip(np.abs(np.arctanh(np.cos(theta))), 0, 2.7)
    p = 1 / np.abs(q_over_p)
    pt = np.maximum(p * np.sin(theta), 0.1)
    median = np.stack([resolution(name, pt, eta) for name in PARAMETERS], axis=1)
    median[:, -1] *= np.abs(q_over_p)
    lower = np.linalg.cholesky(np.array(table.SPREAD_CORRELATION.value))
    spread = np.array(table.SPREAD.value) * (rng.normal(size=median.shape) @ lower.T)
    share, mean = table.SPREAD_TAIL.value
    tail = rng.exponential(mean, len(p)) * (rng.uniform(size=len(p)) < share)
    missing = (hits[:, INNERMOST] == 0)[:, None] * np.array(table.NO_INNERMOST_HIT.value)
    sigma: Floats = median * np.exp(spread + tail[:, None] + missing)
    return sigma


def pulls(count: int, rng: np.random.Generator) -> Floats:
    """Draw errors in units of the uncertainty, ``[track, parameter]``: Gaussians with tails.

    A track's five parameters share the Gaussian that they are drawn from: a wrong hit spoils all.
    """
    widths = np.array(table.TAIL_WIDTHS.value)
    which = rng.choice(len(widths), count, p=table.TAIL_SHARES.value)
    drawn: Floats = rng.normal(size=(count, len(PARAMETERS)))
    drawn[:, :2] *= widths[which][:, None]
    return drawn


def fakes(tracks: Tracks, jet: NDArray[np.int64], rng: np.random.Generator) -> Tracks:
    """Make fake tracks, of the hits of several particles in dense surroundings.

    Parameters
    ----------
    tracks
        Tracks in the order of their jets.
    jet
        The jet of each.
    rng
        Source of randomness.

    Returns
    -------
    Fakes near the directions of some of `tracks`, each beside the track at the returned row.
    """
    rate, density = table.FAKE_RATE.value
    neighbours = np.bincount(jet)[jet] if len(jet) else jet
    count = rng.poisson(rate * (1 + neighbours / density))
    rows = np.repeat(np.arange(len(tracks)), count)
    made = tracks[rows].copy()
    size = len(made)
    made["origin"] = FAKE
    made["phi"] += rng.normal(0, 0.03, size)
    made["theta"] = np.clip(made["theta"] + rng.normal(0, 0.03, size), 0.01, np.pi - 0.01)
    # hits that do not belong together point nowhere
    made["d0"], made["z0"] = rng.normal(0, 1.0, size), rng.normal(0, 2.0, size)
    pt = table.TRACK_PT.value + rng.exponential(1.5, size)
    made["q_over_p"] = rng.choice([-1.0, 1.0], size) * np.sin(made["theta"]) / pt
    # one to three hits fewer than the track beside it
    for _ in range(3):
        lost = rng.integers(0, made["hits"].shape[1], size)
        made["hits"][np.arange(size), lost] = np.maximum(made["hits"][np.arange(size), lost] - 1, 0)
    made["sigma"] = 1.5 * uncertainties(made["theta"], made["q_over_p"], made["hits"], rng)
    made["pixel_holes"] += rng.binomial(1, 0.3, size).astype(np.int16)
    return made


def _tracks(
    event: NDArray[np.int64],
    origin: NDArray[np.int8],
    made: Floats,
    parameters: Floats,
    sigma: Floats,
    hits: Hits,
) -> Tracks:
    tracks = np.empty(len(event), dtype=TRACK)
    tracks["event"], tracks["origin"], tracks["made"] = event, origin, made
    for i, name in enumerate(PARAMETERS):
        tracks[name] = parameters[:, i]
    # a direction smeared over the edge comes in again on the other side
    tracks["phi"] = np.mod(tracks["phi"] + np.pi, 2 * np.pi) - np.pi
    tracks["theta"] = np.clip(tracks["theta"], 1e-3, np.pi - 1e-3)
    tracks["sigma"], tracks["hits"] = sigma, hits.layer
    tracks["pixel_holes"], tracks["strip_holes"] = hits.pixel_holes, hits.strip_holes
    return tracks
