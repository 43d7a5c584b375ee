"""Which events have two fat jets, and what else is in them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from jetlens.data.events.clustering import directions
from jetlens.data.events.generator import EventRecord
from jetlens.data.events.visible import NEUTRINOS, jets_of, within
from jetlens.physics.grooming import Groomed, trim
from jetlens.physics.groups import hardest

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

DETECTOR = 4.9
"""Largest absolute pseudorapidity of a particle that is seen."""

NEXT_RADIUS, NEXT_PT, NEXT_ETA = 0.4, 30.0, 4.5
"""The next jet: radius, least pt in GeV, largest absolute pseudorapidity."""


class Cuts(NamedTuple):
    """Which jets are fat jets."""

    radius: float
    pt_min: float
    """GeV."""
    eta_max: float


class Pairs(NamedTuple):
    """Events with two fat jets. Fat jets ``[fat]`` are those of one event after the other."""

    event: Ints
    """``[pair]``, in the batch."""
    size: Ints
    """Particles of each fat jet ``[fat]``."""
    particle: Ints
    """Rows in the event record, ``[constituent]``, fat jet by fat jet."""
    groomed: Groomed
    """Fat jets ``[fat]``, trimmed (kt subjets of R = 0.2 with 5 % of the pt)."""
    next_jet: Floats
    """Momenta of the next jets ``[pair, 4]``, zeros where there is none."""
    missing: Floats
    """Sums of the neutrinos' momenta in the transverse plane ``[pair, (px, py)]``."""
    sum_et: Floats
    """Scalar sums of the pt of all particles that are seen, ``[pair]``."""

    def __len__(self) -> int:
        return len(self.event)


def find(record: EventRecord, cuts: Cuts) -> Pairs:
    """Find the events with two anti-kt jets that pass the cuts; the two of highest pt are taken.

    What is not theirs is clustered again, into the next jets.
    """
    row = within(record, DETECTOR)
    found, momentum = jets_of(record, row, radius=cuts.radius, pt_min=cuts.pt_min)
    jets = directions(found.event, momentum)
    central = np.abs(jets.eta) < cuts.eta_max
    found, jets = found.take(central), jets.take(central)
    order, place = hardest(jets.pt, jets.event, record.events)
    enough = np.bincount(jets.event, minlength=record.events)[jets.event[order]] > 1
    found = found.take(order[enough & (place < 2)])
    event = found.event[::2]
    return Pairs(
        event,
        found.size,
        found.particle,
        trim(record.momentum[found.particle], found.size),
        _next_jets(record, event, np.setdiff1d(row, found.particle)),
        _missing(record, event),
        _sum_et(record, row)[event],
    )


def _next_jets(record: EventRecord, event: Ints, row: Ints) -> Floats:
    """Return the hardest jets of these particles, ``[pair, 4]``."""
    pair = np.full(record.events, -1)
    pair[event] = np.arange(len(event))
    row = row[pair[record.event[row]] >= 0]
    best = np.zeros((len(event), 4))
    if not len(row):
        return best
    found, momentum = jets_of(record, row, radius=NEXT_RADIUS, pt_min=NEXT_PT)
    jets = directions(found.event, momentum)
    inside = np.flatnonzero(np.abs(jets.eta) < NEXT_ETA)
    order, _ = hardest(jets.pt[inside], jets.event[inside], record.events, most=1)
    first = inside[order]
    best[pair[jets.event[first]]] = momentum[first]
    return best


def _missing(record: EventRecord, event: Ints) -> Floats:
    lost = np.flatnonzero((record.status > 0) & np.isin(np.abs(record.pdg), NEUTRINOS))
    px, py = (
        np.bincount(record.event[lost], record.momentum[lost, i], minlength=record.events)[event]
        for i in range(2)
    )
    return np.stack([px, py], axis=1)


def _sum_et(record: EventRecord, row: Ints) -> Floats:
    pt = np.hypot(record.momentum[row, 0], record.momentum[row, 1])
    return np.bincount(record.event[row], pt, minlength=record.events).astype(np.float64)
