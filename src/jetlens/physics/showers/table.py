"""Every number of the shower simulation, in one table, each with its source.

``setting`` means: chosen, for the reason given; no publication is claimed for it. What follows from
another number of the table names it. The coefficients of the electromagnetic formulae stand in the
formulae, in `jetlens.physics.showers.longitudinal` and `jetlens.physics.showers.radial`; they were
compared with Geant4's (GVFlashHomoShowerTuning.hh) and CMS's (EMECALShowerParametrization.h), which
agree but for one digit of the tail's radius. What the Review of Particle Physics says of the
crystal, the tests compute from formulae and elements.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from jetlens.core.constant import Constant

GFLASH_HADRONS = (
    "Grindhammer, Rudowicz and Peters, NIM A290 (1990) 469 (SLAC-PUB-5072), 2 to 10 GeV; numbers "
    "as in CMS FastSimulation, HDShowerParametrization.h"
)
GROOM = "Groom, NIM A572 (2007) 633, of Gabriel et al., NIM A338 (1994) 336"
PDG = "Review of Particle Physics, Atomic and Nuclear Properties of Materials"
BARASHENKOV = "compilation of Barashenkov as tabulated in Geant4 (G4UPiNuclearCrossSection)"


class Element(NamedTuple):
    """An element of a crystal."""

    atoms: int
    z: int
    a: float
    """Atomic mass."""
    pion_inelastic: tuple[float, ...]
    """Cross-section in mb at `PION_ENERGIES`."""


# --- the material: lead tungstate ---
DENSITY = Constant(8.30, "g/cm^3", f"{PDG}, PbWO4")
RADIATION_LENGTH = Constant(8.904, "mm", f"{PDG}, PbWO4")
NUCLEAR_LENGTH = Constant(202.7, "mm", f"{PDG}, PbWO4: nuclear interaction length")
IONISATION = Constant(1.020e-3, "GeV/mm", f"{PDG}, PbWO4: smallest -dE/dx, 1.229 MeV cm^2/g")
PION_ENERGIES = Constant((1.0, 2.0, 3.0, 5.0, 10.0), "GeV", "kinetic energies of `CRYSTAL`")
CRYSTAL = Constant(
    (
        Element(1, 82, 207.2, (1820, 1788, 1715, 1630, 1620)),
        Element(1, 74, 183.84, (1690, 1628, 1555, 1530, 1460)),
        Element(4, 8, 15.999, (330, 300, 275, 250, 240)),
    ),
    "mb",
    f"atoms of PbWO4; pion-nucleus inelastic cross-sections: {BARASHENKOV}, means of pi+ and pi-",
)
KAON_LENGTH = Constant(
    1.15,
    "of the pion's",
    "ratio of pi R^2 ln(1 + A sigma / pi R^2) (Grichine, EPJ C62 (2009) 399), of the crystal's "
    "elements with R as in Geant4 (G4ComponentGGHadronNucleusXsc); sigma on nucleons at 5 GeV from "
    "Donnachie and Landshoff, PL B296 (1992) 227, means of both charges: pions 27.5 mb, kaons 20.2 "
    "mb. The same gives `CRYSTAL` at 5 GeV to 5 %. Not compared with measured kaons",
)
AVOGADRO = Constant(6.02214076e23, "1/mol", "exact: SI Brochure, 9th edition (2019)")
SPEED_OF_LIGHT = Constant(299.792458, "mm/ns", "exact: SI Brochure, 9th edition (2019)")

# --- electromagnetic cascades ---
SCALE_ENERGY = Constant(
    21.2e-3, "GeV", "Moliere's E_s: Review of Particle Physics, Passage of particles through matter"
)
LEAST_Y = Constant(
    11.0,
    "of the critical energy",
    "setting: about 0.1 GeV. The fits were made above 1 GeV, and their widths diverge at 3; what "
    "is softer has the shape of this energy",
)
LEAST_ALPHA = Constant(
    1.5,
    "",
    "setting: the mean depth T alpha / (alpha - 1) runs away at 1, which the tail of a lognormal "
    "reaches; one electron of 1 GeV in 200 is moved, none of 10 GeV",
)

# --- hadrons ---
LOWEST, HIGHEST = 1.0, 10.0  # momenta in GeV: what the numbers below are for
HADRONIC_LEAST = Constant(2.0, "GeV", f"{GFLASH_HADRONS}: softer hadrons have its shape")
PI0_THRESHOLD = Constant(1.0, "GeV", f"E_0 of f_em = 1 - (E / E_0)^(m - 1), of pions: {GROOM}")
PI0_EXPONENT = Constant(0.83, "", f"m: {GROOM}")
VISIBLE = Constant(
    0.5,
    "",
    "setting: h/e, the mean share of energy that is not electromagnetic and is seen. Crystals do "
    "not compensate: e/h of about 2 is the size that is quoted for them",
)
BINDING = Constant(
    0.2,
    "GeV",
    "setting: energy that shares one fluctuation of what is seen, so that the share's deviation is "
    "0.20 at 1 GeV and 0.07 at 10 GeV",
)
HADRON_SPOT = Constant(0.02, "GeV", "setting: what the smallest ionisation leaves in 20 mm")
TRACK_STEP = Constant(5.0, "mm", "setting: a quarter of a cell")

# --- time ---
NEUTRON_SHARE = Constant(
    0.1, "", "setting: share of seen hadronic energy that neutrons bring late. CALICE T3B measures "
    "such a component (arXiv:1404.6454); no number was read off it",
)  # fmt: skip
NEUTRON_TIME = Constant(
    8.0, "ns", "setting: nanoseconds, as neutrons of some MeV fly; capture, much slower, is "
    "outside of the gate and counts as invisible",
)  # fmt: skip
TIME_OF_MIP = Constant(
    0.030, "ns", "PbWO4, PbF2 and BGSO pixels of 3 or 10 mm: 24 to 36 ps, arXiv:2411.06977"
)
ENERGY_OF_MIP = Constant(0.0102, "GeV", "`IONISATION` over 10 mm")
TIME_FLOOR = Constant(0.015, "ns", "setting: clock and calibration, which no energy makes smaller")
STOCHASTIC = Constant(
    0.028, "sqrt(GeV)", "CMS ECAL, Adzic et al., JINST 2 (2007) P04004: of 3 x 3 crystals together"
)


def _composition() -> tuple[float, float, float]:
    """Return the mass of a molecule, and Z and A in the mean over the elements' masses."""
    mass = sum(e.atoms * e.a for e in CRYSTAL.value)
    z = sum(e.atoms * e.a * e.z for e in CRYSTAL.value) / mass
    a = sum(e.atoms * e.a * e.a for e in CRYSTAL.value) / mass
    return mass, z, a


MOLECULE, Z, A = _composition()
CRITICAL_ENERGY = 2.66e-3 * (RADIATION_LENGTH.value / 10 * DENSITY.value * Z / A) ** 1.1
"""GeV. Z, A and this formula as hep-ex/0001020 defines them: its fits are in units of it."""
MOLIERE_RADIUS = RADIATION_LENGTH.value * SCALE_ENERGY.value / CRITICAL_ENERGY
"""mm."""
LOG_Z = math.log(Z)
