"""Sequential recombination of particles with FastJet, many jets at a time (arXiv:1111.6097)."""

from __future__ import annotations

import warnings
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from jetlens.physics.groups import places

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

WHOLE = 1000.0
"""A radius that puts all particles into one jet."""


class Found(NamedTuple):
    """Jets of a batch of events, and which particles are theirs."""

    event: Ints
    """``[jet]``, not decreasing."""
    size: Ints
    """Number of particles ``[jet]``, at least one."""
    particle: Ints
    """Rows of the particles ``[constituent]``, jet by jet."""

    def take(self, which: NDArray[np.bool_] | Ints) -> Found:
        """Return some of the jets, or all in another order."""
        rows = np.arange(len(self.size))[which]
        size = self.size[rows]
        first = (np.cumsum(self.size) - self.size)[rows]
        return Found(self.event[rows], size, self.particle[np.repeat(first, size) + places(size)])


def anti_kt(momentum: Floats, counts: Ints, *, radius: float, pt_min: float) -> Found:
    """Find jets with the anti-kt algorithm (arXiv:0802.1189), and their particles.

    Parameters
    ----------
    momentum
        ``[particle, (px, py, pz, E)]`` in GeV, event by event.
    counts
        Number of particles of each event.
    radius
        The algorithm's radius.
    pt_min
        Jets below are left out, in GeV.
    """
    import fastjet

    return inclusive(momentum, counts, fastjet.antikt_algorithm, radius, pt_min)


def inclusive(
    momentum: Floats, counts: Ints, algorithm: Any, radius: float, pt_min: float
) -> Found:
    """Find jets with any of FastJet's algorithms, and their particles; else as `anti_kt`."""
    import awkward as ak

    clustered = sequence(momentum, counts, algorithm, radius)
    index = clustered.constituent_index(min_pt=pt_min)
    event = np.repeat(np.arange(len(counts)), ak.to_numpy(ak.num(index)))
    within = ak.flatten(index)
    size = ak.to_numpy(ak.num(within)).astype(np.int64)
    first = np.concatenate([[0], np.cumsum(counts)])[event]
    particle = ak.to_numpy(ak.flatten(within)).astype(np.int64) + np.repeat(first, size)
    return Found(event, size, particle)


def sequence(momentum: Floats, counts: Ints, algorithm: Any, radius: float = WHOLE) -> Any:
    """Return FastJet's cluster sequence of several sets of particles.

    Parameters
    ----------
    momentum
        ``[particle, (px, py, pz, E)]``, set by set.
    counts
        Number of particles of each set.
    algorithm
        One of FastJet's.
    radius
        The algorithm's radius; left out, all particles of a set become one jet.
    """
    import awkward as ak
    import fastjet
    import vector

    vector.register_awkward()
    # FastJet greets on stdout, which belongs to whoever called
    fastjet._swig.ClusterSequence.set_fastjet_banner_stream(None)
    px, py, pz, energy = np.ascontiguousarray(momentum.T)
    flat = ak.zip({"px": px, "py": py, "pz": pz, "E": energy}, with_name="Momentum4D")
    return fastjet.ClusterSequence(
        ak.unflatten(flat, counts), fastjet.JetDefinition(algorithm, radius)
    )


def subjets(clustered: Any, most: int) -> tuple[Floats, Ints]:
    """Return the exclusive subjets of each set: momenta ``[subjet, 4]``, and how many each has."""
    import awkward as ak

    with warnings.catch_warnings():
        # FastJet's Python layer warns of exclusive jets whatever the algorithm
        warnings.simplefilter("ignore", UserWarning)
        found = clustered.exclusive_jets_up_to(n_jets=most)
    flat = ak.flatten(found)
    momentum = np.stack([ak.to_numpy(flat[k]) for k in ("px", "py", "pz", "E")], axis=1)
    return momentum.astype(np.float64), ak.to_numpy(ak.num(found)).astype(np.int64)
