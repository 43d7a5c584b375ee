"""The prongs of jets: exclusive kt subjets, as many as asked for, or as the jet's shape says."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from jetlens.core.errors import BadValueError
from jetlens.physics.clustering import sequence, subjets
from jetlens.physics.groups import hardest
from jetlens.physics.kinematics import momentum_of, rapidity_of
from jetlens.physics.substructure import n_subjettiness

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

MOST = 4
"""Prongs that are looked for by shape, at most."""
LEFT = 0.04
"""Mean distance from the nearest prong, weighted with pt, below which no more prongs are sought."""
FARTHEST = 20.0
"""Places beyond are no pseudorapidities."""


class Prongs(NamedTuple):
    """Subjets, the hardest first; ``[jet, prong]`` each. Where `real` is False, all are 0."""

    x: Floats
    """Pseudorapidity or rapidity, as the particles'."""
    y: Floats
    """Azimuth in rad."""
    pt: Floats
    """In the particles' unit."""
    real: Bools


def find(x: Floats, y: Floats, pt: Floats, number: Ints) -> Prongs:
    """Undo the clustering of each jet down to so many subjets.

    All particles of a jet are clustered with the exclusive kt algorithm (Nucl. Phys. B 406 (1993)
    187), as if they had no mass. A jet of fewer particles has as many prongs as particles.

    Parameters
    ----------
    x, y, pt
        Pseudorapidity, azimuth in rad and pt of particles, ``[jet, particle]``, from any origin in
        the former two; padding has pt 0.
    number
        How many prongs, ``[jet]``; 0 or fewer: none.

    Raises
    ------
    BadValueError
        If x cannot be a pseudorapidity.
    """
    import fastjet

    real = pt > 0
    _check(x, real)
    most = max(0, int(number.max(initial=0)))
    shape = len(x), most
    found = Prongs(np.zeros(shape), np.zeros(shape), np.zeros(shape), np.zeros(shape, bool))
    for many in np.unique(number[number > 0]):
        jets = np.flatnonzero((number == many) & real.any(axis=1))
        if not len(jets):
            continue
        inside = real[jets]
        momentum = _momentum(*(v[jets][inside] for v in (x, y, pt)))
        clustered = sequence(momentum, inside.sum(axis=1), fastjet.kt_algorithm)
        made, size = subjets(clustered, int(many))
        px, py, pz, energy = made.T
        jet = np.repeat(np.arange(len(jets)), size)
        order, place = hardest(np.hypot(px, py), jet, len(jets))
        where = jets[jet], place
        for own, values in (
            (found.x, rapidity_of(pz, energy)),
            (found.y, np.arctan2(py, px)),
            (found.pt, np.hypot(px, py)),
        ):
            own[where] = values[order]
        found.real[where] = True
    return found


def number_by_shape(
    x: Floats, y: Floats, pt: Floats, *, most: int = MOST, left: float = LEFT
) -> Ints:
    """Return how many prongs the shape of each jet says it has, ``[jet]``.

    The smallest N for which N-subjettiness (arXiv:1011.2268), here the mean distance of the
    particles from the nearest of N axes, weighted with pt, is below `left`; and `most`, if there is
    none. A jet without particles has 0.

    Parameters
    ----------
    x, y, pt
        As of `find`.
    most
        The largest number.
    left
        How far particles may still be away. The default suits jets of 500 to 1000 GeV; softer jets
        are wider.
    """
    real = pt > 0
    _check(x, real)
    number = np.zeros(len(x), dtype=np.int64)
    jets = np.flatnonzero(real.any(axis=1))
    inside = real[jets]
    momentum = _momentum(*(v[jets][inside] for v in (x, y, pt)))
    tau = n_subjettiness(momentum, inside.sum(axis=1), most=most, radius=1.0)
    enough = tau < left
    enough[:, -1] = True
    number[jets] = 1 + enough.argmax(axis=1)
    return number


def _momentum(x: Floats, y: Floats, pt: Floats) -> Floats:
    return momentum_of(pt, x, y, np.zeros(len(x)))


def _check(x: Floats, real: Bools) -> None:
    far = real & ~(np.abs(x) < FARTHEST)
    if far.any():
        raise BadValueError(
            f"a particle at x = {x[far][0]:g}: prongs are found in pseudorapidity and azimuth, "
            f"expected places within {FARTHEST:g}"
        )
