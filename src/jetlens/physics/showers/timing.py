"""When particles arrive, when neutrons do, and how well cells tell."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from jetlens.physics.showers.table import (
    ENERGY_OF_MIP,
    NEUTRON_SHARE,
    NEUTRON_TIME,
    SPEED_OF_LIGHT,
    TIME_FLOOR,
    TIME_OF_MIP,
)

Floats = NDArray[np.float64]


def velocity(momentum: Floats, mass: Floats) -> Floats:
    """Return beta = p / E."""
    beta: Floats = momentum / np.hypot(momentum, mass)
    return beta


def behind_light(beta: Floats, distance: Floats) -> Floats:
    """Return how much later than light a particle is after a distance in mm, in ns."""
    late: Floats = distance * (1 / beta - 1) / SPEED_OF_LIGHT.value
    return late


def neutron_delay(count: int, rng: np.random.Generator) -> Floats:
    """Draw how late spots of hadronic energy are, in ns: most are prompt, neutrons' are not."""
    delay = rng.exponential(NEUTRON_TIME.value, count)
    prompt = rng.random(count) >= NEUTRON_SHARE.value
    delay[prompt] = 0.0
    return delay


def resolution(energy: Floats) -> Floats:
    """Return the uncertainty of the times of hits with energies in GeV, in ns.

    Light makes it fall as one over the root of the energy, down to a floor.
    """
    sigma: Floats = np.sqrt(
        TIME_FLOOR.value**2 + TIME_OF_MIP.value**2 * ENERGY_OF_MIP.value / energy
    )
    return sigma
