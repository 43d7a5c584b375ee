"""The branches of JetClass's files, and what is made of them.

Derived variables are those of weaver's configuration ``JetClass_full.yaml``, under its names.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from jetlens.core.units import Feature

CLASSES = ("QCD", "Hbb", "Hcc", "Hgg", "H4q", "Hqql", "Zqq", "Wqq", "Tbqq", "Tbl")
"""In the order of the files' ``label_`` branches."""

LABEL, PART, PARTON = "label_", "part_", "jetlens_parton_"
"""What names of branches begin with."""

EVENT = "jetlens_event"
"""The branch of event numbers; JetClass has none."""

COMPONENTS = ("px", "py", "pz", "energy", "pid")
"""Branches of the prongs' partons, after `PARTON`; JetClass has none."""

JETS = (
    Feature("jet_pt", "GeV", r"$p_T^\mathrm{jet}$"),
    Feature("jet_eta", "", r"$\eta^\mathrm{jet}$"),
    Feature("jet_phi", "rad", r"$\phi^\mathrm{jet}$"),
    Feature("jet_energy", "GeV", r"$E^\mathrm{jet}$"),
    Feature("jet_nparticles", "", r"$n$"),
    Feature("jet_sdmass", "GeV", r"$m_\mathrm{SD}$"),
    *(Feature(f"jet_tau{n}", "", rf"$\tau_{n}$") for n in (1, 2, 3, 4)),
)
"""Variables of a jet."""

KINDS = ("ChargedHadron", "NeutralHadron", "Photon", "Electron", "Muon")
"""Kinds of particles; each is of one."""

_KIND_LABELS = ("Charged hadron", "Neutral hadron", "Photon", "Electron", "Muon")

PARTICLES = (
    Feature("part_px", "GeV", r"$p_x$"),
    Feature("part_py", "GeV", r"$p_y$"),
    Feature("part_pz", "GeV", r"$p_z$"),
    Feature("part_energy", "GeV", r"$E$"),
    Feature("part_deta", "", r"$\Delta\eta$"),
    Feature("part_dphi", "rad", r"$\Delta\phi$"),
    Feature("part_d0val", "mm", r"$d_0$"),
    Feature("part_d0err", "mm", r"$\sigma(d_0)$"),
    Feature("part_dzval", "mm", r"$d_z$"),
    Feature("part_dzerr", "mm", r"$\sigma(d_z)$"),
    Feature("part_charge", "", r"$q$"),
    *(Feature(f"part_is{k}", "", n) for k, n in zip(KINDS, _KIND_LABELS, strict=True)),
)
"""Variables of a particle that files hold. ``part_deta`` has the opposite sign in jets of negative
eta, so that it points away from the beam's middle in all."""

PARTONS = (
    Feature("pt", "GeV", r"$p_T$"),
    Feature("deta", "", r"$\Delta\eta$"),
    Feature("dphi", "rad", r"$\Delta\phi$"),
)
"""Variables of a parton; ``deta`` has the sign of ``part_deta``."""

AUXILIARY = tuple(f"aux_{n}" for n in ("genpart_eta", "genpart_phi", "genpart_pid", "genpart_pt"))
AUXILIARY = (*AUXILIARY, "aux_truth_match")
"""Truth of a jet: the generated particle that it comes from, and JetClass's number of its decay."""

Columns = Mapping[str, NDArray[Any]]


class Derived(NamedTuple):
    """A variable of particles that files do not hold."""

    feature: Feature
    needs: tuple[str, ...]
    """Branches that it is made of; those of jets are spread over their particles."""
    formula: Callable[..., NDArray[np.float64]]


def _log_ratio(
    x: NDArray[np.float64], y: NDArray[np.float64], jet: NDArray[np.float64]
) -> NDArray[np.float64]:
    return np.log(np.hypot(x, y) / jet)


DERIVED = {
    d.feature.name: d
    for d in (
        Derived(Feature("part_pt", "GeV", r"$p_T$"), ("part_px", "part_py"), np.hypot),
        Derived(
            Feature("part_pt_log", "", r"$\log(p_T/\mathrm{GeV})$"),
            ("part_px", "part_py"),
            lambda x, y: np.log(np.hypot(x, y)),
        ),
        Derived(Feature("part_e_log", "", r"$\log(E/\mathrm{GeV})$"), ("part_energy",), np.log),
        Derived(
            Feature("part_logptrel", "", r"$\log(p_T/p_T^\mathrm{jet})$"),
            ("part_px", "part_py", "jet_pt"),
            _log_ratio,
        ),
        Derived(
            Feature("part_logerel", "", r"$\log(E/E^\mathrm{jet})$"),
            ("part_energy", "jet_energy"),
            lambda e, jet: np.log(e / jet),
        ),
        Derived(Feature("part_deltaR", "", r"$\Delta R$"), ("part_deta", "part_dphi"), np.hypot),
        Derived(Feature("part_d0", "", r"$\tanh d_0$"), ("part_d0val",), np.tanh),
        Derived(Feature("part_dz", "", r"$\tanh d_z$"), ("part_dzval",), np.tanh),
    )
}
"""By name, as weaver derives them."""
