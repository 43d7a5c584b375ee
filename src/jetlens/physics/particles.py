"""What is known of a particle by its number alone: mass, charge and kind.

Numbers are those of the Monte Carlo numbering scheme, masses those of the Review of Particle
Physics (Phys. Rev. D 110, 030001). The table holds the particles that live long enough to be seen.
An antiparticle has the negative number, the same mass and kind, and the opposite charge.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

KINDS = (
    "photon",
    "electron",
    "muon",
    "charged_pion",
    "charged_kaon",
    "proton",
    "neutral_kaon",
    "neutron",
)
"""Kinds that are told apart; strange baryons are of none."""

NONE = -1
"""The kind of particles that are of none of `KINDS`."""


class Species(NamedTuple):
    """One particle."""

    number: int
    mass: float
    """GeV."""
    charge: int
    """In units of the proton's."""
    kind: str = ""
    """One of `KINDS`, or none."""


TABLE = (
    Species(11, 0.00051099895, -1, "electron"),
    Species(13, 0.1056583755, -1, "muon"),
    Species(22, 0.0, 0, "photon"),
    Species(130, 0.497611, 0, "neutral_kaon"),
    Species(211, 0.13957039, 1, "charged_pion"),
    Species(310, 0.497611, 0, "neutral_kaon"),
    Species(321, 0.493677, 1, "charged_kaon"),
    Species(2112, 0.93956542, 0, "neutron"),
    Species(2212, 0.93827209, 1, "proton"),
    Species(3112, 1.197449, -1),
    Species(3122, 1.115683, 0),
    Species(3222, 1.18937, 1),
    Species(3312, 1.32171, -1),
    Species(3322, 1.31486, 0),
    Species(3334, 1.67245, -1),
)
"""In the order of their numbers."""

_NUMBER, _MASS, _CHARGE = (np.array([s[i] for s in TABLE]) for i in range(3))
_KIND = np.array([KINDS.index(s.kind) if s.kind else NONE for s in TABLE])


class Known(NamedTuple):
    """What is known of particles, each of the shape of their numbers."""

    known: NDArray[np.bool_]
    """Whether they are in the table; those that are not have no mass, charge and kind."""
    mass: Floats
    """GeV."""
    charge: Ints
    """In units of the proton's."""
    kind: Ints
    """Positions in `KINDS`, or -1."""


def known(pdg: Ints) -> Known:
    """Return what is known of particles by their numbers, an array of any shape."""
    number = np.abs(pdg)
    row = np.minimum(np.searchsorted(_NUMBER, number), len(_NUMBER) - 1)
    found = _NUMBER[row] == number
    return Known(
        known=found,
        mass=np.where(found, _MASS[row], 0.0),
        charge=np.where(found, _CHARGE[row] * np.sign(pdg), 0),
        kind=np.where(found, _KIND[row], NONE),
    )
