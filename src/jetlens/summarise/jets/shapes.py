"""Observables of samples of jets: of an attribution's, as they are and as they were moved."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from jetlens.physics.jet_shapes import Constituents

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]


class Entries(NamedTuple):
    """Jets in samples, each with its observables."""

    sample: Ints
    """``[entry]``, which sample it is in."""
    jet: Ints
    """``[entry]``, which jet it is."""
    values: dict[str, Floats]
    """By observable ``[entry]``."""

    def take(self, some: NDArray[np.bool_], sample: Ints | int) -> Entries:
        """Return some of the entries as of another sample, or of one each."""
        jet = self.jet[some]
        values = {name: v[some] for name, v in self.values.items()}
        return Entries(np.broadcast_to(np.asarray(sample), jet.shape), jet, values)


def joined(parts: Sequence[Entries]) -> Entries:
    """Return all entries in one."""
    sample, jet = (np.concatenate([p[i] for p in parts]) for i in range(2))
    names = parts[0].values
    return Entries(sample, jet, {n: np.concatenate([p.values[n] for p in parts]) for n in names})


def constituents(
    values: NDArray[np.floating], mask: NDArray[np.bool_], features: Sequence[str]
) -> tuple[Constituents, Ints]:
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
