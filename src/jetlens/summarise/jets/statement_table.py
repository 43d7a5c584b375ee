"""What a physicist expects of a flavour tagger's attributions: one line a statement.

The statements are those found with integrated gradients of GN2 by S. DeGraw (UCL, 2024). Here each
becomes one measured number and what it has to be. ``a(x)`` is the attribution of the feature x in
the track with the largest attribution of its jet.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Range:
    """Tracks whose feature lies between two values, in the file's unit."""

    feature: str
    low: float
    high: float
    words: str
    absolute: bool = False


@dataclass(frozen=True)
class Statement:
    """One expectation.

    Attributes
    ----------
    key
        Its name among the numbers.
    text
        What is expected, in words.
    flavour
        The true class of the jets.
    measure
        ``mean``: mean a(x) in the first range. ``rise``: the same minus that in the second range.
        ``slight``: size of the rise, relative to that of b-jets. ``hits``: mean absolute
        attribution (summed over tracks) of a hit count, relative to another track variable's.
        ``origin``: share of top tracks from b or from b then c.
    above
        Whether the number has to be above `limit`, or below.
    limit
        What it is compared with.
    ranges
        The ranges of the feature that are used.
    """

    key: str
    text: str
    flavour: str
    measure: str
    above: bool
    limit: float = 0.0
    ranges: tuple[Range, ...] = ()


ALIASES = {"IP3D_signed_d0_significance": ("lifetimeSignedD0Significance",)}
"""Other names of the same feature in newer files."""

_INF = float("inf")
_SD0 = "IP3D_signed_d0_significance"
LARGE_SD0 = Range(_SD0, 5, _INF, "s(d₀) > 5")
SMALL_SD0 = Range(_SD0, -1, 1, "|s(d₀)| < 1")
HUGE_D0 = Range("d0", 1, _INF, "|d₀| > 1 mm", absolute=True)
LARGE_D0 = Range("d0", 0.1, 0.5, "|d₀| from 0.1 to 0.5 mm", absolute=True)
SMALL_D0 = Range("d0", 0, 0.05, "|d₀| < 0.05 mm", absolute=True)
SMALL_PHI = Range("phiUncertainty", 0, 3e-4, "σ(φ) < 0.3 mrad")
LARGE_PHI = Range("phiUncertainty", 8e-4, _INF, "σ(φ) > 0.8 mrad")
SMALL_DETA = Range("deta", 0, 0.02, "|Δη| < 0.02", absolute=True)
MEDIUM_DETA = Range("deta", 0.02, 0.1, "|Δη| from 0.02 to 0.1", absolute=True)
LARGE_DETA = Range("deta", 0.1, _INF, "|Δη| > 0.1", absolute=True)

RANGES = (
    LARGE_SD0, SMALL_SD0, HUGE_D0, LARGE_D0, SMALL_D0, SMALL_PHI, LARGE_PHI,
    SMALL_DETA, MEDIUM_DETA, LARGE_DETA,
)  # fmt: skip

STATEMENTS = (
    Statement("b_large_sd0", "Large s(d₀) speaks for b-jets",
              "b", "mean", True, ranges=(LARGE_SD0,)),
    Statement("light_large_sd0", "Large s(d₀) speaks against light-flavour jets",
              "u", "mean", False, ranges=(LARGE_SD0,)),
    Statement("c_slight_sd0", "c-jets depend only slightly on s(d₀)",
              "c", "slight", False, 0.5, ranges=(LARGE_SD0, SMALL_SD0)),
    Statement("light_huge_d0", "Very large |d₀| speaks for light-flavour jets",
              "u", "mean", True, ranges=(HUGE_D0,)),
    Statement("b_rising_d0", "Attribution rises with |d₀| in b-jets",
              "b", "rise", True, ranges=(LARGE_D0, SMALL_D0)),
    Statement("c_rising_d0", "Attribution rises with |d₀| in c-jets",
              "c", "rise", True, ranges=(LARGE_D0, SMALL_D0)),
    Statement("b_huge_d0", "Very large |d₀| speaks against b-jets",
              "b", "mean", False, ranges=(HUGE_D0,)),
    Statement("b_small_sigma_phi", "Small σ(φ) speaks for b-jets",
              "b", "mean", True, ranges=(SMALL_PHI,)),
    Statement("c_small_sigma_phi", "Small σ(φ) speaks for c-jets",
              "c", "mean", True, ranges=(SMALL_PHI,)),
    Statement("light_small_sigma_phi", "Small σ(φ) speaks against light-flavour jets",
              "u", "mean", False, ranges=(SMALL_PHI,)),
    Statement("light_rising_sigma_phi", "Attribution rises with σ(φ) in light-flavour jets",
              "u", "rise", True, ranges=(LARGE_PHI, SMALL_PHI)),
    Statement("light_rising_deta", "Attribution rises with |Δη| in light-flavour jets",
              "u", "rise", True, ranges=(LARGE_DETA, SMALL_DETA)),
    Statement("c_peak_deta", "Attribution peaks at small |Δη| in c-jets",
              "c", "rise", True, ranges=(SMALL_DETA, MEDIUM_DETA)),
    Statement("b_rising_deta", "Attribution rises slightly above small |Δη| in b-jets",
              "b", "rise", True, ranges=(MEDIUM_DETA, SMALL_DETA)),
    Statement("few_hits", "Hit counts matter far less than the other track variables",
              "all", "hits", False, 0.5),
    Statement("b_top_origin", "Top tracks of b-jets come from b or from b then c",
              "b", "origin", True, 0.5),
)  # fmt: skip
