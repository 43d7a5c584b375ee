"""What jets are built of: charged particles of the hard scatter, neutrals in the calorimeter."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from jetlens.data.detector import table
from jetlens.data.detector.collisions import Particles
from jetlens.data.events.truth import PILEUP

Floats = NDArray[np.float64]

MUON = 13
_ELECTROMAGNETIC = (11, 22)


def jet_inputs(
    particles: Particles, hard_z: Floats, rng: np.random.Generator
) -> tuple[NDArray[np.int64], Floats]:
    """Measure what goes into jets, as particle flow does (arXiv:1703.10485).

    Charged particles that the tracker sees keep their momentum if they come from the hard scatter
    and are left out otherwise; everything else is smeared as the calorimeters measure it. Muons
    leave almost nothing there.

    Parameters
    ----------
    particles
        Particles in the order of events.
    hard_z
        z of the hard-scatter vertex of each particle's event, ``[particle]`` in mm.
    rng
        Source of randomness.

    Returns
    -------
    The event and the four-momentum in GeV of each input.
    """
    px, py, pz, energy = particles["momentum"].T
    pt = np.hypot(px, py)
    number = np.abs(particles["pdg"])
    charged = particles["charge"] != 0
    in_tracker = charged & (pt > table.TRACK_PT.value) & (np.abs(pz) < pt * np.sinh(2.5))
    tracked = in_tracker & (rng.uniform(size=len(pt)) < table.EFFICIENCY.value)
    away = np.abs(particles["vertex"][:, 2] - hard_z) > table.SAME_Z.value
    of_other_vertex = tracked & (particles["origin"] == PILEUP) & away
    a, b = np.where(
        np.isin(number, _ELECTROMAGNETIC)[:, None],
        table.ELECTROMAGNETIC.value,
        table.HADRONIC.value,
    ).T
    relative = np.where(tracked, 0.0, a / np.sqrt(energy) + b)
    factor = np.maximum(1 + relative * rng.normal(size=len(pt)), 0.0)
    kept = (factor * pt > table.LOWEST_INPUT.value) & (number != MUON) & ~of_other_vertex
    # a field of 2 T keeps the softest charged particles away from the calorimeter
    kept &= tracked | ~charged | (pt > 0.4)
    return particles["event"][kept], particles["momentum"][kept] * factor[kept, None]
