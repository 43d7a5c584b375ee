"""Shapes of jets that tell quarks from gluons, from their constituents alone.

All of them stay the same when the jet is boosted along the beam or turned about it, so that angles
may be those to any axis.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from jetlens.core.units import Feature
from jetlens.physics.declustering import soft_drop_multiplicity
from jetlens.physics.kinematics import delta_r, mass_of, momentum_of, rapidity_of
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


def width(jets: Constituents) -> Floats:
    """Return the width (girth): the pt-weighted mean distance to the axis (arXiv:1106.3076).

    The axis is the direction of the summed four-momenta.
    """
    px, py, pz, energy = jets.sums(jets.momentum).T
    eta, phi = (np.repeat(v, jets.counts) for v in (rapidity_of(pz, energy), np.arctan2(py, px)))
    return _mean(jets, delta_r(jets.rapidity, jets.phi, eta, phi))


def ptd(jets: Constituents) -> Floats:
    """Return p_T D = sqrt(sum pt^2) / sum pt, 1 of a single particle (CMS-PAS-JME-13-002)."""
    return ratio(np.sqrt(jets.sums(jets.pt**2)), jets.sums(jets.pt))


def mass(jets: Constituents) -> Floats:
    """Return the mass of the summed four-momenta, in GeV."""
    return mass_of(jets.sums(jets.momentum))


def charge(jets: Constituents, kappa: float = KAPPA) -> Floats:
    """Return the jet's charge: sum of q pt^kappa, over (sum pt)^kappa (arXiv:1209.2421)."""
    assert jets.charge is not None
    return ratio(jets.sums(jets.charge * jets.pt**kappa), jets.sums(jets.pt) ** kappa)


def _mean(jets: Constituents, values: Floats) -> Floats:
    return ratio(jets.sums(jets.pt * values), jets.sums(jets.pt))


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
