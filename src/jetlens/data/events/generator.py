"""Pythia 8 as a source of flat event records: initialised once a process, reseeded at will."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from jetlens.core.errors import BadValueError
from jetlens.data.events.veto import Wanted, early_veto
from jetlens.data.processes import process

NONE = -1
_FB = 1e12  # a millibarn

PARTICLE_LEVEL = ("ParticleDecays:limitTau0 = on", "ParticleDecays:tau0Max = 10.")
"""Settings that leave what does not decay within 10 mm as it is, as at the LHC."""


@dataclass(frozen=True)
class EventRecord:
    """The particles of a batch of events, one after the other, in flat arrays ``[particle]``."""

    event: NDArray[np.int64]
    """Index of the event in the batch; it does not decrease."""
    pdg: NDArray[np.int32]
    status: NDArray[np.int32]
    """Pythia's status code: positive for a final particle."""
    mother: NDArray[np.int64]
    """Row of the first mother in these arrays, or -1."""
    momentum: NDArray[np.float64]
    """``[particle, (px, py, pz, E)]`` in GeV."""
    vertex: NDArray[np.float64]
    """Production vertices ``[particle, xyz]`` in mm, relative to the collision."""
    events: int
    """Number of events."""
    weight: NDArray[np.float64]
    """Pythia's weights ``[event]``; 1 unless its settings favour some events over others."""


class Generator:
    """One initialised Pythia.

    Parameters
    ----------
    name
        The process, one of `jetlens.data.processes`.
    settings
        Lines that are read after the card's own.
    cuts
        Events without such a jet in sight are given up early, and do not count; left out, none.
    """

    def __init__(self, name: str, settings: Sequence[str] = (), cuts: Wanted | None = None) -> None:
        import pythia8mc

        card = process(name)
        self._pythia = pythia8mc.Pythia("", False)
        quiet = ("Print:quiet = on", "Random:setSeed = on", "Random:seed = 1")
        for line in (*card.settings, *settings, *quiet):
            if not self._pythia.readString(line):
                raise BadValueError(f"process {name!r}: Pythia does not understand {line!r}")
        self._veto = None if cuts is None else early_veto(cuts)
        if self._veto is not None:  # held by this object: Pythia does not keep it alive
            self._pythia.setUserHooksPtr(self._veto)
        if not self._pythia.init():
            raise BadValueError(f"process {name!r}: Pythia cannot be initialised with its card")

    def seed(self, seed: int) -> None:
        """Restart the random numbers: what follows depends on `seed` alone (1 to 900,000,000)."""
        self._pythia.rndm.init(seed)
        if self._veto is not None:
            self._veto.given_up = self._veto.in_a_row = 0

    @property
    def given_up(self) -> int:
        """Events given up early since the last seed."""
        return 0 if self._veto is None else int(self._veto.given_up)

    def events(self, count: int) -> EventRecord:
        """Generate events; the few that fail inside Pythia are left out."""
        return flatten(self._pythia.nextBatch(count))


@lru_cache(maxsize=16)
def generator(name: str, *settings: str, cuts: Wanted | None = None) -> Generator:
    """Return this process's generator of a card and settings, initialised on the first call."""
    return Generator(name, settings, cuts)


HARD_SCATTERS = 20_000
"""How many a cross-section is measured with: enough for half a per cent."""


class CrossSection(NamedTuple):
    """The cross-section of a process, and how its events are weighted."""

    fb: float
    """At leading order, as Pythia has it."""
    weight: float
    """Mean weight of an event."""


@lru_cache(maxsize=16)
def cross_section(name: str, *settings: str) -> CrossSection:
    """Measure the cross-section of a card and settings, always with the same hard scatters."""
    hard = Generator(name, (*settings, "PartonLevel:all = off", "HadronLevel:all = off"))
    weights = hard.events(HARD_SCATTERS).weight
    return CrossSection(_FB * hard._pythia.infoPython().sigmaGen(), float(weights.mean()))


def flatten(batch: Any) -> EventRecord:
    """Turn what ``nextBatch`` returns into flat numpy arrays."""
    import awkward as ak

    particles = batch.prt
    counts = ak.to_numpy(ak.num(particles.id))
    starts = np.concatenate([[0], np.cumsum(counts)[:-1]])
    flat = ak.flatten(particles)
    event = np.repeat(np.arange(len(counts)), counts)
    mother = ak.to_numpy(flat.mother1).astype(np.int64)
    # a particle's number 0 is the event as a whole: nobody's mother
    mother = np.where(mother > 0, mother + starts[event], NONE)
    made = flat.vProd
    return EventRecord(
        event=event,
        pdg=ak.to_numpy(flat.id),
        status=ak.to_numpy(flat.status),
        mother=mother,
        momentum=np.stack([ak.to_numpy(flat.p[k]) for k in ("px", "py", "pz", "e")], axis=1),
        vertex=np.stack([_filled(made[k]) for k in ("px", "py", "pz")], axis=1),
        events=len(counts),
        weight=ak.to_numpy(batch.info.weights[:, 0]),
    )


def _filled(values: Any) -> NDArray[np.float64]:
    # a particle without a vertex of its own was made in the collision
    import awkward as ak

    return np.ma.filled(ak.to_numpy(values, allow_missing=True), 0.0).astype(np.float64)


def concatenate(records: Sequence[EventRecord]) -> EventRecord:
    """Put the events of several records one after the other."""
    events = np.cumsum([0, *(r.events for r in records)])
    rows = np.cumsum([0, *(len(r.pdg) for r in records)])
    mothers = [
        np.where(r.mother != NONE, r.mother + n, NONE) for r, n in zip(records, rows, strict=False)
    ]
    return EventRecord(
        event=np.concatenate([r.event + n for r, n in zip(records, events, strict=False)]),
        pdg=np.concatenate([r.pdg for r in records]),
        status=np.concatenate([r.status for r in records]),
        mother=np.concatenate(mothers),
        momentum=np.concatenate([r.momentum for r in records]),
        vertex=np.concatenate([r.vertex for r in records]),
        events=int(events[-1]),
        weight=np.concatenate([r.weight for r in records]),
    )
