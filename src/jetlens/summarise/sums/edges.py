"""Bins of features' values, fixed in advance so that partitions merge: one line a variable."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from jetlens.core.errors import BadValueError, expected

_SIGNIFICANCE = (-20.0, -5.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.5, 5.0, 10.0, 20.0, 50.0)
_ANGLE = (-0.4, -0.2, -0.1, -0.05, -0.02, -0.01, 0.0, 0.01, 0.02, 0.05, 0.1, 0.2, 0.4)
_COUNT = (-0.5, 0.5, 1.5, 2.5, 3.5)

EDGES: dict[str, tuple[float, ...]] = {
    "d0": (-3.5, -1.0, -0.5, -0.2, -0.1, -0.05, 0.0, 0.05, 0.1, 0.2, 0.5, 1.0, 3.5),
    "z0SinTheta": (-5.0, -1.0, -0.5, -0.2, -0.1, -0.05, 0.0, 0.05, 0.1, 0.2, 0.5, 1.0, 5.0),
    "dphi": _ANGLE,
    "deta": _ANGLE,
    "qOverP": (-2e-3, -5e-4, -2e-4, -1e-4, -5e-5, 0.0, 5e-5, 1e-4, 2e-4, 5e-4, 2e-3),
    "IP3D_signed_d0_significance": _SIGNIFICANCE,
    "IP3D_signed_z0_significance": _SIGNIFICANCE,
    "lifetimeSignedD0Significance": _SIGNIFICANCE,
    "lifetimeSignedZ0SinThetaSignificance": _SIGNIFICANCE,
    "phiUncertainty": (0.0, 1e-4, 2e-4, 3e-4, 5e-4, 8e-4, 1.2e-3, 2e-3, 5e-3),
    "thetaUncertainty": (0.0, 1e-4, 2e-4, 3e-4, 5e-4, 8e-4, 1.2e-3, 2e-3, 5e-3),
    "qOverPUncertainty": (0.0, 5e-7, 1e-6, 2e-6, 3e-6, 5e-6, 8e-6, 1.2e-5, 2e-5),
    "numberOfPixelHits": (-0.5, 1.5, 2.5, 3.5, 4.5, 5.5, 6.5, 9.5),
    "numberOfSCTHits": (-0.5, 5.5, 6.5, 7.5, 8.5, 9.5, 10.5, 14.5),
    "numberOfInnermostPixelLayerHits": _COUNT,
    "numberOfNextToInnermostPixelLayerHits": _COUNT,
    "numberOfInnermostPixelLayerSharedHits": _COUNT,
    "numberOfInnermostPixelLayerSplitHits": _COUNT,
    "numberOfPixelSharedHits": _COUNT,
    "numberOfPixelSplitHits": _COUNT,
    "numberOfSCTSharedHits": _COUNT,
    "pt_btagJes": (2e4, 3e4, 5e4, 7e4, 1e5, 1.5e5, 2.5e5, 5e5, 1e6, 3e6),
    "eta_btagJes": (-2.5, -2.0, -1.5, -1.0, -0.5, 0.0, 0.5, 1.0, 1.5, 2.0, 2.5),
}
"""In the files' units (mm, rad, MeV, 1/MeV). The outermost bins also hold what lies beyond them."""


def edges_of(feature: str, given: Sequence[float]) -> NDArray[np.float64]:
    """Return the bins of a feature: those given, or the table's.

    Raises
    ------
    BadValueError
        If there are none, or they do not increase.
    """
    if not given and feature not in EDGES:
        raise BadValueError(
            f"no bins are known for {feature!r}: give edges=[...] in its units "
            f"({expected(feature, EDGES)})"
        )
    edges = np.asarray(given or EDGES[feature], dtype=np.float64)
    if len(edges) < 2 or not (np.diff(edges) > 0).all():
        raise BadValueError(f"edges={list(edges)}: expected at least two that increase")
    return edges


def bin_of(values: NDArray[np.float64], edges: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return each value's bin; the outermost bins hold what lies beyond them."""
    inner = np.searchsorted(edges[1:-1], values, side="right")
    return inner.astype(np.int64)
