"""Collisions as the detector sees them: a hard scatter and its pile-up at the beam spot."""

from __future__ import annotations

from functools import lru_cache
from importlib.metadata import version

import numpy as np
from numpy.typing import NDArray

from jetlens.core.files import atomic, cache_folder
from jetlens.core.hashing import digest
from jetlens.data.detector import table
from jetlens.data.events.generator import EventRecord, Generator
from jetlens.data.events.truth import PILEUP
from jetlens.data.events.visible import visible
from jetlens.data.processes import process

PARTICLE = np.dtype(
    [
        ("event", np.int64),
        ("pdg", np.int32),
        ("charge", np.int8),
        ("origin", np.int8),  # as in ftagTruthOriginLabel
        ("momentum", np.float64, 4),  # px, py, pz, E in GeV
        ("vertex", np.float64, 3),  # production vertex in mm
        ("end", np.float64),  # radius in mm at which it interacts and is lost
    ]
)
"""A particle that reaches the detector."""

Particles = NDArray[np.void]

CHARGED = (11, 13, 211, 321, 2212, 3112, 3222, 3312, 3334)
_NEGATIVE = (11, 13, 3112, 3312, 3334)
_ETA_MAX = 3.2  # what reaches a jet of |eta| < 2.5
_PT_MIN = 0.1


def final_particles(record: EventRecord, origin: NDArray[np.int8]) -> Particles:
    """Return the visible final particles near the detector's acceptance.

    Parameters
    ----------
    record
        Generated events.
    origin
        Origins ``[particle]`` of all of the record's particles.
    """
    px, py, pz, _ = record.momentum.T
    pt = np.hypot(px, py)
    near = (pt > _PT_MIN) & (np.abs(pz) < np.sinh(_ETA_MAX) * pt)
    rows = np.flatnonzero(visible(record) & near)
    particles = np.empty(len(rows), dtype=PARTICLE)
    pdg = record.pdg[rows]
    particles["event"] = record.event[rows]
    particles["pdg"] = pdg
    particles["charge"] = charge_of(pdg)
    particles["origin"] = origin[rows]
    particles["momentum"] = record.momentum[rows]
    particles["vertex"] = record.vertex[rows]
    particles["end"] = np.inf
    return particles


def charge_of(pdg: NDArray[np.int32]) -> NDArray[np.int32]:
    """Return the charges of final particles, in units of the proton's."""
    number = np.abs(pdg)
    sign = np.where(np.isin(number, _NEGATIVE), -1, 1) * np.sign(pdg)
    charge: NDArray[np.int32] = np.where(np.isin(number, CHARGED), sign, 0).astype(np.int32)
    return charge


class Pool:
    """Minimum-bias events, made once and overlaid again and again.

    Parameters
    ----------
    particles
        Their particles, in the order of events.
    events
        Number of events.
    """

    def __init__(self, particles: Particles, events: int) -> None:
        self.particles, self.events = particles, events
        self.starts = np.searchsorted(particles["event"], np.arange(events + 1))

    def overlay(self, count: NDArray[np.int64], rng: np.random.Generator) -> Particles:
        """Draw `count` events ``[event]`` of pile-up for each event, each at its own vertex.

        A reused event is turned by a random azimuth and mirrored in z half of the time.
        """
        into = np.repeat(np.arange(len(count)), count)
        chosen = rng.integers(0, self.events, len(into))
        size = self.starts[chosen + 1] - self.starts[chosen]
        of = np.repeat(np.arange(len(into)), size)
        first = np.concatenate([[0], np.cumsum(size)[:-1]]) if len(size) else size
        rows = np.arange(len(of)) - first[of] + self.starts[chosen[of]]
        particles = self.particles[rows]
        angle = rng.uniform(-np.pi, np.pi, len(into))[of]
        mirror = rng.choice([-1.0, 1.0], len(into))[of]
        place = rng.normal(0.0, table.BEAM_SPOT.value, (len(into), 3))[of]
        cos, sin = np.cos(angle), np.sin(angle)
        for name in ("momentum", "vertex"):
            x, y = particles[name][:, 0].copy(), particles[name][:, 1].copy()
            particles[name][:, 0] = cos * x - sin * y
            particles[name][:, 1] = sin * x + cos * y
            particles[name][:, 2] *= mirror
        particles["vertex"] += place
        particles["event"] = into[of]
        return particles


def collide(
    hard: Particles, events: int, pool: Pool | None, mu: float, rng: np.random.Generator
) -> tuple[Particles, NDArray[np.float64]]:
    """Put hard scatters at the beam spot and overlay a Poisson number of pile-up events.

    Returns
    -------
    The particles in the order of events (pile-up has origin 0) and the true hard-scatter vertices
    ``[event, xyz]`` in mm.
    """
    place = rng.normal(0.0, table.BEAM_SPOT.value, (events, 3))
    hard = hard.copy()
    hard["vertex"] += place[hard["event"]]
    if pool is None:
        return hard, place
    both = np.concatenate([hard, pool.overlay(rng.poisson(mu, events), rng)])
    return both[np.argsort(both["event"], kind="stable")], place


@lru_cache(maxsize=2)
def pileup_pool(events: int) -> Pool:
    """Return the pool of `events` minimum-bias events, generated once and kept on disk.

    It depends on its size, on the card and on a fixed seed alone, so that every worker has the
    same; two that make it at once make the same file.
    """
    card, seed = process("minbias").card, table.POOL_SEED.value
    key = digest(card, str(events), str(seed), version("pythia8mc"), str(PARTICLE.descr))
    path = cache_folder() / f"minbias-{key}.npy"
    if path.exists():
        return Pool(np.load(path, allow_pickle=False), events)
    pythia = Generator("minbias")
    pythia.seed(seed)
    parts, done = [], 0
    while done < events:
        record = pythia.events(min(500, events - done))
        made = final_particles(record, np.full(len(record.pdg), PILEUP, dtype=np.int8))
        made["event"] += done
        parts.append(made)
        done += record.events
    particles = np.concatenate(parts)
    with atomic(path) as part, part.open("wb") as file:
        np.save(file, particles, allow_pickle=False)
    return Pool(particles, events)
