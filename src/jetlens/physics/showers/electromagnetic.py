"""Electromagnetic cascades: electrons, photons that convert, neutral pions that decay."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from jetlens.physics.showers import longitudinal, radial
from jetlens.physics.showers.spots import Points, around
from jetlens.physics.showers.table import LOG_Z, MOLIERE_RADIUS, RADIATION_LENGTH

Floats = NDArray[np.float64]

CONVERSION = 9 / 7  # radiation lengths: the mean free path of photons of high energy
UNIFORM = 6 / 7  # the share of 2/3 in 2/3 + 4/3 (x - 1/2)^2


def spots(electrons: Points, rng: np.random.Generator) -> Points:
    """Draw the spots of energy that electrons leave.

    Each cascade has 93 ln(Z) E^0.876 of them (hep-ex/0001020, appendix A.1), of equal energy, drawn
    from its own profile in depth and radius.

    Parameters
    ----------
    electrons
        Where and when cascades begin.
    rng
        Random numbers.
    """
    profile = longitudinal.fluctuated(electrons.energy, rng)
    number = np.maximum(np.rint(93 * LOG_Z * electrons.energy**0.876), 1).astype(np.int64)
    owner = np.repeat(np.arange(len(number)), number)
    depth = rng.standard_gamma(profile.alpha[owner]) / profile.beta[owner]
    tau = depth * (profile.scale / profile.mean)[owner]
    widths = radial.width(tau, electrons.energy[owner])
    radius = radial.draw(widths, rng) * MOLIERE_RADIUS
    each = (electrons.energy / number)[owner]
    return around(electrons.take(owner), each, depth * RADIATION_LENGTH.value, radius, rng)


def converted(photons: Points, rng: np.random.Generator) -> Points:
    """Return the electrons and positrons that photons convert to, two for each.

    The share x of the energy has the density 1 - 4/3 x (1 - x) of complete screening (Review of
    Particle Physics, Passage of particles through matter).
    """
    path = rng.exponential(CONVERSION * RADIATION_LENGTH.value, len(photons.z))
    which, u = rng.random((2, len(path)))
    share = np.where(which < UNIFORM, u, 0.5 + 0.5 * np.cbrt(2 * u - 1))
    return _two(photons._replace(z=photons.z + path), share)


def decayed(pions: Points, rng: np.random.Generator) -> Points:
    """Return the photons that neutral pions decay to, two for each, along the pion's direction.

    The decay is isotropic, so that the share of the energy is uniform; the angle between photons
    of 1 GeV or more is small beside the width of their showers.
    """
    return _two(pions, rng.random(len(pions.z)))


def _two(points: Points, share: Floats) -> Points:
    pair = points.take(np.repeat(np.arange(len(share)), 2))
    return pair._replace(energy=pair.energy * np.stack([share, 1 - share], axis=1).ravel())
