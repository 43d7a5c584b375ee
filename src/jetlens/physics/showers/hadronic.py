"""Hadronic showers: a track until the first interaction, then neutral pions, the rest, and loss.

After the first interaction the energy divides into

- electromagnetic energy, a Poisson number of neutral pions whose mean is that of
  f_em = 1 - (E / E_0)^(m - 1) (Gabriel et al., NIM A338 (1994) 336; Groom, NIM A572 (2007) 633).
  One is made at the interaction, each further one somewhere in the hadronic shower; all make
  electromagnetic cascades;
- energy that is seen where hadrons leave it, a share h/e of the rest in the mean;
- energy that is never seen: nuclear binding, slow neutrons, neutrinos.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from jetlens.physics.showers import electromagnetic, table
from jetlens.physics.showers.radial import radius as radius_of
from jetlens.physics.showers.spots import Points, around, joined
from jetlens.physics.showers.timing import behind_light, neutron_delay, velocity

Floats = NDArray[np.float64]


class Developed(NamedTuple):
    """Showers, and what is known of them; all but the spots are ``[shower]``."""

    spots: Points
    start: Floats
    """mm: where the first interaction is."""
    electromagnetic: Floats
    invisible: Floats
    """GeV."""


def pion_length(kinetic: Floats) -> Floats:
    """Return the mean free path of charged pions, of kinetic energies in GeV, in mm."""
    at = np.log(table.PION_ENERGIES.value)
    per_molecule = sum(
        e.atoms * np.interp(np.log(kinetic), at, e.pion_inelastic) for e in table.CRYSTAL.value
    )
    molecules = table.DENSITY.value * table.AVOGADRO.value / table.MOLECULE  # per cm^3
    length: Floats = 10 / (molecules * per_molecule * 1e-27)
    return length


def mean_electromagnetic(energy: Floats) -> Floats:
    """Return f_em, the mean electromagnetic share of showers with energies in GeV."""
    x = np.maximum(energy / table.PI0_THRESHOLD.value, 1.0)
    share: Floats = 1 - x ** (table.PI0_EXPONENT.value - 1)
    return share


def depth_parameters(energy: Floats) -> tuple[Floats, Floats]:
    """Return alpha and beta of the gamma distribution of hadronic energy in interaction lengths."""
    e = np.clip(energy, table.HADRONIC_LEAST.value, table.HIGHEST)
    x = np.log((0.35 + 0.09 * np.log(e)) * e)  # of the energy that is deposited
    return 1.17 + 0.21 * x, 2.10 - 0.72 * x


def median_radius(depth: Floats, energy: Floats) -> Floats:
    """Return the radius that holds half of the hadronic energy at a depth.

    All lengths are in interaction lengths, energies in GeV. The distribution in radius is
    2 r R^2 / (r^2 + R^2)^2.
    """
    e = np.clip(energy, table.HADRONIC_LEAST.value, table.HIGHEST)
    median: Floats = 0.0124 + (0.359 - 0.0511 * np.log(e)) * depth
    return median


def develop(hadrons: Points, mass: Floats, length: Floats, rng: np.random.Generator) -> Developed:
    """Draw showers of charged pions and kaons.

    Parameters
    ----------
    hadrons
        Where and when they enter, with their whole energy; one for each shower ``[shower]``.
    mass
        Their masses in GeV.
    length
        Their mean free paths in mm.
    rng
        Random numbers.
    """
    kinetic = hadrons.energy - mass
    range_ = kinetic / table.IONISATION.value
    start = np.minimum(rng.exponential(length), range_)
    beta = velocity(np.sqrt(hadrons.energy**2 - mass**2), mass)
    track = _track(hadrons, start, beta)
    first = hadrons._replace(
        energy=hadrons.energy - start * table.IONISATION.value,
        z=hadrons.z + start,
        time=hadrons.time + behind_light(beta, start),
    )
    pions, showers = neutral_pions(first, rng)
    photons = electromagnetic.decayed(pions, rng)
    cascades = electromagnetic.spots(electromagnetic.converted(photons, rng), rng)
    rest = first.energy - showers
    seen = rest * _seen(rest, rng)
    hadronic = _hadronic_spots(first, seen, rng)
    return Developed(joined([track, cascades, hadronic]), start, showers, rest - seen)


def _track(hadrons: Points, start: Floats, beta: Floats) -> Points:
    """Return the ionisation before the first interaction, in equal steps."""
    number = np.maximum(np.ceil(start / table.TRACK_STEP.value), 1).astype(np.int64)
    owner = np.repeat(np.arange(len(start)), number)
    step = np.arange(len(owner)) - np.repeat(np.cumsum(number) - number, number)
    along = (step + 0.5) * (start / number)[owner]
    at = hadrons.take(owner)
    return at._replace(
        energy=(start * table.IONISATION.value / number)[owner],
        z=at.z + along,
        time=at.time + behind_light(beta[owner], along),
    )


def neutral_pions(first: Points, rng: np.random.Generator) -> tuple[Points, Floats]:
    """Draw the neutral pions of showers, and return their energy in each shower beside them.

    They have 1 GeV each, E_0 of their mean share; less where that would be more than there is.

    Parameters
    ----------
    first
        The first interactions, with the energy that is left: ``[shower]``.
    rng
        Random numbers.
    """
    mean = mean_electromagnetic(first.energy) * first.energy / table.PI0_THRESHOLD.value
    number = rng.poisson(mean)
    total = np.minimum(number * table.PI0_THRESHOLD.value, first.energy)
    owner = np.repeat(np.arange(len(number)), number)
    depth, radius = _places(first.energy[owner], rng)
    leading = np.diff(owner, prepend=-1) > 0
    depth[leading] = radius[leading] = 0.0
    each = (total / np.maximum(number, 1))[owner]
    return around(first.take(owner), each, depth, radius, rng), total


def _places(energy: Floats, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Draw depths and radii in mm, of showers with these energies ``[point]``."""
    alpha, beta = depth_parameters(energy)
    depth = rng.standard_gamma(alpha) / beta
    radius = radius_of(median_radius(depth, energy), rng.random(len(depth)))
    return depth * table.NUCLEAR_LENGTH.value, radius * table.NUCLEAR_LENGTH.value


def _seen(rest: Floats, rng: np.random.Generator) -> Floats:
    """Draw the share that is seen of energy that is not electromagnetic."""
    number = np.maximum(rest, 1e-6) / table.BINDING.value
    share: Floats = rng.beta(table.VISIBLE.value * number, (1 - table.VISIBLE.value) * number)
    return share


def _hadronic_spots(first: Points, seen: Floats, rng: np.random.Generator) -> Points:
    number = np.ceil(seen / table.HADRON_SPOT.value).astype(np.int64)
    owner = np.repeat(np.arange(len(number)), number)
    depth, radius = _places(first.energy[owner], rng)
    each = (seen / np.maximum(number, 1))[owner]
    spots = around(first.take(owner), each, depth, radius, rng)
    return spots._replace(time=spots.time + neutron_delay(len(owner), rng))
