"""The 17 variables of a particle in a large jet (arXiv:2011.13466)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from jetlens.core.units import Feature
from jetlens.data.detector.collisions import charge_of
from jetlens.data.events.generator import EventRecord
from jetlens.data.tables.columns import described
from jetlens.physics import xaug
from jetlens.physics.helix import to_perigee
from jetlens.physics.impact import d0_sign, z0_sign
from jetlens.physics.kinematics import delta_phi, eta_of

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

CONSTITUENTS = (
    Feature("log_pt", "", r"$\log(p_T/\mathrm{GeV})$"),
    Feature("log_pt_rel", "", r"$\log(p_T/p_T^\mathrm{jet})$"),
    Feature("log_e", "", r"$\log(E/\mathrm{GeV})$"),
    Feature("abs_eta", "", r"$|\eta|$"),
    Feature("dphi", "rad", r"$\Delta\phi$"),
    Feature("deta", "", r"$\Delta\eta$"),
    Feature("dr", "", r"$\Delta R$"),
    Feature("dr_subjet1", "", r"$\Delta R^{(1)}$"),
    Feature("dr_subjet2", "", r"$\Delta R^{(2)}$"),
    Feature("charge", "", r"$q$"),
    Feature("is_muon", "", "Muon"),
    Feature("is_electron", "", "Electron"),
    Feature("is_photon", "", "Photon"),
    Feature("is_charged_hadron", "", "Charged hadron"),
    Feature("is_neutral_hadron", "", "Neutral hadron"),
    Feature("d_xy", "mm", r"$d_{xy}$"),
    Feature("d_z", "mm", r"$d_z$"),
)
"""The 17 variables of a particle (arXiv:2011.13466)."""

CONSTITUENT_TYPE = np.dtype([*map(described, CONSTITUENTS), ("valid", np.dtype("?"))])


CHARGED_HADRON, NEUTRAL_HADRON, PHOTON, ELECTRON, MUON = range(5)
"""Kinds of visible particles."""


def kinds(pdg: NDArray[np.int32]) -> Ints:
    """Return the kinds ``[particle]`` of visible final particles of these numbers."""
    number = np.abs(pdg)
    named = [number == 13, number == 11, number == 22, charge_of(pdg) != 0]
    return np.select(named, [MUON, ELECTRON, PHOTON, CHARGED_HADRON], NEUTRAL_HADRON)


def variables(
    record: EventRecord, rows: Ints, momentum: Floats, charge: Floats, where: xaug.Axes, jet: Ints
) -> dict[str, NDArray[Any]]:
    """Return the variables of `CONSTITUENTS` by name, each ``[constituent]``.

    Parameters
    ----------
    record
        Generated events.
    rows, momentum, charge
        The particles: where they are in the record, momenta ``[constituent, 4]``, charges.
    where
        Directions of the jets.
    jet
        Each particle's jet.
    """
    px, py, pz, energy = momentum.T
    pt, eta, phi = np.hypot(px, py), eta_of(px, py, pz), np.arctan2(py, px)
    deta, dphi = eta - where.eta[jet], delta_phi(phi, where.phi[jet])
    prong = [where.from_prong(k, eta, phi, jet) for k in range(2)]
    kind = kinds(record.pdg[rows])
    d_xy, d_z = np.zeros(len(rows)), np.zeros(len(rows))
    tracks = np.flatnonzero(charge != 0)
    # the jet's own axis lies between the prongs: what decays in flight does so along one of them
    along = (jet[tracks], (prong[1] < prong[0])[tracks].astype(np.int64))
    perigee = to_perigee(
        record.vertex[rows[tracks]],
        momentum[tracks, :3],
        charge[tracks],
        np.zeros((len(tracks), 3)),
    )
    d_xy[tracks] = np.abs(perigee.d0) * d0_sign(perigee.d0, perigee.phi, where.prong_phi[along])
    d_z[tracks] = np.abs(perigee.z0) * z0_sign(perigee.z0, eta[tracks], where.prong_eta[along])
    return {
        "log_pt": np.log(pt),
        "log_pt_rel": np.log(pt / where.pt[jet]),
        "log_e": np.log(energy),
        "abs_eta": np.abs(eta),
        "dphi": dphi,
        "deta": deta,
        "dr": np.hypot(deta, dphi),
        "dr_subjet1": prong[0],
        "dr_subjet2": prong[1],
        "charge": charge,
        "is_muon": kind == MUON,
        "is_electron": kind == ELECTRON,
        "is_photon": kind == PHOTON,
        "is_charged_hadron": kind == CHARGED_HADRON,
        "is_neutral_hadron": kind == NEUTRAL_HADRON,
        "d_xy": d_xy,
        "d_z": d_z,
    }
