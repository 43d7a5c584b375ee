"""Jets undone splitting by splitting: how many emissions their harder branch makes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def soft_drop_multiplicity(
    momentum: Floats, counts: Ints, *, z_cut: float = 0.1, beta: float = 0.0, radius: float = 0.4
) -> Ints:
    """Return how many emissions of each jet pass soft drop, ``[jet]`` (arXiv:1704.06266).

    Each jet is clustered with Cambridge/Aachen and undone along its harder branch, down to a single
    particle. A splitting counts where z = min(pt1, pt2) / (pt1 + pt2) > z_cut (dR / radius)^beta.

    Parameters
    ----------
    momentum
        ``[particle, (px, py, pz, E)]``, jet by jet.
    counts
        Particles of each jet, at least one.
    z_cut, beta
        What a splitting has to pass.
    radius
        The jets' radius; it only matters where `beta` is not 0.
    """
    import fastjet

    from jetlens.physics.clustering import WHOLE

    if not len(counts):
        return np.zeros(0, np.int64)
    # FastJet greets on stdout, which belongs to whoever called
    fastjet._swig.ClusterSequence.set_fastjet_banner_stream(None)
    definition = fastjet.JetDefinition(fastjet.cambridge_algorithm, WHOLE)
    # FastJet's arrays of declusterings tell kt and dR, of which z does not follow
    found = np.zeros(len(counts), np.int64)
    rows = momentum.tolist()
    first = 0
    for jet, many in enumerate(counts.tolist()):
        particles = [fastjet.PseudoJet(*row) for row in rows[first : first + many]]
        first += many
        sequence = fastjet._swig.ClusterSequence(particles, definition)
        branch = sequence.inclusive_jets()[0]
        one, other = fastjet.PseudoJet(), fastjet.PseudoJet()
        while branch.has_parents(one, other):
            pt = one.perp(), other.perp()
            wide = (one.delta_R(other) / radius) ** beta if beta else 1.0
            found[jet] += min(pt) > z_cut * wide * sum(pt)
            branch = fastjet.PseudoJet(one if pt[0] > pt[1] else other)
    return found
