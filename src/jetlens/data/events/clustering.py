"""Jets: anti-kt clustering, and which jet a thing is nearest to."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from jetlens.physics.clustering import sequence
from jetlens.physics.kinematics import delta_phi, eta_of, mass_of

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class Jets(NamedTuple):
    """Jets of a batch of events in the order of events, each ``[jet]``; GeV."""

    event: Ints
    pt: Floats
    eta: Floats
    phi: Floats
    mass: Floats

    def take(self, rows: NDArray[np.bool_] | Ints) -> Jets:
        """Return some of the jets."""
        event, pt, eta, phi, mass = self
        return Jets(event[rows], pt[rows], eta[rows], phi[rows], mass[rows])


def directions(event: Ints, momentum: Floats) -> Jets:
    """Return where jets of these events ``[jet]`` and momenta ``[jet, 4]`` point."""
    px, py, pz, _ = momentum.T
    return Jets(event, np.hypot(px, py), eta_of(px, py, pz), np.arctan2(py, px), mass_of(momentum))


def anti_kt(event: Ints, momentum: Floats, events: int, radius: float, pt_min: float) -> Jets:
    """Cluster particles with the anti-kt algorithm (arXiv:0802.1189).

    Parameters
    ----------
    event
        Index of each particle's event, not decreasing, ``[particle]``.
    momentum
        ``[particle, (px, py, pz, E)]`` in GeV.
    events
        Number of events.
    radius
        The algorithm's radius.
    pt_min
        Jets below are left out, in GeV.
    """
    import awkward as ak
    import fastjet

    counts = np.bincount(event, minlength=events)
    clustered = sequence(momentum, counts, fastjet.antikt_algorithm, radius)
    found = clustered.inclusive_jets(min_pt=pt_min)
    jets = ak.flatten(found)
    x, y, z, e = (ak.to_numpy(jets[k]).astype(np.float64) for k in ("px", "py", "pz", "E"))
    pt = np.hypot(x, y)
    return Jets(
        event=np.repeat(np.arange(events), ak.to_numpy(ak.num(found))),
        pt=pt,
        eta=eta_of(x, y, z),
        phi=np.arctan2(y, x),
        mass=np.sqrt(np.maximum(e**2 - pt**2 - z**2, 0.0)),
    )


def nearest(event: Ints, eta: Floats, phi: Floats, jets: Jets, events: int) -> tuple[Ints, Floats]:
    """Find the jet of the same event that each thing is nearest to.

    Parameters
    ----------
    event, eta, phi
        Event and direction of each thing, ``[thing]``.
    jets
        Jets in the order of events.
    events
        Number of events.

    Returns
    -------
    The jet's row and the distance; -1 and infinity where the event has no jet.
    """
    starts = np.searchsorted(jets.event, np.arange(events + 1))
    count = (starts[1:] - starts[:-1])[event]
    row = np.full(len(event), -1, dtype=np.int64)
    distance = np.full(len(event), np.inf)
    for i in range(int(count.max(initial=0))):
        some = np.flatnonzero(count > i)
        jet = starts[event[some]] + i
        dr = np.hypot(eta[some] - jets.eta[jet], delta_phi(phi[some], jets.phi[jet]))
        closer = dr < distance[some]
        row[some[closer]], distance[some[closer]] = jet[closer], dr[closer]
    return row, distance
