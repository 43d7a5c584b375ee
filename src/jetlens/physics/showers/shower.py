"""Showers of electrons, photons, charged pions and kaons in a block of lead tungstate."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from jetlens.core.errors import BadValueError, look_up
from jetlens.physics.particles import TABLE
from jetlens.physics.showers import electromagnetic, hadronic
from jetlens.physics.showers.spots import Points
from jetlens.physics.showers.table import HIGHEST, KAON_LENGTH, LOWEST
from jetlens.physics.showers.timing import behind_light, velocity

Floats = NDArray[np.float64]

_NUMBERS = {"electron": 11, "photon": 22, "pion": 211, "kaon": 321}
MASSES = {name: next(s.mass for s in TABLE if s.number == k) for name, k in _NUMBERS.items()}
"""The particles that there are showers of, and their masses in GeV."""


class Showers(NamedTuple):
    """Showers, and what is known of them; all but the spots are ``[shower]``."""

    spots: Points
    """What can be seen, wherever it is, cells or not."""
    energy: Floats
    """GeV: the particle's."""
    beta: Floats
    flight: Floats
    """ns: how much later than light the particle reaches the calorimeter."""
    start: Floats
    """mm: how deep a photon converts or a hadron interacts first; 0 for electrons."""
    electromagnetic: Floats
    invisible: Floats
    """GeV."""


def develop(
    particle: str, momentum: Floats, distance: float, x: Floats, y: Floats, rng: np.random.Generator
) -> Showers:
    """Draw showers of one kind of particle.

    Parameters
    ----------
    particle
        One of `MASSES`.
    momentum
        GeV, 1 to 10: ``[shower]``.
    distance
        How far the particles have flown to the calorimeter's face, in mm.
    x, y
        Where they enter it, in mm: ``[shower]``. They fly along z.
    rng
        Random numbers.

    Returns
    -------
    The energy of spots and the invisible energy are together the particle's energy.

    Raises
    ------
    UnknownNameError
        If there are no showers of the particle.
    BadValueError
        If a momentum is outside of what the parametrisations were made for.
    """
    mass = np.full(len(momentum), look_up("particle", particle, MASSES))
    outside = ~((momentum >= LOWEST) & (momentum <= HIGHEST))
    if outside.any():
        raise BadValueError(
            f"momentum of {momentum[outside][0]:g} GeV: expected {LOWEST:g} to {HIGHEST:g} GeV, "
            "for which hadronic showers are parametrised"
        )
    energy, beta = np.hypot(momentum, mass), velocity(momentum, mass)
    flight = behind_light(beta, np.full(len(mass), distance))
    number, zero = np.arange(len(mass)), np.zeros(len(mass))
    entered = Points(number, energy, x, y, zero, flight)
    if particle in ("pion", "kaon"):
        length = hadronic.pion_length(energy - mass)
        if particle == "kaon":
            length = length * KAON_LENGTH.value
        found = hadronic.develop(entered, mass, length, rng)
        return Showers(found.spots, energy, beta, flight, *found[1:])
    electrons = entered
    if particle == "photon":
        electrons = electromagnetic.converted(entered, rng)
    spots = electromagnetic.spots(electrons, rng)
    start = electrons.z[:: len(electrons.z) // len(mass)] if len(mass) else zero
    return Showers(spots, energy, beta, flight, start, energy, zero)
