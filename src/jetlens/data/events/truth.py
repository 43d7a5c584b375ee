"""What is known of a simulated particle and jet: origins, vertices, flavours.

Ancestors are followed by pointer jumping: every particle first knows its mother, then its mother's
mother, then four steps, so that a whole batch of events is done in a handful of array operations.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from jetlens.data.events.generator import NONE, EventRecord
from jetlens.physics.kinematics import eta_of

PILEUP, FAKE, PRIMARY, FROM_B, FROM_BC, FROM_C, FROM_TAU, SECONDARY = range(8)
"""``ftagTruthOriginLabel``."""

NO_VERTEX = -2
"""``ftagTruthVertexIndex`` of pile-up and fakes; 0 is the primary vertex, 1 and up are others."""

SAME_VERTEX = 0.1
"""Production vertices closer than this (mm) count as one."""

_B, _C, _TAU, _STRANGE, _HADRON = (1 << i for i in range(5))
_LONG_LIVED = (310, 3122, 3112, 3222, 3312, 3322, 3334)
"""K0S, Lambda, Sigma-, Sigma+, Xi-, Xi0, Omega-: weak decays far from the collision."""


class Truth(NamedTuple):
    """Truth of every particle of a record, each ``[particle]``."""

    origin: NDArray[np.int8]
    """2 to 7 as in ``ftagTruthOriginLabel``."""
    label: NDArray[np.int8]
    """5, 4 or 15 for a weakly decaying b or c hadron or a decaying tau, else 0."""
    prompt: NDArray[np.bool_]
    """True where no ancestor is a hadron, as for leptons of W bosons and taus."""


def quarks(pdg: NDArray[np.int32]) -> tuple[NDArray[np.bool_], ...]:
    """Say which particles are hadrons, open-b hadrons and open-c hadrons.

    Parameters
    ----------
    pdg
        Particle numbers (Monte Carlo numbering scheme, Phys. Rev. D 110, 030001, section 45).

    Returns
    -------
    Three masks of the shape of `pdg`; quarkonia are hadrons but carry neither flavour.
    """
    number = np.abs(pdg)
    q1, q2, q3 = (number // 1000) % 10, (number // 100) % 10, (number // 10) % 10
    hadron = (number > 100) & (number < 9_900_000) & (q3 > 0) & (q2 > 0) & (q2 < 6) & (q1 < 6)
    b = hadron & ((q1 == 5) | ((q1 == 0) & (q2 == 5) & (q3 != 5)))
    c = hadron & ~b & ((q1 == 4) | ((q1 == 0) & (q2 == 4) & (q3 != 4)))
    return hadron, b, c


def truth(record: EventRecord) -> Truth:
    """Find each particle's origin by following its mothers.

    An origin names the heaviest flavour among the weakly decaying ancestors: a pion from a K0S in a
    b hadron's decay is from b; one from any other K0S or hyperon is other secondary.
    """
    hadron, _, _ = quarks(record.pdg)
    label = weak_decays(record)
    has_mother = record.mother != NONE
    mother = np.where(has_mother, record.mother, 0)
    own = (
        (label == 5) * _B
        + (label == 4) * _C
        + (label == 15) * _TAU
        + np.isin(np.abs(record.pdg), _LONG_LIVED) * _STRANGE
        + hadron * _HADRON
    ).astype(np.int8)
    # decays only: the step from partons to hadrons is where a chain ends, and so is a W or a Z
    decayed = has_mother & (np.abs(record.status) > 90) & (own[mother] > 0)
    ancestors = _ancestors(np.where(decayed, mother, np.arange(len(mother))), own)
    origin = np.full(len(mother), PRIMARY, dtype=np.int8)
    origin[ancestors & _STRANGE > 0] = SECONDARY
    origin[ancestors & _TAU > 0] = FROM_TAU
    origin[ancestors & _C > 0] = FROM_C
    origin[ancestors & _B > 0] = FROM_B
    origin[(ancestors & _B > 0) & (ancestors & _C > 0)] = FROM_BC
    prompt = (ancestors & _HADRON == 0) & ~hadron
    return Truth(origin, label, prompt)


def weak_decays(record: EventRecord) -> NDArray[np.int8]:
    """Label the b and c hadrons that decay weakly, and the taus that decay, ``[particle]``.

    Returns
    -------
    5, 4 or 15; 0 for all others.
    """
    _, b, c = quarks(record.pdg)
    tau = np.abs(record.pdg) == 15
    # a hadron that turns into another of its own flavour (B* -> B gamma, mixing) is not yet weak
    last = [kind & ~_has_daughter(kind, record.mother) for kind in (b, c, tau)]
    return np.select(last, [5, 4, 15]).astype(np.int8)


def _has_daughter(kind: NDArray[np.bool_], mother: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Say which particles are the mother of one of the same kind."""
    found = np.zeros_like(kind)
    found[mother[kind & (mother != NONE)]] = True
    return found


def _ancestors(parent: NDArray[np.int64], own: NDArray[np.int8]) -> NDArray[np.int8]:
    """Combine the bits of all strict ancestors; a root is its own parent."""
    root = parent == np.arange(len(parent))
    bits = np.where(root, 0, own[parent]).astype(np.int8)
    moving = np.flatnonzero(~root)
    while len(moving):
        step = parent[moving]
        bits[moving] |= bits[step]
        further = parent[step]
        moving, further = moving[further != step], further[further != step]
        parent[moving] = further
    return bits


class Hadrons(NamedTuple):
    """The hadrons and taus that give jets their flavour, each ``[hadron]``."""

    event: NDArray[np.int64]
    eta: NDArray[np.float64]
    phi: NDArray[np.float64]
    pt: NDArray[np.float64]
    label: NDArray[np.int8]


def labelling(record: EventRecord, label: NDArray[np.int8], pt_min: float = 5.0) -> Hadrons:
    """Return the weakly decaying b and c hadrons and taus above `pt_min` GeV."""
    rows = np.flatnonzero(label)
    px, py, pz, _ = record.momentum[rows].T
    pt = np.hypot(px, py)
    kept = pt > pt_min
    return Hadrons(
        record.event[rows][kept],
        eta_of(px, py, pz)[kept],
        np.arctan2(py, px)[kept],
        pt[kept],
        label[rows][kept],
    )


def flavours(
    jets: int, jet: NDArray[np.int64], dr: NDArray[np.float64], label: NDArray[np.int8]
) -> NDArray[np.int32]:
    """Label jets by the heaviest hadron that is theirs: b, then c, then tau, then light.

    Parameters
    ----------
    jets
        Number of jets.
    jet, dr
        The nearest jet of each hadron and its distance; a hadron belongs to that one only.
    label
        5, 4 or 15 for each hadron.

    Returns
    -------
    ``HadronConeExclTruthLabelID`` ``[jet]``: 5, 4, 15 or 0.
    """
    flavour = np.zeros(jets, dtype=np.int32)
    for kind in (15, 4, 5):
        flavour[jet[(dr < 0.3) & (label == kind)]] = kind
    return flavour


def vertices(
    position: NDArray[np.float64],
    primary: NDArray[np.float64],
    origin: NDArray[np.int8],
    valid: NDArray[np.bool_],
) -> NDArray[np.int32]:
    """Number the production vertices in each jet.

    Parameters
    ----------
    position
        Production vertices ``[jet, track, xyz]`` in mm.
    primary
        True primary vertices ``[jet, xyz]`` in mm.
    origin, valid
        Origins and which tracks are real, ``[jet, track]``.

    Returns
    -------
    ``ftagTruthVertexIndex`` ``[jet, track]``: 0 for the primary vertex, 1 and up for others in the
    order of their first track, -2 for pile-up, fakes and padding. Vertices that a chain of
    distances below 0.1 mm joins are one.
    """
    jets, tracks = valid.shape
    from_vertex = valid & (origin != PILEUP) & (origin != FAKE)
    points = np.concatenate([primary[:, None], position], axis=1)
    here = np.concatenate([np.ones((jets, 1), dtype=bool), from_vertex], axis=1)
    squared = np.zeros((jets, tracks + 1, tracks + 1))
    for axis in range(3):
        squared += (points[:, :, None, axis] - points[:, None, :, axis]) ** 2
    joined = (squared < SAME_VERTEX**2) & here[:, :, None] & here[:, None, :]
    # spread the smallest index through what is joined, until nothing changes
    smallest = np.broadcast_to(np.arange(tracks + 1, dtype=np.int32), here.shape)
    while True:
        spread = np.where(joined, smallest[:, None, :], tracks + 1).min(axis=2)
        spread = np.where(here, spread, smallest).astype(np.int32)
        if np.array_equal(spread, smallest):
            break
        smallest = spread
    first = here & (smallest == np.arange(tracks + 1))
    number = (np.cumsum(first, axis=1) - 1).astype(np.int32)
    found = np.take_along_axis(number, smallest, axis=1)[:, 1:]
    return np.where(from_vertex, found, NO_VERTEX).astype(np.int32)
