"""What is seen of generated events without a detector: all but neutrinos, and the jets of that."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from jetlens.data.events.generator import EventRecord
from jetlens.physics import xaug
from jetlens.physics.clustering import Found, anti_kt

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

NEUTRINOS = (12, 14, 16)


def visible(record: EventRecord) -> NDArray[np.bool_]:
    """Say which are final particles, but no neutrinos, ``[particle]``."""
    seen: NDArray[np.bool_] = (record.status > 0) & ~np.isin(np.abs(record.pdg), NEUTRINOS)
    return seen


def within(record: EventRecord, eta_max: float) -> Ints:
    """Return the rows of visible particles within this absolute pseudorapidity."""
    px, py, pz, _ = record.momentum.T
    return np.flatnonzero(visible(record) & (np.abs(pz) < np.sinh(eta_max) * np.hypot(px, py)))


def jets_of(
    record: EventRecord, row: Ints, *, radius: float, pt_min: float
) -> tuple[Found, Floats]:
    """Find anti-kt jets of some particles of events.

    Parameters
    ----------
    record
        Generated events.
    row
        Rows of the particles in it, in the order of events.
    radius
        The algorithm's radius.
    pt_min
        Jets below are left out, in GeV.

    Returns
    -------
    The jets, whose particles are rows of the record, and their momenta ``[jet, 4]``.
    """
    counts = np.bincount(record.event[row], minlength=record.events)
    found = anti_kt(record.momentum[row], counts, radius=radius, pt_min=pt_min)
    found = found._replace(particle=row[found.particle])
    return found, xaug.total(record.momentum[found.particle], found.size)
