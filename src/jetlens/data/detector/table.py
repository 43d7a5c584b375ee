"""Every number of the detector simulation, in one table, each with its source.

``calibrated`` means: fitted or tuned to ATLAS's full simulation by ``docs/make_calibration.py``, on
the tracks of a public DAOD_PHYSLITE file (13 TeV, mean pile-up of about 35). ``docs/detector.md``
shows how well that works, and what is extrapolated. Geometry and selection are ATLAS's, rounded.
Where else a publication is named, it describes the effect; the number is a round one of the size
given there, not read off one of its figures.
"""

from __future__ import annotations

from typing import NamedTuple

from jetlens.core.constant import Constant

ID_PAPER = "ATLAS detector, JINST 3 S08003"
IBL_PAPER = "ATLAS IBL, JINST 13 T05008"
CALIBRATED = "calibrated"


class Barrel(NamedTuple):
    """A cylinder of silicon: radius and half-length (mm), material at normal incidence."""

    radius: float
    half_length: float
    pixel: bool
    x0: float
    """In radiation lengths."""


class Disk(NamedTuple):
    """A pair of silicon disks at +-z (mm), and their inner and outer radius."""

    z: float
    inner: float
    outer: float
    pixel: bool


# --- collisions ---
BEAM_SPOT = Constant((0.010, 0.010, 35.0), "mm", "x y z: beamPosSigma of the DAOD_PHYSLITE file")
POOL_SEED = Constant(20241002, "", "any: the pool must be the same for every worker")
VERTEX_XY = Constant((0.004, 0.030), "mm", "a + b / sqrt(tracks): ATL-PHYS-PUB-2015-026")
VERTEX_Z = Constant((0.008, 0.150), "mm", "a + b / sqrt(tracks): ATL-PHYS-PUB-2015-026")

# --- geometry: surfaces in the order that a particle from the centre meets them ---
BARREL = Constant(
    (
        Barrel(33.25, 332.0, True, 0.019),
        Barrel(50.5, 400.5, True, 0.025),
        Barrel(88.5, 400.5, True, 0.025),
        Barrel(122.5, 400.5, True, 0.025),
        Barrel(299.0, 749.0, False, 0.030),
        Barrel(371.0, 749.0, False, 0.030),
        Barrel(443.0, 749.0, False, 0.030),
        Barrel(514.0, 749.0, False, 0.030),
    ),
    "mm, X0",
    f"{ID_PAPER}; innermost layer: {IBL_PAPER}",
)
DISKS = Constant(
    (
        *(Disk(z, 88.8, 149.6, True) for z in (495.0, 580.0, 650.0)),
        Disk(853.8, 337.6, 560.0, False),
        *(Disk(z, 275.0, 560.0, False) for z in (934.0, 1091.5, 1299.9, 1399.7, 1771.4)),
        Disk(2115.2, 337.6, 560.0, False),
        Disk(2505.0, 408.0, 560.0, False),
        Disk(2720.2, 438.8, 560.0, False),
    ),
    "mm",
    f"{ID_PAPER}",
)
BEAM_PIPE = Constant((23.5, 0.006), "mm, X0", f"{IBL_PAPER}")
SERVICES = Constant((200.0, 0.025), "mm, X0", f"pixel support tube, {ID_PAPER}")
X0_PER_INTERACTION_LENGTH = Constant(0.30, "", "carbon and silicon, Phys. Rev. D 110, 030001")

# --- hits ---
INNERMOST_DEAD = Constant(0.040, "", f"modules of the innermost layer, {CALIBRATED}")
PIXEL_DEAD = Constant(0.075, "", f"modules of the other layers, {CALIBRATED}")
PIXEL_HOLE = Constant(0.006, "", CALIBRATED)
PIXEL_OVERLAP = Constant(0.055, "", f"neighbouring modules overlap, {CALIBRATED}")
STRIP_DEAD = Constant(0.030, "", f"modules, both sides, {CALIBRATED}")
STRIP_HOLE = Constant(0.018, "", f"one side, {CALIBRATED}")
STRIP_OVERLAP = Constant((0.025, 0.025), "", f"both sides; one side, {CALIBRATED}")
PIXEL_MERGE = Constant((0.10, 0.50), "mm", "two clusters are one: ATLAS, JINST 9 P09009")
PIXEL_SPLIT = Constant(0.75, "", "share of merged clusters that are told apart: JINST 9 P09009")
PIXEL_OCCUPANCY = Constant(
    0.004, "", f"hits shared with what is not a track of the jet, {CALIBRATED}"
)
STRIP_OCCUPANCY = Constant(
    0.010, "", f"hits shared with what is not a track of the jet, {CALIBRATED}"
)
STRIP_MERGE = Constant((0.16, 60.0), "mm", f"pitch and strip length, {ID_PAPER}")

# --- reconstruction ---
EFFICIENCY = Constant(0.97, "", "hits found, before cuts: ATL-PHYS-PUB-2015-051")
EFFICIENCY_LOW_PT = Constant((0.25, 0.35), "-, GeV", "1 - a exp(-(pt - 0.4) / b): same")
EFFICIENCY_FORWARD = Constant((0.06, 1.2), "-, -", "1 - a max(0, |eta| - b): same")
EFFICIENCY_LATE = Constant((30.0, 100.0), "mm", "exp(-(r - a) / b) beyond a: ATL-PHYS-PUB-2017-014")
FAKE_RATE = Constant((0.003, 25.0), "", "a track a (1 + n / b): ATL-PHYS-PUB-2015-051")

# --- resolutions ---
# sigma(pt, eta) = exp(a0 + a1 |eta| + a2 eta^2) + exp(b0 + b1 |eta| + b2 eta^2) pt^k
RESOLUTIONS = Constant(
    {
        "d0": (-4.8542, -0.2088, 0.0447, -2.7898, 0.1218, 0.0858, -0.8513),
        "z0": (-2.4423, -0.8939, 0.4135, -2.7226, 0.5374, 0.1956, -1.0129),
        "phi": (-10.0118, -0.2645, 0.1855, -6.2712, 0.1397, 0.0857, -0.8679),
        "theta": (-7.2170, -1.2501, 0.0296, -5.9534, -0.3516, -0.0595, -1.0060),
        "q_over_p": (-4.5916, 0.3511, 0.1323, -8.3858, 0.2130, -0.0185, 0.9793),
    },
    "mm, mm, rad, rad, relative; pt in GeV",
    CALIBRATED,
)
SPREAD = Constant(
    (0.105, 0.110, 0.075, 0.105, 0.160),
    "",
    f"width of log(sigma / parametrisation) for d0, z0, phi, theta, q/p, {CALIBRATED}",
)
SPREAD_CORRELATION = Constant(
    (
        (1.00, 0.52, 0.85, 0.42, 0.30),
        (0.52, 1.00, 0.46, 0.71, 0.14),
        (0.85, 0.46, 1.00, 0.47, 0.48),
        (0.42, 0.71, 0.47, 1.00, 0.18),
        (0.30, 0.14, 0.48, 0.18, 1.00),
    ),
    "",
    CALIBRATED,
)
SPREAD_TAIL = Constant(
    (0.05, 0.35), "", f"share and mean of an exponential upward tail, {CALIBRATED}"
)
NO_INNERMOST_HIT = Constant(
    (0.80, 0.72, 0.39, 0.40, 0.08),
    "",
    f"added to log(sigma) where the innermost layer has no hit, {CALIBRATED}",
)

# --- tails: pulls are sums of Gaussians ---
TAIL_SHARES = Constant((0.925, 0.065, 0.010), "", "see docs/detector.md: |pull| of ATLAS's tracks")
TAIL_WIDTHS = Constant((1.0, 2.0, 6.0), "", "see docs/detector.md: |pull| of ATLAS's tracks")

# --- selection of tracks: ATLAS's for flavour tagging (arXiv:2505.19689) ---
TRACK_PT = Constant(0.5, "GeV", "arXiv:2505.19689")
TRACK_D0 = Constant(3.5, "mm", "arXiv:2505.19689")
TRACK_Z0 = Constant(5.0, "mm", "arXiv:2505.19689")
SILICON_HITS = Constant(8, "", "arXiv:2505.19689")
SHARED_MODULES = Constant(1.0, "", "pixel + strip / 2, below 2: arXiv:2505.19689")
SILICON_HOLES = Constant(2, "", "arXiv:2505.19689")
PIXEL_HOLES = Constant(1, "", "arXiv:2505.19689")

# --- calorimeter and jets ---
ELECTROMAGNETIC = Constant((0.10, 0.007), "sqrt(GeV), -", f"a / sqrt(E) + b, {ID_PAPER}")
HADRONIC = Constant((0.50, 0.03), "sqrt(GeV), -", f"a / sqrt(E) + b, {ID_PAPER}")
LOWEST_INPUT = Constant(0.3, "GeV", "pt below which nothing enters a jet: noise suppression")
SAME_Z = Constant(2.0, "mm", "charged particles within: of the hard scatter, arXiv:1703.10485")
JET_PT = Constant(20.0, "GeV", "flavour tagging's lower limit, arXiv:2505.19689")
JET_ETA = Constant(2.5, "", "the tracker's acceptance")
JET_RESOLUTION = Constant(
    (2.0, 0.55, 0.03),
    "GeV, sqrt(GeV), -",
    "a / pt + b / sqrt(pt) + c, in quadrature: particle flow's confusion, arXiv:2007.02645",
)
TRUTH_JET = Constant((10.0, 0.3), "GeV, -", "hard-scatter truth jet near: arXiv:1510.03823")
LEPTON = Constant((10.0, 0.3), "GeV, -", "jets at a prompt electron or muon are dropped")
CONE = Constant((0.239, -1.22, -16.4), "-, -, 1/TeV", "R = a + exp(b + c pt): arXiv:1512.01094")
