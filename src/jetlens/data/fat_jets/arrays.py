"""From generated events to tables of large jets at particle level, and of their particles."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from jetlens.data.detector.collisions import charge_of
from jetlens.data.events.clustering import Jets, directions, nearest
from jetlens.data.events.generator import NONE, EventRecord
from jetlens.data.events.visible import jets_of, within
from jetlens.data.fat_jets.particles import CONSTITUENT_TYPE, variables
from jetlens.data.tables.columns import classes_column, described, numbered
from jetlens.physics import xaug
from jetlens.physics.grooming import Groomed, soft_drop
from jetlens.physics.groups import hardest
from jetlens.physics.kinematics import eta_of

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

MOST = 100
"""Particles of a jet that are kept, the hardest first."""


class Cuts(NamedTuple):
    """Which jets are kept; GeV."""

    radius: float
    pt_min: float
    pt_max: float
    eta_max: float
    mass: tuple[float, float]
    """Of the groomed jet."""


class Selected(NamedTuple):
    """Selected jets of a batch of events."""

    event: Ints
    """``[jet]``."""
    size: Ints
    """Particles ``[jet]``."""
    particle: Ints
    """Rows in the event record, ``[constituent]``, jet by jet."""
    groomed: Groomed

    def __len__(self) -> int:
        return len(self.event)


def empty(jets: int, classes: tuple[str, ...]) -> dict[str, NDArray[np.void]]:
    """Return the tables of so many jets, filled with zeros."""
    columns = [
        *map(described, xaug.FEATURES),
        classes_column(numbered(classes)),
        ("eventNumber", np.dtype("i8")),
    ]
    return {
        "jets": np.zeros(jets, dtype=np.dtype(columns)),
        "constituents": np.zeros((jets, MOST), dtype=CONSTITUENT_TYPE),
    }


def find(record: EventRecord, cuts: Cuts, match: int | None) -> Selected:
    """Cluster the visible final particles and keep the jets that pass the cuts.

    Parameters
    ----------
    record
        Generated events.
    cuts
        Which jets are kept.
    match
        Number of a particle, the last copy of which, or of its antiparticle, has to be nearer to
        the jet than to any other of its event, and within the jet's radius; None: all jets.
    """
    row = within(record, cuts.eta_max + 2 * cuts.radius)  # no particle of a kept jet lies beyond
    found, momentum = jets_of(record, row, radius=cuts.radius, pt_min=cuts.pt_min)
    jets = directions(found.event, momentum)
    kept = (jets.pt < cuts.pt_max) & (np.abs(jets.eta) < cuts.eta_max)
    kept &= jets.mass >= cuts.mass[0]  # grooming takes mass away, never adds to it
    if match is not None:
        kept &= matched(record, jets, match, cuts.radius)
    some = found.take(kept)
    groomed = soft_drop(record.momentum[some.particle], some.size, radius=cuts.radius)
    inside = (groomed.mass > cuts.mass[0]) & (groomed.mass < cuts.mass[1])
    return Selected(*some.take(inside), Groomed(*(g[inside] for g in groomed)))


def to_arrays(
    record: EventRecord, jets: Selected, radius: float, classes: tuple[str, ...]
) -> dict[str, NDArray[np.void]]:
    """Return the tables ``jets`` ``[jet]`` and ``constituents`` ``[jet, 100]``; labels are 0.

    Parameters
    ----------
    record
        Generated events.
    jets
        Jets of theirs.
    radius
        The jets' radius.
    classes
        The classes' names.
    """
    rows = jets.particle
    momentum = record.momentum[rows]
    charge = charge_of(record.pdg[rows]).astype(np.float64)
    found = xaug.expert_variables(momentum, jets.size, charge, radius=radius, groomed=jets.groomed)
    tables = empty(len(jets), classes)
    table, particles = tables["jets"], tables["constituents"]
    for name, values in found.items():
        table[name] = values
    table["eventNumber"] = jets.event
    where = xaug.axes(momentum, jets.size, jets.groomed)
    jet = np.repeat(np.arange(len(jets)), jets.size)
    pt = np.hypot(momentum[:, 0], momentum[:, 1])
    order, place = hardest(pt, jet, len(jets), most=MOST)
    jet = jet[order]
    columns = variables(record, rows[order], momentum[order], charge[order], where, jet)
    for name, values in columns.items():
        particles[name][jet, place] = values
    particles["valid"][jet, place] = True
    return tables


def matched(record: EventRecord, jets: Jets, match: int, radius: float) -> NDArray[np.bool_]:
    """Say which jets a last copy of the particle lies in."""
    copies = np.abs(record.pdg) == match
    last = copies.copy()
    last[record.mother[copies & (record.mother != NONE)]] = False
    rows = np.flatnonzero(last)
    px, py, pz, _ = record.momentum[rows].T
    jet, distance = nearest(
        record.event[rows], eta_of(px, py, pz), np.arctan2(py, px), jets, record.events
    )
    found = np.zeros(len(jets.event), dtype=bool)
    found[jet[distance < radius]] = True
    return found
