"""Jets of JetClass's kinds as tables, and these as the branches of its files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jetlens.data.events.clustering import directions
from jetlens.data.events.generator import NONE, EventRecord
from jetlens.data.jetclass.flow import ELECTRON, MUON, NEUTRAL_HADRON, PHOTON
from jetlens.data.jetclass.jets import PRONGS, RADIUS, Kind, Selected
from jetlens.data.jetclass.truth import decay_number
from jetlens.data.readers.jetclass_files import Columns
from jetlens.data.readers.jetclass_variables import (
    AUXILIARY,
    CLASSES,
    COMPONENTS,
    EVENT,
    JETS,
    KINDS,
    LABEL,
    PART,
    PARTICLES,
    PARTON,
)
from jetlens.data.tables.columns import described
from jetlens.physics import xaug
from jetlens.physics.grooming import soft_drop
from jetlens.physics.groups import hardest
from jetlens.physics.kinematics import delta_phi, eta_of
from jetlens.physics.substructure import n_subjettiness

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Tables = dict[str, NDArray[np.void]]

MOST = 256
"""Places for particles, the hardest: of 4,600 jets of all kinds, the largest has 142."""

_JETS = np.dtype(
    [
        *map(described, JETS),
        *((name, np.dtype("f4")) for name in AUXILIARY),
        ("label", np.dtype("i8")),
        ("eventNumber", np.dtype("i8")),
    ]
)
_WHOLE = {PART + f"is{kind}" for kind in KINDS}  # branches of whole numbers
_PARTICLES = np.dtype(
    [
        *(described(f, "i4" if f.name in _WHOLE else "f4") for f in PARTICLES),
        ("valid", np.dtype("?")),
    ]
)
_PARTONS = np.dtype(
    [*((name, "i4" if name == "pid" else "f4") for name in COMPONENTS), ("valid", "?")]
)

# the types of JetClass's branches, which are as its own formulas left them
_LABELS = {"QCD": "f4", **dict.fromkeys(("Hbb", "Hcc", "Hgg", "H4q", "Hqql"), "?")}


def empty(jets: int) -> Tables:
    """Return the tables of so many jets, filled with zeros.

    ``jets`` ``[jet]``, ``constituents`` ``[jet, 256]``, ``partons`` ``[jet, 4]``.
    """
    return {
        "jets": np.zeros(jets, dtype=_JETS),
        "constituents": np.zeros((jets, MOST), dtype=_PARTICLES),
        "partons": np.zeros((jets, PRONGS), dtype=_PARTONS),
    }


def to_arrays(record: EventRecord, jets: Selected, kind: Kind) -> Tables:
    """Return the tables of jets, each one's particles in the order of pt; labels are 0.

    Parameters
    ----------
    record
        Generated events.
    jets
        Jets of theirs.
    kind
        Their kind.
    """
    some = jets.candidates[jets.particle]
    momentum = some["momentum"]
    total = xaug.total(momentum, jets.size)
    axis = directions(jets.event, total)
    tables = empty(len(jets))
    table = tables["jets"]
    table["eventNumber"] = jets.event
    tau = n_subjettiness(momentum, jets.size, most=4, radius=RADIUS)
    found = {
        "pt": axis.pt,
        "eta": axis.eta,
        "phi": axis.phi,
        "energy": total[:, 3],
        "nparticles": jets.size,
        "sdmass": soft_drop(momentum, jets.size, radius=RADIUS).mass,
        **{f"tau{n}": tau[:, n - 1] for n in (1, 2, 3, 4)},
    }
    for name, values in found.items():
        table[f"jet_{name}"] = values
    _fill_truth(tables, record, jets, kind)

    jet = np.repeat(np.arange(len(jets)), jets.size)
    pt = np.hypot(momentum[:, 0], momentum[:, 1])
    order, place = hardest(pt, jet, len(jets), most=MOST)
    jet = jet[order]
    for name, values in _variables(some[order], axis.eta[jet], axis.phi[jet]).items():
        tables["constituents"][PART + name][jet, place] = values
    tables["constituents"]["valid"][jet, place] = True
    return tables


def _variables(some: NDArray[np.void], eta: Floats, phi: Floats) -> dict[str, NDArray[Any]]:
    """Return the variables of candidates in jets that point there, by name without ``part_``."""
    px, py, pz, energy = some["momentum"].T
    d0, d0_error, dz, dz_error = some["impact"].T
    number, charge = np.abs(some["pid"]), some["charge"]
    outwards = np.where(eta > 0, 1.0, -1.0)
    kinds = {
        "ChargedHadron": (charge != 0) & ~np.isin(number, (ELECTRON, MUON)),
        "NeutralHadron": number == NEUTRAL_HADRON,
        "Photon": number == PHOTON,
        "Electron": number == ELECTRON,
        "Muon": number == MUON,
    }
    return {
        "px": px,
        "py": py,
        "pz": pz,
        "energy": energy,
        "deta": outwards * (eta_of(px, py, pz) - eta),
        "dphi": delta_phi(np.arctan2(py, px), phi),
        "d0val": d0,
        "d0err": d0_error,
        "dzval": dz,
        "dzerr": dz_error,
        "charge": charge,
        **{f"is{kind}": kinds[kind] for kind in KINDS},
    }


def _fill_truth(tables: Tables, record: EventRecord, jets: Selected, kind: Kind) -> None:
    """Fill in what jets come from: the resonance, and the partons of its decay."""
    jet = np.flatnonzero(jets.origin != NONE)
    origin = jets.origin[jet]
    resonance = jets.origins.resonance[origin]
    prong = np.full((len(jets), PRONGS), NONE)
    prong[jet] = jets.origins.prong[origin]
    real = prong != NONE
    partons, rows = tables["partons"], prong[real]
    for i, name in enumerate(COMPONENTS[:4]):
        partons[name][real] = record.momentum[rows, i]
    partons["pid"][real] = record.pdg[rows]
    partons["valid"] = real
    table = tables["jets"]
    table["aux_truth_match"] = decay_number(kind, partons["pid"])
    jet, resonance = jet[resonance != NONE], resonance[resonance != NONE]
    px, py, pz, _ = record.momentum[resonance].T
    named = {"eta": eta_of(px, py, pz), "phi": np.arctan2(py, px), "pt": np.hypot(px, py)}
    for name, values in {**named, "pid": record.pdg[resonance]}.items():
        table[f"aux_genpart_{name}"][jet] = values


def branches(tables: Mapping[str, NDArray[np.void]], classes: Sequence[str]) -> Columns:
    """Return tables as the branches of JetClass's files, in their order; then those of ours.

    Parameters
    ----------
    tables
        The tables.
    classes
        The names of the labels 0, 1, ...
    """
    jets, particles, partons = (tables[n] for n in ("jets", "constituents", "partons"))
    flat: dict[str, NDArray[Any]] = {
        f.name: particles[f.name][particles["valid"]] for f in PARTICLES
    }
    for name in CLASSES:
        of = jets["label"] == (classes.index(name) if name in classes else NONE)
        flat[LABEL + name] = of.astype(_LABELS.get(name, "i4"))
    flat |= {
        name: np.ascontiguousarray(jets[name]) for name in (*(f.name for f in JETS), *AUXILIARY)
    }
    flat[EVENT] = np.ascontiguousarray(jets["eventNumber"])
    flat |= {PARTON + name: partons[name][partons["valid"]] for name in COMPONENTS}
    counts = {PART: particles["valid"].sum(axis=1), PARTON: partons["valid"].sum(axis=1)}
    return Columns(flat, counts)
