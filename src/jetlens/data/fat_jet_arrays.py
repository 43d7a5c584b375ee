"""From generated events to tables of large jets at particle level, and of their particles."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from jetlens.core.units import Feature
from jetlens.data.clustering import Jets, nearest
from jetlens.data.collisions import charge_of
from jetlens.data.columns import classes_column, described, numbered
from jetlens.data.generator import NONE, EventRecord
from jetlens.physics import clustering, xaug
from jetlens.physics.grooming import Groomed, soft_drop
from jetlens.physics.helix import to_perigee
from jetlens.physics.impact import d0_sign, z0_sign
from jetlens.physics.kinematics import delta_phi, eta_of, mass_of

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

MOST = 100
"""Particles of a jet that are kept, the hardest first."""

INVISIBLE = (12, 14, 16)

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


class Cuts(NamedTuple):
    """Which jets are kept; GeV."""

    radius: float
    pt_min: float
    pt_max: float
    eta_max: float
    mass: tuple[float, float]
    """Of the groomed jet."""


class FatJets(NamedTuple):
    """Selected jets of a batch of events."""

    event: Ints
    """``[jet]``."""
    size: Ints
    """Particles ``[jet]``."""
    particle: Ints
    """Rows in the event record, ``[constituent]``, jet by jet."""
    groomed: Groomed

    def __len__(self) -> int:
        return len(self.event)


def empty(jets: int, classes: tuple[str, ...]) -> dict[str, NDArray[np.void]]:
    """Return the tables of so many jets, filled with zeros."""
    columns = [
        *map(described, xaug.FEATURES),
        classes_column(numbered(classes)),
        ("eventNumber", np.dtype("i8")),
    ]
    return {
        "jets": np.zeros(jets, dtype=np.dtype(columns)),
        "constituents": np.zeros((jets, MOST), dtype=CONSTITUENT_TYPE),
    }


def find(record: EventRecord, cuts: Cuts, match: int | None) -> FatJets:
    """Cluster the visible final particles and keep the jets that pass the cuts.

    Parameters
    ----------
    record
        Generated events.
    cuts
        Which jets are kept.
    match
        Number of a particle, the last copy of which, or of its antiparticle, has to be nearer to
        the jet than to any other of its event, and within the jet's radius; None: all jets.
    """
    px, py, pz, _ = record.momentum.T
    reach = np.sinh(cuts.eta_max + 2 * cuts.radius)  # no particle of a kept jet lies beyond
    seen = (record.status > 0) & (np.abs(pz) < reach * np.hypot(px, py))
    row = np.flatnonzero(seen & ~np.isin(np.abs(record.pdg), INVISIBLE))
    momentum = record.momentum[row]
    found = clustering.anti_kt(
        momentum,
        np.bincount(record.event[row], minlength=record.events),
        radius=cuts.radius,
        pt_min=cuts.pt_min,
    )
    jets = _jets(found.event, xaug.total(momentum[found.particle], found.size))
    kept = (jets.pt < cuts.pt_max) & (np.abs(jets.eta) < cuts.eta_max)
    kept &= jets.mass >= cuts.mass[0]  # grooming takes mass away, never adds to it
    if match is not None:
        kept &= matched(record, jets, match, cuts.radius)
    some = _take(found, kept)
    groomed = soft_drop(momentum[some.particle], some.size, radius=cuts.radius)
    inside = (groomed.mass > cuts.mass[0]) & (groomed.mass < cuts.mass[1])
    last = _take(some, inside)
    return FatJets(
        last.event, last.size, row[last.particle], Groomed(*(g[inside] for g in groomed))
    )


def to_arrays(
    record: EventRecord, jets: FatJets, radius: float, classes: tuple[str, ...]
) -> dict[str, NDArray[np.void]]:
    """Return the tables ``jets`` ``[jet]`` and ``constituents`` ``[jet, 100]``; labels are 0.

    Parameters
    ----------
    record
        Generated events.
    jets
        Jets of theirs.
    radius
        The jets' radius.
    classes
        The classes' names.
    """
    rows = jets.particle
    momentum = record.momentum[rows]
    charge = charge_of(record.pdg[rows]).astype(np.float64)
    found = xaug.expert_variables(momentum, jets.size, charge, radius=radius, groomed=jets.groomed)
    tables = empty(len(jets), classes)
    table, particles = tables["jets"], tables["constituents"]
    for name, values in found.items():
        table[name] = values
    table["eventNumber"] = jets.event
    where = xaug.axes(momentum, jets.size, jets.groomed)
    jet = np.repeat(np.arange(len(jets)), jets.size)
    pt = np.hypot(momentum[:, 0], momentum[:, 1])
    order = np.lexsort((-pt, jet))
    place = np.arange(len(jet)) - np.repeat(np.cumsum(jets.size) - jets.size, jets.size)
    order, place = order[place < MOST], place[place < MOST]
    jet = jet[order]
    columns = variables(record, rows[order], momentum[order], charge[order], where, jet)
    for name, values in columns.items():
        particles[name][jet, place] = values
    particles["valid"][jet, place] = True
    return tables


def variables(
    record: EventRecord, rows: Ints, momentum: Floats, charge: Floats, where: xaug.Axes, jet: Ints
) -> dict[str, Floats]:
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
    prong = [
        np.hypot(eta - where.prong_eta[jet, k], delta_phi(phi, where.prong_phi[jet, k]))
        for k in range(2)
    ]
    number = np.abs(record.pdg[rows])
    charged = charge != 0
    lepton_or_photon = np.isin(number, (11, 13, 22))
    d_xy, d_z = np.zeros(len(rows)), np.zeros(len(rows))
    tracks = np.flatnonzero(charged)
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
        "is_muon": (number == 13).astype(np.float64),
        "is_electron": (number == 11).astype(np.float64),
        "is_photon": (number == 22).astype(np.float64),
        "is_charged_hadron": (charged & ~lepton_or_photon).astype(np.float64),
        "is_neutral_hadron": (~charged & ~lepton_or_photon).astype(np.float64),
        "d_xy": d_xy,
        "d_z": d_z,
    }


def _jets(event: Ints, momentum: Floats) -> Jets:
    px, py, pz, _ = momentum.T
    return Jets(event, np.hypot(px, py), eta_of(px, py, pz), np.arctan2(py, px), mass_of(momentum))


def _take(found: clustering.Found, kept: NDArray[np.bool_]) -> clustering.Found:
    return clustering.Found(
        found.event[kept], found.size[kept], found.particle[np.repeat(kept, found.size)]
    )


def matched(record: EventRecord, jets: Jets, match: int, radius: float) -> NDArray[np.bool_]:
    """Say which jets a last copy of the particle lies in."""
    copies = np.abs(record.pdg) == match
    last = copies.copy()
    last[record.mother[copies & (record.mother != NONE)]] = False
    rows = np.flatnonzero(last)
    px, py, pz, _ = record.momentum[rows].T
    jet, distance = nearest(
        record.event[rows], eta_of(px, py, pz), np.arctan2(py, px), jets, record.events
    )
    found = np.zeros(len(jets.event), dtype=bool)
    found[jet[distance < radius]] = True
    return found
