"""JetClass's ten kinds of jets in generated events: which are selected, and what they come from."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from jetlens.data.events.clustering import Jets, directions
from jetlens.data.events.generator import NONE, EventRecord
from jetlens.data.events.visible import NEUTRINOS
from jetlens.data.jetclass.flow import Candidates, flow
from jetlens.data.quark_gluon.jets import GLUON, HEAVIEST
from jetlens.physics import clustering, xaug
from jetlens.physics.kinematics import delta_r, eta_of

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

RADIUS, PT, ETA = 0.8, (500.0, 1000.0), 2.0
"""JetClass's jets: radius, range of pt in GeV, largest absolute pseudorapidity."""

PRONGS = 4
"""The most partons that a jet comes from."""

TOP, Z, W, HIGGS = 6, 23, 24, 25
_RESONANCES = (TOP, Z, W, HIGGS)
_OUTGOING = -23  # Pythia's status of what comes out of the hard scatter


class Kind(NamedTuple):
    """One kind of jets."""

    card: str
    """Its process."""
    resonance: int | None = None
    """Number of what it comes from; None: of a quark or gluon."""
    prongs: int = 1
    """Quarks, gluons and charged leptons that the resonance decays to."""
    resonances: int = 1
    """Resonances of an event that decay so."""


KINDS = {
    "QCD": Kind("jetclass-qcd"),
    "Hbb": Kind("jetclass-hbb", HIGGS, 2),
    "Hcc": Kind("jetclass-hcc", HIGGS, 2),
    "Hgg": Kind("jetclass-hgg", HIGGS, 2),
    "H4q": Kind("jetclass-h4q", HIGGS, 4),
    "Hqql": Kind("jetclass-hqql", HIGGS, 3),
    "Zqq": Kind("jetclass-zqq", Z, 2),
    "Wqq": Kind("jetclass-wqq", W, 2),
    "Tbqq": Kind("jetclass-tbqq", TOP, 3, resonances=2),
    "Tbl": Kind("jetclass-tbl", TOP, 2, resonances=2),
}
"""By JetClass's names, in its order."""


class Origins(NamedTuple):
    """What jets may come from, in the order of events."""

    event: Ints
    """``[origin]``."""
    resonance: Ints
    """Row of the resonance in the event record, -1 for none, ``[origin]``."""
    prong: Ints
    """Rows of its prongs ``[origin, 4]``; -1 for none."""


class Selected(NamedTuple):
    """Selected jets of a batch of events."""

    event: Ints
    """``[jet]``."""
    size: Ints
    """Particles ``[jet]``."""
    particle: Ints
    """Rows of the candidates ``[constituent]``, jet by jet."""
    candidates: Candidates
    origin: Ints
    """Row in `origins` ``[jet]``, or -1."""
    origins: Origins

    def __len__(self) -> int:
        return len(self.event)


def find(record: EventRecord, kind: Kind, rng: np.random.Generator) -> Selected:
    """Simulate events, cluster what is reconstructed, and select the jets of one kind.

    Parameters
    ----------
    record
        Generated events.
    kind
        The kind. A jet of a resonance is kept if all of its prongs lie within the radius.
    rng
        Source of randomness.
    """
    origins = hard_partons(record) if kind.resonance is None else decays(record, kind)
    alive = np.zeros(record.events, dtype=bool)
    alive[origins.event] = True
    candidates = flow(record, alive, rng)
    momentum = candidates["momentum"]
    counts = np.bincount(candidates["event"], minlength=record.events)
    found = clustering.anti_kt(momentum, counts, radius=RADIUS, pt_min=PT[0])
    jets = directions(found.event, xaug.total(momentum[found.particle], found.size))
    origin = containing(record, jets, origins)
    kept = (jets.pt < PT[1]) & (np.abs(jets.eta) < ETA)
    if kind.resonance is not None:
        kept &= origin >= 0
    some = found.take(kept)
    return Selected(some.event, some.size, some.particle, candidates, origin[kept], origins)


def hard_partons(record: EventRecord) -> Origins:
    """Return the quark or gluon that comes out of each hard scatter."""
    number = np.abs(record.pdg)
    row = np.flatnonzero((record.status == _OUTGOING) & ((number <= HEAVIEST) | (number == GLUON)))
    prong = np.full((len(row), PRONGS), NONE)
    prong[:, 0] = row
    return Origins(record.event[row], np.full(len(row), NONE), prong)


def decays(record: EventRecord, kind: Kind) -> Origins:
    """Return the resonances of events that decay as the kind asks for, and their visible prongs.

    Prongs are as they leave the decay, before they radiate; W bosons stand for what they decay to.
    """
    later = copies(record)
    resonance = np.flatnonzero(
        (np.abs(record.pdg) == kind.resonance) & (record.status < 0) & (later == NONE)
    )
    owner = np.full(len(record.pdg), NONE)
    owner[resonance] = np.arange(len(resonance))
    rows, owners = [], []
    while True:
        child = np.flatnonzero(record.mother != NONE)
        child = child[owner[record.mother[child]] != NONE]
        if not len(child):
            break
        of = owner[record.mother[child]]
        boson = np.isin(np.abs(record.pdg[child]), (Z, W))
        rows.append(child[~boson])
        owners.append(of[~boson])
        owner = np.full(len(record.pdg), NONE)
        owner[last(child[boson], later)] = of[boson]
    row = np.concatenate([np.zeros(0, dtype=np.int64), *rows])
    of = np.concatenate([np.zeros(0, dtype=np.int64), *owners])
    visible = ~np.isin(np.abs(record.pdg[row]), NEUTRINOS)
    row, of = row[visible], of[visible]
    as_asked = np.bincount(of, minlength=len(resonance)) == kind.prongs
    event = record.event[resonance]
    number = np.bincount(event[as_asked], minlength=record.events)
    as_asked &= number[event] == kind.resonances
    order = np.argsort(of, kind="stable")
    row = row[order][as_asked[of[order]]]
    prong = np.full((int(as_asked.sum()), PRONGS), NONE)
    prong[:, : kind.prongs] = row.reshape(-1, kind.prongs)
    return Origins(event[as_asked], resonance[as_asked], prong)


def copies(record: EventRecord) -> Ints:
    """Return, of each resonance, the row of its next copy in the record, or -1."""
    again = np.flatnonzero(np.isin(np.abs(record.pdg), _RESONANCES) & (record.mother != NONE))
    again = again[record.pdg[record.mother[again]] == record.pdg[again]]
    later = np.full(len(record.pdg), NONE)
    later[record.mother[again]] = again
    return later


def last(row: Ints, later: Ints) -> Ints:
    """Return the rows of last copies."""
    while (later[row] != NONE).any():
        row = np.where(later[row] != NONE, later[row], row)
    return row


def containing(record: EventRecord, jets: Jets, origins: Origins) -> Ints:
    """Return the first origin of the same event all prongs of which lie in a jet, ``[jet]``; or -1.

    Parameters
    ----------
    record
        Generated events.
    jets
        Jets in the order of events.
    origins
        What they may come from.
    """
    px, py, pz, _ = record.momentum[origins.prong].transpose(2, 0, 1)
    eta, phi = eta_of(px, py, pz), np.arctan2(py, px)
    first = np.searchsorted(origins.event, jets.event)
    number = np.searchsorted(origins.event, jets.event, side="right") - first
    found = np.full(len(jets.event), NONE)
    for i in range(int(number.max(initial=0)))[::-1]:
        jet = np.flatnonzero(number > i)
        origin = first[jet] + i
        apart = delta_r(eta[origin], phi[origin], jets.eta[jet, None], jets.phi[jet, None])
        inside = ((apart < RADIUS) | (origins.prong[origin] == NONE)).all(axis=1)
        found[jet[inside]] = origin[inside]
    return found
