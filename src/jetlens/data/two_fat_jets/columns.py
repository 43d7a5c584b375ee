"""What is known of an event with two fat jets: the columns of its three tables."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from jetlens.core.units import Feature
from jetlens.data.tables.columns import classes_column, described, numbered

Tables = dict[str, NDArray[np.void]]

CLASSES = ("background", "signal")

OBJECTS = ("candidate", "fat1", "fat2", "1a", "1b", "2a", "2b", "next", "missing")
"""The objects of an event: both fat jets together, each, their prongs, the next jet, missing pt."""

SUBJETS = slice(3, 7)
MISSING = OBJECTS.index("missing")

JETS = (
    Feature("m_hh", "GeV", r"$m_{hh}$"),
    Feature("pt_hh", "GeV", r"$p_T^{hh}$"),
    Feature("deta_hh", "", r"$|\Delta\eta_{hh}|$"),
    Feature("pt_1", "GeV", r"$p_T^{(1)}$"),
    Feature("pt_2", "GeV", r"$p_T^{(2)}$"),
    Feature("m_1", "GeV", r"$m_\mathrm{trim}^{(1)}$"),
    Feature("m_2", "GeV", r"$m_\mathrm{trim}^{(2)}$"),
    Feature("met", "GeV", r"$p_T^\mathrm{miss}$"),
    Feature("sum_et", "GeV", r"$\sum E_T$"),
)
"""Variables of an event; the fat jets' masses are those of trimmed jets, the sum is of all seen."""

CONSTITUENTS = (
    Feature("pt_frac", "", r"$p_T / p_T^\mathrm{jet}$"),
    Feature("deta", "", r"$\Delta\eta$"),
    Feature("dphi", "rad", r"$\Delta\phi$"),
)
"""Variables of a particle in its own fat jet, turned and mirrored."""

KINEMATICS = (
    Feature("pt", "GeV", r"$p_T$"),
    Feature("eta", "", r"$\eta$"),
    Feature("phi", "rad", r"$\phi$"),
    Feature("mass", "GeV", r"$m$"),
    Feature("energy", "GeV", r"$E$"),
)
"""Variables of an object."""

JET_TYPE = np.dtype(
    [
        *map(described, JETS),
        classes_column(numbered(CLASSES)),
        ("eventNumber", np.dtype("i8")),
        described(Feature("resonance_mass", "GeV", r"$m_H$"), truth=True),
        described(Feature("process"), "i4", truth=True),
        described(Feature("xsec_weight", "fb"), "f8", truth=True),
        described(Feature("tag_1"), truth=True),
        described(Feature("tag_2"), truth=True),
    ]
)
CONSTITUENT_TYPE = np.dtype(
    [
        *map(described, CONSTITUENTS),
        described(Feature("pt", "GeV", r"$p_T$"), truth=True),
        described(Feature("fat_jet"), "i1", truth=True),
        described(Feature("type"), "i1", truth=True),
        described(Feature("flip"), "i1", truth=True),
        described(Feature("dr_subjet", "", r"$\Delta R$"), truth=True),
        ("valid", np.dtype("?")),
    ]
)
OBJECT_TYPE = np.dtype(
    [
        *map(described, KINEMATICS),
        described(Feature("flavour"), "i1", truth=True),
        ("valid", np.dtype("?")),
    ]
)


def empty(events: int, constituents: int) -> Tables:
    """Return the tables of so many events, filled with zeros."""
    return {
        "jets": np.zeros(events, dtype=JET_TYPE),
        "constituents": np.zeros((events, 2 * constituents), dtype=CONSTITUENT_TYPE),
        "objects": np.zeros((events, len(OBJECTS)), dtype=OBJECT_TYPE),
    }
