"""Expert variables of large jets: each with its unit, its range and the paper that defines it.

They augment what a network sees of the particles (arXiv:2011.13466). Each is finite whatever a jet
is made of. Without a splitting that passes the groomer, z_g, R_g and the softer prong's pt and mass
are 0, and that prong points where the other one does; a ratio is 0 where its denominator is.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from jetlens.core.units import Feature
from jetlens.physics import jet_shapes
from jetlens.physics.grooming import Groomed, soft_drop
from jetlens.physics.jet_shapes import KAPPA, Constituents
from jetlens.physics.kinematics import delta_phi, delta_r, eta_of, mass_of
from jetlens.physics.substructure import correlators, n_subjettiness, ratio

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

INF = np.inf


class Variable(NamedTuple):
    """One expert variable."""

    feature: Feature
    low: float
    """The least value that it can have."""
    high: float
    """The largest."""
    meaning: str
    paper: str


def _row(
    name: str, unit: str, label: str, low: float, high: float, meaning: str, paper: str = ""
) -> Variable:
    return Variable(Feature(name, unit, label), low, high, meaning, paper)


_DROP, _MMDT = "arXiv:1402.2657", "arXiv:1307.0007"
_TAU, _ECF = "arXiv:1011.2268", "arXiv:1609.07483"

TABLE = (
    _row("pt", "GeV", r"$p_T$", 0, INF, "transverse momentum"),
    _row("eta", "", r"$\eta$", -INF, INF, "pseudorapidity"),
    _row("mass", "GeV", r"$m$", 0, INF, "mass of all particles"),
    _row("sdmass", "GeV", r"$m_\mathrm{SD}$", 0, INF, "groomed mass", _MMDT),
    _row("sdpt", "GeV", r"$p_T^\mathrm{SD}$", 0, INF, "groomed transverse momentum", _MMDT),
    _row("zg", "", r"$z_g$", 0, 0.5, "pt share of the softer prong", _DROP),
    _row("rg", "", r"$R_g$", 0, INF, "distance of the prongs (rapidity, azimuth)", _DROP),
    _row("tau1", "", r"$\tau_1$", 0, INF, "1-subjettiness, beta = 1, axes: kt and one pass", _TAU),
    _row("tau2", "", r"$\tau_2$", 0, INF, "2-subjettiness", _TAU),
    _row("tau3", "", r"$\tau_3$", 0, INF, "3-subjettiness", _TAU),
    _row("tau4", "", r"$\tau_4$", 0, INF, "4-subjettiness", _TAU),
    _row("tau21", "", r"$\tau_{21}$", 0, INF, "tau2 / tau1", _TAU),
    _row("tau32", "", r"$\tau_{32}$", 0, INF, "tau3 / tau2", _TAU),
    _row("tau43", "", r"$\tau_{43}$", 0, INF, "tau4 / tau3", _TAU),
    _row("c2", "", r"$C_2$", 0, INF, "e3 / e2^2, beta = 1", "arXiv:1305.0007"),
    _row("d2", "", r"$D_2$", 0, INF, "e3 / e2^3, beta = 1", "arXiv:1409.6298"),
    _row("n2", "", r"$N_2$", 0, INF, "2e3 / e2^2, beta = 1", _ECF),
    _row("multiplicity", "", r"$n$", 1, INF, "number of particles"),
    _row("ptd", "", r"$p_T^D$", 0, 1, "sqrt(sum pt^2) / sum pt", "CMS-PAS-JME-13-002"),
    _row("girth", "", r"$g$", 0, INF, "sum of pt dR over the jet's pt", "arXiv:1106.3076"),
    _row(
        "jet_charge",
        "",
        r"$Q_\kappa$",
        -INF,
        INF,
        f"sum of charge times (pt / jet pt)^{KAPPA}",
        "arXiv:1209.2421",
    ),
    _row("subjet1_pt", "GeV", r"$p_T^{(1)}$", 0, INF, "harder prong's pt", _DROP),
    _row("subjet2_pt", "GeV", r"$p_T^{(2)}$", 0, INF, "softer prong's pt", _DROP),
    _row("subjet1_mass", "GeV", r"$m^{(1)}$", 0, INF, "harder prong's mass", _DROP),
    _row("subjet2_mass", "GeV", r"$m^{(2)}$", 0, INF, "softer prong's mass", _DROP),
    _row("subjet1_deta", "", r"$\Delta\eta^{(1)}$", -INF, INF, "harder prong from the jet", _DROP),
    _row("subjet1_dphi", "rad", r"$\Delta\phi^{(1)}$", -np.pi, np.pi, "the same", _DROP),
    _row("subjet2_deta", "", r"$\Delta\eta^{(2)}$", -INF, INF, "softer prong from the jet", _DROP),
    _row("subjet2_dphi", "rad", r"$\Delta\phi^{(2)}$", -np.pi, np.pi, "the same", _DROP),
)
"""Every expert variable, in the order of the table that holds them."""

FEATURES = tuple(v.feature for v in TABLE)


class Axes(NamedTuple):
    """Where jets and prongs point; a missing prong points where the other does."""

    pt: Floats
    """``[jet]``, as are eta and phi."""
    eta: Floats
    phi: Floats
    prong_eta: Floats
    """``[jet, prong]``."""
    prong_phi: Floats
    """``[jet, prong]``."""

    def from_prong(self, k: int, eta: Floats, phi: Floats, jet: Ints) -> Floats:
        """Return the distances of particles of these jets ``[particle]`` from prong `k`."""
        return delta_r(eta, phi, self.prong_eta[jet, k], self.prong_phi[jet, k])


def axes(momentum: Floats, counts: Ints, groomed: Groomed) -> Axes:
    """Return the directions of jets and prongs.

    Parameters
    ----------
    momentum
        ``[particle, (px, py, pz, E)]`` in GeV, jet by jet.
    counts
        Particles of each jet, at least one.
    groomed
        The groomed jets.
    """
    px, py, pz, _ = total(momentum, counts).T
    there = np.hypot(groomed.prongs[:, 1, 0], groomed.prongs[:, 1, 1]) > 0
    prongs = groomed.prongs.copy()
    prongs[~there, 1] = prongs[~there, 0]
    return Axes(
        pt=np.hypot(px, py),
        eta=eta_of(px, py, pz),
        phi=np.arctan2(py, px),
        prong_eta=eta_of(prongs[..., 0], prongs[..., 1], prongs[..., 2]),
        prong_phi=np.arctan2(prongs[..., 1], prongs[..., 0]),
    )


def expert_variables(
    momentum: Floats,
    counts: Ints,
    charge: Floats,
    *,
    radius: float = 0.8,
    groomed: Groomed | None = None,
) -> dict[str, Floats]:
    """Return the variables of `TABLE` by name, each ``[jet]``.

    Parameters
    ----------
    momentum
        ``[particle, (px, py, pz, E)]`` in GeV, jet by jet.
    counts
        Particles of each jet, at least one.
    charge
        ``[particle]`` in units of the proton's.
    radius
        The jets' radius.
    groomed
        The groomed jets; left out, by the modified mass drop with z > 0.1.
    """
    if groomed is None:
        groomed = soft_drop(momentum, counts, radius=radius)
    where = axes(momentum, counts, groomed)
    particles = Constituents.of(momentum, counts, charge)
    tau = n_subjettiness(momentum, counts, radius=radius)
    shape = correlators(momentum, counts)
    prong_pt = np.hypot(groomed.prongs[..., 0], groomed.prongs[..., 1])
    prong_mass = mass_of(groomed.prongs)
    found: dict[str, Floats] = {
        "pt": where.pt,
        "eta": where.eta,
        "mass": jet_shapes.mass(particles),
        "sdmass": groomed.mass,
        "sdpt": np.hypot(groomed.momentum[:, 0], groomed.momentum[:, 1]),
        "zg": groomed.zg,
        "rg": groomed.rg,
        "tau21": ratio(tau[:, 1], tau[:, 0]),
        "tau32": ratio(tau[:, 2], tau[:, 1]),
        "tau43": ratio(tau[:, 3], tau[:, 2]),
        "c2": shape.c2,
        "d2": shape.d2,
        "n2": shape.n2,
        "multiplicity": jet_shapes.multiplicity(particles),
        "ptd": jet_shapes.ptd(particles),
        "girth": jet_shapes.width(particles),
        "jet_charge": jet_shapes.charge(particles),
    }
    for n in range(4):
        found[f"tau{n + 1}"] = tau[:, n]
    for k in range(2):
        name = f"subjet{k + 1}"
        found[f"{name}_pt"], found[f"{name}_mass"] = prong_pt[:, k], prong_mass[:, k]
        found[f"{name}_deta"] = where.prong_eta[:, k] - where.eta
        found[f"{name}_dphi"] = delta_phi(where.prong_phi[:, k], where.phi)
    return {f.name: found[f.name] for f in FEATURES}


def total(momentum: Floats, counts: Ints) -> Floats:
    """Return the sums of the particles' momenta, ``[jet, 4]``."""
    jet = np.repeat(np.arange(len(counts)), counts)
    return np.stack([np.bincount(jet, p, minlength=len(counts)) for p in momentum.T], axis=1)
