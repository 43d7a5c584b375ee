"""Soft drop and the modified mass drop: a jet without its soft wide-angle radiation."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from jetlens.physics.clustering import sequence, subjets
from jetlens.physics.kinematics import mass_of

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class Groomed(NamedTuple):
    """Groomed jets and their two prongs.

    A jet in which no splitting passes is groomed down to its last particle: it has one prong, and
    z_g = R_g = 0.
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
        none = np.zeros(0)
        return Groomed(np.zeros((0, 4)), none, none, none, np.zeros((0, 2, 4)))
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
    swap = np.hypot(other[:, 0], other[:, 1]) > np.hypot(one[:, 0], one[:, 1])
    prongs = np.stack([one, other], axis=1)
    prongs[swap] = prongs[swap, ::-1]
    return Groomed(
        momentum=whole,
        mass=mass_of(whole),
        zg=np.where(passed, ak.to_numpy(dropped.symmetrysoftdrop), 0.0),
        rg=np.where(passed, distance, 0.0),
        prongs=prongs,
    )
