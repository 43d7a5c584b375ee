"""Particle flow: tracks, and the energy in calorimeter cells that tracks do not explain.

A charged particle that the tracker finds is a candidate with its track's momentum. Whatever else
reaches a cell shows as one photon or neutral hadron a cell, if there is enough of it.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from jetlens.data.detector import table
from jetlens.data.detector.collisions import Particles, collide, final_particles
from jetlens.data.detector.response import tracked
from jetlens.data.detector.simulation import reconstructed_vertices
from jetlens.data.detector.tracks import Tracks
from jetlens.data.events.generator import EventRecord
from jetlens.data.events.truth import PRIMARY
from jetlens.data.jetclass.flow_table import ELECTROMAGNETIC, FIELD_RADIUS, HADRONIC, Layer
from jetlens.physics.helix import radius
from jetlens.physics.kinematics import eta_of, mass_of

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

ELECTRON, MUON, PHOTON, NEUTRAL_HADRON = 11, 13, 22, 0
"""Numbers of candidates; those of charged hadrons are the particles' own."""

CANDIDATE = np.dtype(
    [
        ("event", np.int64),
        ("pid", np.int64),
        ("charge", np.int8),
        ("momentum", np.float64, 4),  # px, py, pz, E in GeV
        ("impact", np.float64, 4),  # d0, its error, dz, its error in mm; 0 for neutral ones
    ]
)
"""A reconstructed particle."""

Candidates = NDArray[np.void]


class Cells(NamedTuple):
    """Cells of one calorimeter that something reaches, each ``[cell]``."""

    event: Ints
    eta: Ints
    phi: Ints
    """Numbers of the cell; it begins at so many widths."""
    measured: Floats
    """GeV."""
    sigma: Floats


def flow(record: EventRecord, kept: NDArray[np.bool_], rng: np.random.Generator) -> Candidates:
    """Reconstruct the particles of events.

    Parameters
    ----------
    record
        Generated events.
    kept
        Which of them to simulate, ``[event]``.
    rng
        Source of randomness.

    Returns
    -------
    Candidates in the order of events.
    """
    hard = final_particles(record, np.full(len(record.pdg), PRIMARY, dtype=np.int8))
    hard, place = collide(hard[kept[hard["event"]]], record.events, None, 0.0, rng)
    vertex, sigma = reconstructed_vertices(hard, place, rng)
    tracks = tracked(hard, vertex, rng)
    tracks = tracks[np.sin(tracks["theta"]) > table.TRACK_PT.value * np.abs(tracks["q_over_p"])]
    particle = tracks["event"]
    charged = from_tracks(tracks, hard[particle], sigma)
    found = []
    eta, phi, arrives = at_calorimeter(hard)
    number = np.abs(hard["pdg"])
    light = np.isin(number, (ELECTRON, PHOTON))
    for layer, pid, seen in (
        (ELECTROMAGNETIC.value, PHOTON, light),
        (HADRONIC.value, NEUTRAL_HADRON, ~light & (number != MUON)),
    ):
        reaches = seen & arrives
        cells, cell = fill(hard[reaches], eta[reaches], phi[reaches], layer, rng)
        of = np.full(len(hard), -1)
        of[np.flatnonzero(reaches)] = cell
        found.append(explain(cells, of[particle], charged, tracks, layer, pid, rng))
    every = np.concatenate([charged, *found])
    return every[np.argsort(every["event"], kind="stable")]


def from_tracks(tracks: Tracks, particles: Particles, vertex_sigma: Floats) -> Candidates:
    """Return candidates with the tracks' momenta, and the masses of their particles."""
    made = np.zeros(len(tracks), dtype=CANDIDATE)
    for name, column in (("event", "event"), ("pid", "pdg"), ("charge", "charge")):
        made[name] = particles[column]
    p, theta, phi = 1 / np.abs(tracks["q_over_p"]), tracks["theta"], tracks["phi"]
    direction = [np.sin(theta) * np.cos(phi), np.sin(theta) * np.sin(phi), np.cos(theta)]
    energy = np.hypot(p, mass_of(particles["momentum"]))
    made["momentum"] = np.stack([*(p * d for d in direction), energy], axis=1)
    vertex = vertex_sigma[made["event"]]
    d0_sigma, z0_sigma = np.hypot(tracks["sigma"][:, :2], vertex).T
    # in JetClass, d0 = (x py - y px) / pt of the perigee: the opposite of the tracker's sign
    made["impact"] = np.stack([-tracks["d0"], d0_sigma, tracks["z0"], z0_sigma], axis=1)
    return made


def at_calorimeter(particles: Particles) -> tuple[Floats, Floats, NDArray[np.bool_]]:
    """Return where particles reach the calorimeters (eta, phi), and which do."""
    px, py, pz, _ = particles["momentum"].T
    half_turn = FIELD_RADIUS.value / (2 * radius(np.hypot(px, py)))
    bent = particles["charge"] * np.arcsin(np.minimum(half_turn, 1.0))
    phi = np.mod(np.arctan2(py, px) - bent + np.pi, 2 * np.pi) - np.pi
    arrives: NDArray[np.bool_] = (particles["charge"] == 0) | (half_turn < 1)
    return eta_of(px, py, pz), phi, arrives


def fill(
    particles: Particles, eta: Floats, phi: Floats, layer: Layer, rng: np.random.Generator
) -> tuple[Cells, Ints]:
    """Measure the energy in cells; return them, and the cell of each particle."""
    width = 2 * np.pi / layer.cells
    place = np.stack([particles["event"], np.floor(eta / width), np.floor(phi / width)], axis=1)
    place = place.astype(np.int64)
    most = 4 * layer.cells  # more than there are in any direction
    key = (place[:, 0] * most + place[:, 1] + most // 2) * most + place[:, 2] + most // 2
    _, first, cell = np.unique(key, return_index=True, return_inverse=True)
    energy = np.bincount(cell, particles["momentum"][:, 3], len(first))
    a, b = layer.resolution
    sigma = a * np.sqrt(energy) + b * energy
    measured = np.maximum(energy + sigma * rng.normal(size=len(first)), 0.0)
    event, row, column = place[first].T
    return Cells(event, row, column, measured, sigma), cell


def explain(
    cells: Cells,
    cell: Ints,
    charged: Candidates,
    tracks: Tracks,
    layer: Layer,
    pid: int,
    rng: np.random.Generator,
) -> Candidates:
    """Return the neutral candidates of cells, and improve the energies of tracks that explain all.

    As Delphes does (arXiv:1307.6346, section 3.3): what a cell has beyond its tracks is a neutral
    particle, if it is enough and significant; if not, tracks and cell measure the same, and the
    candidates are scaled to the mean of both, weighted by their variances.

    Parameters
    ----------
    cells
        Cells of a calorimeter.
    cell
        The cell that each track's particle reaches, ``[track]``; -1 for none of these.
    charged, tracks
        The candidates of tracks, which are changed, and their tracks.
    layer
        The calorimeter.
    pid
        The neutral candidates' number.
    rng
        Source of randomness.
    """
    here = np.flatnonzero(cell >= 0)
    into, energy = cell[here], charged["momentum"][here, 3]
    error = energy * tracks["sigma"][here, -1] / np.abs(tracks["q_over_p"][here])
    expected = np.bincount(into, energy, len(cells.event))
    variance = np.bincount(into, error**2, len(cells.event))
    excess = cells.measured - expected
    enough = np.maximum(layer.least, layer.significance * np.sqrt(variance + cells.sigma**2))
    neutral = excess > enough
    # weights 1 / variance: their mean is the tracks' energy plus a share of the excess
    share = variance / np.maximum(variance + cells.sigma**2, 1e-12)
    scale = 1 + share * excess / np.maximum(expected, 1e-12)
    scale[neutral] = 1.0
    charged["momentum"][here] *= scale[into, None]

    made = np.zeros(int(neutral.sum()), dtype=CANDIDATE)
    made["event"], made["pid"] = cells.event[neutral], pid
    # anywhere in its cell, as in JetClass: cells are not to be seen as a grid
    inside = rng.uniform(size=(2, len(made)))
    eta, phi = (np.stack([cells.eta, cells.phi])[:, neutral] + inside) * (2 * np.pi / layer.cells)
    pt = excess[neutral] / np.cosh(eta)
    momentum = [pt * np.cos(phi), pt * np.sin(phi), pt * np.sinh(eta), excess[neutral]]
    made["momentum"] = np.stack(momentum, axis=1)
    return made
