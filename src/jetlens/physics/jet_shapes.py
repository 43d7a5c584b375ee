"""Shapes of jets from their constituents alone: what tells quarks from gluons, and prongs.

All of them stay the same when the jet is boosted along the beam or turned about it, so that angles
may be those to any axis. The axis is the direction of the summed four-momenta, and the jet's pt is
that of the sum.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from jetlens.core.units import Feature
from jetlens.physics.declustering import soft_drop_multiplicity
from jetlens.physics.kinematics import delta_r, eta_of, mass_of, momentum_of, rapidity_of
from jetlens.physics.substructure import n_subjettiness, ratio

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

KAPPA = 0.5
"""The power of pt in the jet's charge."""


class Constituents(NamedTuple):
    """The particles of jets, jet by jet, each ``[particle]``; every jet has one at least."""

    counts: Ints
    """Particles of each jet ``[jet]``."""
    pt: Floats
    """GeV."""
    rapidity: Floats
    phi: Floats
    mass: Floats
    """GeV."""
    charge: Floats | None = None
    """In units of the proton's, where it is known."""

    @classmethod
    def of(cls, momentum: Floats, counts: Ints, charge: Floats | None = None) -> Constituents:
        """Return particles of ``[particle, (px, py, pz, E)]`` in GeV."""
        px, py, pz, _ = momentum.T
        pt, mass = np.hypot(px, py), mass_of(momentum)
        # along the beam it is very large rather than infinite
        rapidity = eta_of(np.hypot(pt, mass), np.zeros_like(pt), pz)
        return cls(counts, pt, rapidity, np.arctan2(py, px), mass, charge)

    @property
    def momentum(self) -> Floats:
        """``[particle, (px, py, pz, E)]`` in GeV."""
        return momentum_of(self.pt, self.rapidity, self.phi, self.mass)

    def sums(self, values: Floats) -> Floats:
        """Sum values ``[particle, ...]`` over each jet's particles ``[jet, ...]``."""
        found: Floats = np.add.reduceat(values, np.cumsum(self.counts) - self.counts, axis=0)
        return found


def multiplicity(jets: Constituents, above: float = 0.0) -> Floats:
    """Return how many particles have more pt than `above`, in GeV."""
    return jets.sums((jets.pt > above).astype(np.float64))


def pt(jets: Constituents) -> Floats:
    """Return the transverse momentum of the jet, in GeV."""
    px, py, *_ = jets.sums(jets.momentum).T
    found: Floats = np.hypot(px, py)
    return found


def width(jets: Constituents) -> Floats:
    """Return the width (girth): sum of pt dR from the axis, over the jet's pt (arXiv:1106.3076).

    Distances are in rapidity and azimuth.
    """
    px, py, pz, energy = jets.sums(jets.momentum).T
    axis = (np.repeat(v, jets.counts) for v in (rapidity_of(pz, energy), np.arctan2(py, px)))
    distance = delta_r(jets.rapidity, jets.phi, *axis)
    return ratio(jets.sums(jets.pt * distance), np.hypot(px, py))


def ptd(jets: Constituents) -> Floats:
    """Return p_T D = sqrt(sum pt^2) / sum pt, 1 of a single particle (CMS-PAS-JME-13-002)."""
    return ratio(np.sqrt(jets.sums(jets.pt**2)), jets.sums(jets.pt))


def mass(jets: Constituents) -> Floats:
    """Return the mass of the summed four-momenta, in GeV."""
    return mass_of(jets.sums(jets.momentum))


def charge(jets: Constituents, kappa: float = KAPPA) -> Floats:
    """Return the jet's charge: sum of q pt^kappa, over its pt^kappa (arXiv:1209.2421)."""
    assert jets.charge is not None
    return ratio(jets.sums(jets.charge * jets.pt**kappa), pt(jets) ** kappa)


OBSERVABLES: dict[str, Feature] = {
    "multiplicity": Feature("multiplicity", label="Constituents"),
    "multiplicity_hard": Feature("multiplicity_hard", label="Constituents of higher pt"),
    "width": Feature("width", label="Width"),
    "ptd": Feature("ptd", label="$p_T D$"),
    "mass": Feature("mass", unit="GeV", label="Mass"),
    "tau1": Feature("tau1", label=r"$\tau_1$"),
    "tau2": Feature("tau2", label=r"$\tau_2$"),
    "tau21": Feature("tau21", label=r"$\tau_{21}$"),
    "charge": Feature("charge", label=r"Jet charge ($\kappa = 0.5$)"),
    "soft_drop": Feature("soft_drop", label="Soft drop emissions"),
}
"""Observables that are computed by `observables`, in this order."""

_SIMPLE: Mapping[str, Callable[[Constituents], Floats]] = {
    "multiplicity": multiplicity,
    "width": width,
    "ptd": ptd,
    "mass": mass,
    "charge": charge,
}


def observables(
    jets: Constituents, names: tuple[str, ...], *, hard: float = 1.0, radius: float = 0.4
) -> dict[str, Floats]:
    """Return observables of jets by name, each ``[jet]``.

    Parameters
    ----------
    jets
        The particles.
    names
        Of `OBSERVABLES`.
    hard
        From which pt on ``multiplicity_hard`` counts particles, in GeV.
    radius
        The jets' radius, by which N-subjettiness is divided.
    """
    found = {}
    subjets = {"tau1", "tau2", "tau21"} & set(names)
    tau = n_subjettiness(jets.momentum, jets.counts, most=2, radius=radius) if subjets else None
    for name in names:
        if tau is not None and name in subjets:
            one, two = tau.T
            found[name] = {"tau1": one, "tau2": two, "tau21": ratio(two, one)}[name]
        elif name == "multiplicity_hard":
            found[name] = multiplicity(jets, hard)
        elif name == "soft_drop":
            found[name] = soft_drop_multiplicity(jets.momentum, jets.counts).astype(np.float64)
        else:
            found[name] = _SIMPLE[name](jets)
    return found
