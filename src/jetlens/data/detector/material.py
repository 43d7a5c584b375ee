"""What happens in the material: photon conversions and hadronic interactions."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from jetlens.data.detector import table
from jetlens.data.detector.collisions import Particles
from jetlens.data.events.truth import PRIMARY, SECONDARY

Floats = NDArray[np.float64]

PHOTON = 22
_CHARGED_HADRONS = (211, 321, 2212)
_NEUTRAL_HADRONS = (2112, 130)
_ELECTRON_MASS = 0.000511


def layers() -> tuple[Floats, Floats]:
    """Return the radii (mm) of all cylinders of material and their thickness in X0."""
    extra = (table.BEAM_PIPE.value, table.SERVICES.value)
    made = sorted([(b.radius, b.x0) for b in table.BARREL.value] + list(extra))
    radius, x0 = np.array(made).T
    return radius, x0


def interact(particles: Particles, rng: np.random.Generator) -> Particles:
    """Let particles interact in the detector's material.

    Parameters
    ----------
    particles
        Particles; those that interact get the radius of the interaction as their ``end``.
    rng
        Source of randomness.

    Returns
    -------
    The particles with the new ones behind them: an electron and a positron for a conversion,
    several charged hadrons for a hadronic interaction.
    """
    number = np.abs(particles["pdg"])
    photon = number == PHOTON
    hadron = np.isin(number, _CHARGED_HADRONS + _NEUTRAL_HADRONS)
    # 7/9 of a radiation length is a photon's mean free path
    paths = photon * 7.0 / 9.0 + hadron * table.X0_PER_INTERACTION_LENGTH.value
    made_at = np.hypot(particles["vertex"][:, 0], particles["vertex"][:, 1])
    px, py, pz, energy = particles["momentum"].T
    pt = np.hypot(px, py)
    steeper = np.hypot(pt, pz) / pt  # 1 / sin(theta): the way through a cylinder
    radius, x0 = layers()
    crossed = radius[None, :] > made_at[:, None]
    depth = np.cumsum(crossed * x0, axis=1) * (paths * steeper)[:, None]
    where = (rng.exponential(size=len(particles))[:, None] >= depth).sum(axis=1)
    struck = where < len(radius)
    particles = particles.copy()
    particles["end"][struck] = radius[where[struck]]
    made = [particles]
    for kind, products in ((photon, _convert), (hadron, _shatter)):
        rows = np.flatnonzero(struck & kind & (energy > 2 * table.TRACK_PT.value))
        made.append(products(_at_end(particles[rows]), rng))
    return np.concatenate(made)


def _at_end(particles: Particles) -> Particles:
    """Move particles along straight lines to where they interact, as mothers of what is made."""
    mothers = particles.copy()
    x, y, _ = particles["vertex"].T
    px, py, pz, _ = particles["momentum"].T
    pt = np.hypot(px, py)
    ux, uy = px / pt, py / pt
    along = x * ux + y * uy
    # the transverse way to the cylinder: |vertex + s u| = end
    s = -along + np.sqrt(np.maximum(along**2 + particles["end"] ** 2 - x**2 - y**2, 0.0))
    mothers["vertex"] += s[:, None] * np.stack([ux, uy, pz / pt], axis=1)
    mothers["end"] = np.inf
    mothers["origin"] = np.where(particles["origin"] == PRIMARY, SECONDARY, particles["origin"])
    return mothers


def _convert(photons: Particles, rng: np.random.Generator) -> Particles:
    """Make an electron-positron pair of each photon (Bethe-Heitler energy sharing)."""
    # dN/dx = 1 - 4/3 x (1 - x): a flat proposal, the first of eight that is accepted
    x = rng.uniform(size=(len(photons), 8))
    accepted = rng.uniform(size=x.shape) < 1 - 4 / 3 * x * (1 - x)
    share = np.take_along_axis(x, accepted.argmax(axis=1)[:, None], axis=1)[:, 0]
    pairs = []
    for charge, fraction in ((-1, share), (1, 1 - share)):
        lepton = photons.copy()
        lepton["pdg"], lepton["charge"] = -11 * charge, charge
        energy = fraction * photons["momentum"][:, 3]
        kick = _ELECTRON_MASS * rng.normal(size=(len(photons), 2))
        lepton["momentum"] = _turned(photons["momentum"], energy, kick, _ELECTRON_MASS)
        pairs.append(lepton)
    return np.concatenate(pairs)


def _shatter(hadrons: Particles, rng: np.random.Generator) -> Particles:
    """Make charged hadrons of an interaction with a nucleus.

    Two thirds of the products are charged; their number grows with the logarithm of the energy,
    their transverse momentum relative to the incoming hadron is some 300 MeV, as in collisions of
    hadrons with light nuclei (ATLAS sees such vertices with their masses in arXiv:1609.04305).
    """
    energy = hadrons["momentum"][:, 3]
    count = 2 + rng.poisson(0.5 + 1.0 * np.log1p(energy))
    charged = rng.binomial(count, 2 / 3)
    mother = np.repeat(np.arange(len(hadrons)), count)
    share = rng.exponential(size=len(mother))
    share /= np.bincount(mother, weights=share, minlength=len(hadrons))[mother]
    starts = np.concatenate([[0], np.cumsum(count)[:-1]]) if len(count) else count
    kept = np.arange(len(mother)) - starts[mother] < charged[mother]
    mother, share = mother[kept], share[kept]
    products: Particles = hadrons[mother]
    kick = 0.3 * rng.normal(size=(len(mother), 2))
    products["momentum"] = _turned(
        hadrons["momentum"][mother], share * energy[mother], kick, 0.13957
    )
    products["charge"] = rng.choice(np.array([-1, 1], dtype=np.int8), len(mother))
    products["pdg"] = np.where(products["charge"] > 0, 211, -211)
    return products


def _turned(mother: Floats, energy: Floats, kick: Floats, mass: float) -> Floats:
    """Return four-momenta of given energy, kicked transversely to the mother's direction (GeV)."""
    along = mother[:, :3] / np.linalg.norm(mother[:, :3], axis=1, keepdims=True)
    # two directions across: the azimuthal one, and what is left
    pt = np.hypot(along[:, 0], along[:, 1])
    across = np.stack([-along[:, 1] / pt, along[:, 0] / pt, np.zeros_like(pt)], axis=1)
    other = np.cross(along, across)
    length = np.sqrt(np.maximum(energy**2 - mass**2 - (kick**2).sum(axis=1), 1e-6))
    three = length[:, None] * along + kick[:, :1] * across + kick[:, 1:] * other
    total = np.sqrt((three**2).sum(axis=1) + mass**2)
    return np.concatenate([three, total[:, None]], axis=1)
