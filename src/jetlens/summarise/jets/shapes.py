"""The constituents of an attribution's jets, as the physics of jet shapes takes them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from jetlens.physics.jet_shapes import Constituents

Floats = NDArray[np.float64]


def constituents(
    values: NDArray[np.floating], mask: NDArray[np.bool_], features: Sequence[str]
) -> tuple[Constituents, NDArray[np.intp]]:
    """Return the real particles of some pt, and which jets ``[jet]`` have one.

    Parameters
    ----------
    values
        ``[jet, particle, feature]``: ``pt`` in GeV, ``deta``, ``dphi``, and perhaps ``m2`` in GeV^2
        and ``charge``.
    mask
        ``[jet, particle]``, which particles are real.
    features
        The features' names.
    """
    column = {name: values[..., i] for i, name in enumerate(features)}
    with np.errstate(invalid="ignore"):
        there = mask & (column["pt"] > 0)
    counts = there.sum(axis=1)
    some = np.flatnonzero(counts)

    def of(name: str) -> Floats:
        return column[name][there].astype(np.float64)

    pt = of("pt")
    mass = np.sqrt(np.maximum(of("m2"), 0)) if "m2" in column else np.zeros(len(pt))
    charge = of("charge") if "charge" in column else None
    angles = of("deta"), of("dphi")
    return Constituents(counts[some].astype(np.int64), pt, *angles, mass, charge), some
