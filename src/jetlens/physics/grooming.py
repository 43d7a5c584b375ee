"""Soft drop, the modified mass drop and trimming: jets without their soft wide-angle radiation."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from jetlens.physics.clustering import inclusive, sequence, subjets
from jetlens.physics.kinematics import delta_phi, mass_of

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class Groomed(NamedTuple):
    """Groomed jets and their two prongs.

    A jet in which no splitting passes is groomed down to its last particle: it has one prong, and
    z_g = R_g = 0. So has a jet that is trimmed to one particle.
    """

    momentum: Floats
    """``[jet, (px, py, pz, E)]``."""
    mass: Floats
    """``[jet]``."""
    zg: Floats
    """Share of the pt that the softer prong has, ``[jet]``, 0 to 0.5."""
    rg: Floats
    """Distance of the prongs in rapidity and azimuth, ``[jet]``."""
    prongs: Floats
    """``[jet, prong, (px, py, pz, E)]``, the one of higher pt first; zeros for a missing one."""


def _no_jets() -> Groomed:
    none = np.zeros(0)
    return Groomed(np.zeros((0, 4)), none, none, none, np.zeros((0, 2, 4)))


def soft_drop(
    momentum: Floats, counts: Ints, *, z_cut: float = 0.1, beta: float = 0.0, radius: float = 0.8
) -> Groomed:
    """Groom jets with soft drop (arXiv:1402.2657); beta = 0 is the modified mass drop (1307.0007).

    Each jet is reclustered with Cambridge/Aachen and undone until
    z = min(pt1, pt2) / (pt1 + pt2) > z_cut (dR / radius)^beta, by FastJet's contrib.

    Parameters
    ----------
    momentum
        ``[particle, (px, py, pz, E)]``, jet by jet.
    counts
        Particles of each jet, at least one.
    z_cut, beta
        What a splitting has to pass.
    radius
        The jets' radius.
    """
    import awkward as ak
    import fastjet

    if not len(counts):
        return _no_jets()
    clustered = sequence(momentum, counts, fastjet.cambridge_algorithm)
    dropped = clustered.exclusive_jets_softdrop_grooming(
        njets=1, beta=beta, symmetry_cut=z_cut, R0=radius
    )
    kept = ak.flatten(dropped.constituents)
    particles = np.stack([ak.to_numpy(kept[k]) for k in ("px", "py", "pz", "E")], axis=1)
    size = ak.to_numpy(ak.num(dropped.constituents.px)).astype(np.int64)
    # the groomed jet is a branch of the tree: clustered again, its last step is the splitting
    pieces, number = subjets(sequence(particles, size, fastjet.cambridge_algorithm), 2)
    distance = ak.to_numpy(dropped.deltaRsoftdrop)
    passed = (distance > 0) & (number == 2)
    first = np.concatenate([[0], np.cumsum(number)[:-1]])
    one = pieces[first]
    other = np.where(passed[:, None], pieces[first + (number - 1)], 0.0)
    whole = one + np.where((number == 2)[:, None], pieces[first + (number - 1)], 0.0)
    one = np.where(passed[:, None], one, whole)
    prongs = _harder_first(np.stack([one, other], axis=1))
    return Groomed(
        momentum=whole,
        mass=mass_of(whole),
        zg=np.where(passed, ak.to_numpy(dropped.symmetrysoftdrop), 0.0),
        rg=np.where(passed, distance, 0.0),
        prongs=prongs,
    )


def trim(momentum: Floats, counts: Ints, *, radius: float = 0.2, share: float = 0.05) -> Groomed:
    """Trim jets (arXiv:0912.1342): keep the kt subjets that have a share of the pt, or the hardest.

    The prongs are the two exclusive kt jets of what is left; a jet of which a single particle is
    left has one. Several times faster than `soft_drop`.

    Parameters
    ----------
    momentum
        ``[particle, (px, py, pz, E)]``, jet by jet.
    counts
        Particles of each jet, at least one.
    radius
        The subjets' radius.
    share
        Least share of the jet's pt that a subjet has.
    """
    import fastjet

    if not len(counts):
        return _no_jets()
    found = inclusive(momentum, counts, fastjet.kt_algorithm, radius, 0.0)
    subjet = np.repeat(np.arange(len(found.size)), found.size)
    pt = _pt(momentum[found.particle], subjet, len(found.size))
    jet_pt = _pt(momentum, np.repeat(np.arange(len(counts)), counts), len(counts))
    hardest = np.zeros(len(counts))
    np.maximum.at(hardest, found.event, pt)
    kept = (pt >= share * jet_pt[found.event]) | (pt == hardest[found.event])
    left = found.particle[kept[subjet]]
    size = np.bincount(found.event[kept], found.size[kept], len(counts)).astype(np.int64)
    pieces, number = subjets(sequence(momentum[left], size, fastjet.kt_algorithm), 2)
    first = np.cumsum(number) - number
    other = np.where((number == 2)[:, None], pieces[first + number - 1], 0.0)
    prongs = _harder_first(np.stack([pieces[first], other], axis=1))
    one, two = np.moveaxis(prongs, 1, 0)
    there = two[:, 3] > 0
    softer, harder = (np.hypot(p[:, 0], p[:, 1]) for p in (two, one))
    apart = np.hypot(_rapidity(one) - _rapidity(two), delta_phi(_azimuth(one), _azimuth(two)))
    return Groomed(
        momentum=one + two,
        mass=mass_of(one + two),
        zg=softer / (softer + harder),
        rg=np.where(there, apart, 0.0),
        prongs=prongs,
    )


def _pt(momentum: Floats, group: Ints, groups: int) -> Floats:
    """Return the transverse momenta of groups of particles."""
    x, y = (np.bincount(group, momentum[:, i], groups) for i in range(2))
    return np.hypot(x, y)


def _harder_first(prongs: Floats) -> Floats:
    """Order prongs ``[jet, 2, 4]`` by pt."""
    pt = np.hypot(prongs[..., 0], prongs[..., 1])
    swapped = (pt[:, 1] > pt[:, 0])[:, None, None]
    ordered: Floats = np.where(swapped, prongs[:, ::-1], prongs)
    return ordered


def _rapidity(momentum: Floats) -> Floats:
    _, _, pz, energy = momentum.T
    found: Floats = np.arctanh(np.divide(pz, energy, out=np.zeros_like(pz), where=energy > 0))
    return found


def _azimuth(momentum: Floats) -> Floats:
    return np.arctan2(momentum[:, 1], momentum[:, 0])
