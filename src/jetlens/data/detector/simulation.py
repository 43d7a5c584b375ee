"""From generated events to jets with tracks: the detector and the reconstruction in their order."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from jetlens.data.detector import table
from jetlens.data.detector.calorimeter import jet_inputs
from jetlens.data.detector.collisions import Particles, Pool, collide, final_particles
from jetlens.data.detector.hits import Merged, merge
from jetlens.data.detector.material import interact
from jetlens.data.detector.response import fakes, reconstruct
from jetlens.data.detector.tracks import Tracks
from jetlens.data.events.clustering import Jets, anti_kt, directions, nearest
from jetlens.data.events.generator import EventRecord
from jetlens.data.events.truth import PILEUP, Truth, flavours, labelling, truth
from jetlens.physics.kinematics import delta_phi, eta_of, eta_of_theta

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

RADIUS = 0.4
_COARSE = 0.3  # beyond a jet's cone, from where bent or scattered tracks can still come in


class Simulated(NamedTuple):
    """Jets of a batch of events and their tracks, in the order of jets."""

    jets: Jets
    flavour: NDArray[np.int32]
    """``HadronConeExclTruthLabelID`` ``[jet]``."""
    vertex: Floats
    """True hard-scatter vertices ``[jet, xyz]`` in mm."""
    vertex_sigma: Floats
    """Uncertainty of the reconstructed one in the transverse plane and in z ``[jet, 2]``."""
    tracks: Tracks
    """Before selection."""
    jet: Ints
    """The jet of each track."""
    merged: Merged
    """Hits of each track that are shared with others."""


def simulate(
    record: EventRecord, pool: Pool | None, mu: float, rng: np.random.Generator
) -> Simulated:
    """Simulate the detector's response to a batch of events and reconstruct jets.

    Parameters
    ----------
    record
        Generated hard scatters.
    pool
        Pile-up events to overlay, or None.
    mu
        Mean number of pile-up collisions.
    rng
        Source of all randomness.
    """
    known = truth(record)
    hard = final_particles(record, known.origin)
    particles, place = collide(hard, record.events, pool, mu, rng)
    vertex, sigma = reconstructed_vertices(particles, place, rng)

    event, momentum = jet_inputs(particles, vertex[particles["event"], 2], rng)
    jets = anti_kt(event, momentum, record.events, RADIUS, table.JET_PT.value / 2)
    jets = smeared(jets, rng)
    jets = jets.take((jets.pt > table.JET_PT.value) & (np.abs(jets.eta) < table.JET_ETA.value))
    jets = jets.take(from_hard_scatter(jets, hard, record.events))
    jets = jets.take(~near_leptons(jets, record, known))

    hadrons = labelling(record, known.label)
    row, dr = nearest(hadrons.event, hadrons.eta, hadrons.phi, jets, record.events)
    flavour = flavours(len(jets.pt), row, dr, hadrons.label)

    tracks, jet = tracks_of(jets, particles, vertex, record.events, rng)
    return Simulated(
        jets,
        flavour,
        place[jets.event],
        sigma[jets.event],
        tracks,
        jet,
        merge(tracks, jet, rng),
    )


def reconstructed_vertices(
    particles: Particles, place: Floats, rng: np.random.Generator
) -> tuple[Floats, Floats]:
    """Smear the hard-scatter vertices by what their tracks allow.

    Returns
    -------
    Reconstructed vertices ``[event, xyz]`` in mm, and their uncertainties in x (and y) and in z,
    ``[event, 2]``.
    """
    px, py, pz, _ = particles["momentum"].T
    pt = np.hypot(px, py)
    used = (particles["charge"] != 0) & (particles["origin"] != PILEUP)
    used &= (pt > table.TRACK_PT.value) & (np.abs(pz) < pt * np.sinh(2.5))
    tracks = np.bincount(particles["event"][used], minlength=len(place))
    root = np.sqrt(np.maximum(tracks, 1))
    sigma = np.stack([a + b / root for a, b in (table.VERTEX_XY.value, table.VERTEX_Z.value)], 1)
    smear = rng.normal(size=place.shape)
    return place + smear * sigma[:, [0, 0, 1]], sigma


def smeared(jets: Jets, rng: np.random.Generator) -> Jets:
    """Smear jets by what a calorimeter of single particles lacks, such as overlapping showers."""
    noise, sampling, constant = table.JET_RESOLUTION.value
    relative = np.sqrt((noise / jets.pt) ** 2 + sampling**2 / jets.pt + constant**2)
    factor = np.maximum(1 + relative * rng.normal(size=len(jets.pt)), 0.1)
    return jets._replace(pt=jets.pt * factor, mass=jets.mass * factor)


def from_hard_scatter(jets: Jets, hard: Particles, events: int) -> NDArray[np.bool_]:
    """Say which jets have a hard-scatter truth jet near; the others are pile-up's."""
    pt_min, dr_max = table.TRUTH_JET.value
    used = np.abs(hard["pdg"]) != 13
    truth_jets = anti_kt(hard["event"][used], hard["momentum"][used], events, RADIUS, pt_min)
    _, dr = nearest(jets.event, jets.eta, jets.phi, truth_jets, events)
    near: NDArray[np.bool_] = dr < dr_max
    return near


def near_leptons(jets: Jets, record: EventRecord, known: Truth) -> NDArray[np.bool_]:
    """Say which jets lie at a prompt electron or muon, which are leptons rather than jets."""
    pt_min, dr_max = table.LEPTON.value
    rows = np.flatnonzero(np.isin(np.abs(record.pdg), (11, 13)) & (record.status > 0))
    leptons = directions(record.event[rows], record.momentum[rows])
    leptons = leptons.take(known.prompt[rows] & (leptons.pt > pt_min))
    _, dr = nearest(jets.event, jets.eta, jets.phi, leptons, record.events)
    near: NDArray[np.bool_] = dr < dr_max
    return near


def tracks_of(
    jets: Jets, particles: Particles, vertex: Floats, events: int, rng: np.random.Generator
) -> tuple[Tracks, Ints]:
    """Reconstruct the tracks in jets: each belongs to the nearest jet whose cone it is in.

    Only particles near jets are simulated: the others could not become a track of one.
    """
    px, py, pz, _ = particles["momentum"].T
    pt = np.hypot(px, py)
    hard_enough = (pt > 0.8 * table.TRACK_PT.value) & (np.abs(pz) < pt * np.sinh(2.8))
    particles = particles[hard_enough]
    px, py, pz, _ = particles["momentum"].T
    row, dr = nearest(particles["event"], eta_of(px, py, pz), np.arctan2(py, px), jets, events)
    particles = interact(particles[inside_cone(row, dr, jets, _COARSE)], rng)
    charged = particles[particles["charge"] != 0]
    px, py = charged["momentum"][:, 0], charged["momentum"][:, 1]
    charged = charged[np.hypot(px, py) > 0.8 * table.TRACK_PT.value]
    tracks = reconstruct(charged, vertex[charged["event"]], rng)
    tracks, row = associated(tracks, jets, events)
    order = np.argsort(row, kind="stable")
    tracks, row = tracks[order], row[order]
    more = fakes(tracks, row, rng)
    if len(more):
        more, row_more = associated(more, jets, events)
        tracks, row = np.concatenate([tracks, more]), np.concatenate([row, row_more])
        order = np.argsort(row, kind="stable")
        tracks, row = tracks[order], row[order]
    return tracks, row


def associated(tracks: Tracks, jets: Jets, events: int) -> tuple[Tracks, Ints]:
    """Return the tracks inside the cone of their nearest jet, and the jet of each."""
    eta = eta_of_theta(tracks["theta"])
    row, dr = nearest(tracks["event"], eta, tracks["phi"], jets, events)
    inside = inside_cone(row, dr, jets)
    return tracks[inside], row[inside]


def inside_cone(row: Ints, dr: Floats, jets: Jets, margin: float = 0.0) -> NDArray[np.bool_]:
    """Say what lies within the pt-dependent cone of its nearest jet, as `nearest` found them."""
    a, b, c = table.CONE.value
    radius = a + np.exp(b + c * jets.pt / 1000.0) + margin
    # row -1, where there is no jet, meets an entry that nothing is inside
    inside: NDArray[np.bool_] = dr < np.append(radius, 0.0)[row]
    return inside


def relative_angles(tracks: Tracks, jet: Ints, jets: Jets) -> tuple[Floats, Floats]:
    """Return eta and phi of tracks relative to their jets."""
    deta = eta_of_theta(tracks["theta"]) - jets.eta[jet]
    return deta, delta_phi(tracks["phi"], jets.phi[jet])
