"""What a tracker sees of the charged particles of quark and gluon jets.

Tracks come from the parametrised detector of `jetlens.data.detector`, without pile-up, fakes and
interactions in material: a particle has one track or none.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from jetlens.data.detector.collisions import PARTICLE, charge_of, collide, final_particles
from jetlens.data.detector.ftag_arrays import selected
from jetlens.data.detector.hits import merge
from jetlens.data.detector.response import tracked
from jetlens.data.detector.simulation import reconstructed_vertices
from jetlens.data.detector.tracks import impact
from jetlens.data.events.generator import EventRecord
from jetlens.data.events.truth import PRIMARY
from jetlens.data.quark_gluon.jets import Selected, beside
from jetlens.physics import xaug
from jetlens.physics.kinematics import eta_of
from jetlens.physics.particles import known

Floats = NDArray[np.float64]


def measured(
    record: EventRecord, jets: Selected, true: dict[str, Floats], rng: np.random.Generator
) -> dict[str, Floats]:
    """Measure the jets' charged particles.

    A particle without a track keeps its true momentum, as if the calorimeters measured it without
    error, and has no impact parameters.

    Parameters
    ----------
    record
        Generated events.
    jets
        Jets of theirs.
    true
        ``pt``, ``y``, ``phi`` of the jets' particles, each ``[constituent]``.
    rng
        Source of randomness.

    Returns
    -------
    ``pt``, ``y`` and ``phi``, and the lifetime-signed significances of the impact parameters,
    ``d0_significance`` and ``dz_significance``, 0 for particles without a track.
    """
    hard = final_particles(record, np.full(len(record.pdg), PRIMARY, dtype=np.int8))
    hard, place = collide(hard, record.events, None, 0.0, rng)
    vertex, sigma = reconstructed_vertices(hard, place, rng)

    momentum, pdg = record.momentum[jets.particle], record.pdg[jets.particle]
    event = record.event[jets.particle]
    particles = np.empty(len(pdg), dtype=PARTICLE)
    particles["event"], particles["pdg"], particles["charge"] = event, pdg, charge_of(pdg)
    particles["origin"], particles["end"] = PRIMARY, np.inf
    particles["momentum"] = momentum
    particles["vertex"] = record.vertex[jets.particle] + place[event]
    tracks = tracked(particles, vertex, rng)
    of = np.repeat(np.arange(len(jets)), jets.size)
    tracks = tracks[selected(tracks, merge(tracks, of[tracks["event"]], rng))]

    which = tracks["event"]
    jet = of[which]
    px, py, pz, _ = xaug.total(momentum, jets.size).T
    found = impact(tracks, sigma[jets.event[jet]], eta_of(px, py, pz)[jet], np.arctan2(py, px)[jet])
    pt = np.sin(tracks["theta"]) / np.abs(tracks["q_over_p"])
    transverse = np.hypot(pt, known(pdg[which].astype(np.int64)).mass)
    y = np.arcsinh(pt / np.tan(tracks["theta"]) / transverse)
    values = {
        "pt": pt,
        "y": y,
        "phi": beside(tracks["phi"], jets.axis[jet, 1]),
        "d0_significance": found.d0_significance,
        "dz_significance": found.z0_significance,
    }
    made = {}
    for name, value in values.items():
        made[name] = true[name].copy() if name in true else np.zeros(len(pdg))
        made[name][which] = value
    return made
