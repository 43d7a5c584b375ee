"""Sums in the cells of a plane from which a mean vector and its covariance follow."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.stats import f

from jetlens.summarise.estimates import ratio

MOMENTS = ("weight", "x", "y", "ww", "xw", "yw", "xx", "xy", "yy", "jets")
"""Sums over jets: of a jet's weight in the cell, of its weighted vector, of their products, and the
number of jets that have something there."""

Floats = NDArray[np.float64]


def field_sums(
    at: Floats,
    vector: Floats,
    weight: Floats,
    edges: tuple[Floats, Floats],
    member: NDArray[np.bool_],
    times: Floats,
) -> Floats:
    """Sum vectors in cells, jet by jet, so that the errors of their means are those over jets.

    Parameters
    ----------
    at, vector
        Where particles are, and their vectors ``[axis, jet, particle]``.
    weight
        What each particle counts ``[jet, particle]``; those of 0 do not.
    edges
        Of the cells along x and y, equally wide.
    member
        ``[jet, group]``.
    times
        The jets' weights ``[jet]``.

    Returns
    -------
    ``[group, moment, y, x]`` with the `MOMENTS` in order.
    """
    wide, high = (len(e) - 1 for e in edges)
    place = [
        np.floor((v - e[0]) / (e[-1] - e[0]) * (len(e) - 1)) for v, e in zip(at, edges, strict=True)
    ]
    inside = (weight > 0) & (place[0] >= 0) & (place[0] < wide)
    inside &= (place[1] >= 0) & (place[1] < high)
    jet = np.nonzero(inside)[0]
    column, row = (p[inside].astype(np.int64) for p in place)
    # a jet's particles in one cell belong together
    both, entry = np.unique((jet * high + row) * wide + column, return_inverse=True)
    own, cell = np.divmod(both, high * wide)
    w = np.bincount(entry, weight[inside], len(both))
    x, y = (np.bincount(entry, (v * weight)[inside], len(both)) for v in vector)
    t = times[own]
    squares = (w * w, x * w, y * w, x * x, x * y, y * y)
    each = np.stack([t * w, t * x, t * y, *(t**2 * s for s in squares), np.ones(len(own))])
    found = np.zeros((member.shape[1], len(MOMENTS), high * wide))
    for g, mine in enumerate(member.T):
        chosen = mine[own]
        for m, values in enumerate(each[:, chosen]):
            found[g, m] = np.bincount(cell[chosen], values, high * wide)
    return found.reshape(-1, len(MOMENTS), high, wide)


def mean_vectors(sums: Floats) -> tuple[Floats, Floats]:
    """Return the weighted mean vectors and their covariance in each cell.

    Jets count as independent: the covariance is that of a ratio of sums over them.

    Parameters
    ----------
    sums
        ``[..., moment, y, x]``.

    Returns
    -------
    ``[axis, ..., y, x]`` and ``[axis, axis, ..., y, x]``, NaN in cells of fewer than two jets.
    """
    of = _named(sums)
    number = effective(sums)
    there = number > 1 + 1e-9
    total = np.where(there, of["weight"], np.nan)
    mean = np.stack([of["x"], of["y"]]) / total
    few = np.where(there, number / np.where(there, number - 1, 1), np.nan)

    def product(a: int, b: int) -> Floats:
        names = ("xx", "xy", "yy")
        crossed = mean[a] * of["xy"[b] + "w"] + mean[b] * of["xy"[a] + "w"]
        summed = of[names[a + b]] - crossed + mean[a] * mean[b] * of["ww"]
        return np.asarray(few * summed / total**2, dtype=np.float64)

    covariance = np.array([[product(a, b) for b in range(2)] for a in range(2)])
    return mean, covariance


def effective(sums: Floats) -> Floats:
    """Return the effective number of jets in each cell ``[..., y, x]``."""
    of = _named(sums)
    return np.asarray(ratio(of["weight"] ** 2, of["ww"]), dtype=np.float64)


def chance(sums: Floats) -> Floats:
    """Return how likely vectors whose mean is zero are found as far from it, ``[..., y, x]``.

    Distances count in the ellipse of the errors. These are estimated from few jets, so that it is
    Hotelling's distribution. NaN where there are too few jets, or no error.

    References
    ----------
    Hotelling, Annals of Mathematical Statistics 2 (1931) 360.
    """
    mean, ((xx, xy), (_, yy)) = mean_vectors(sums)
    determinant = xx * yy - xy**2
    squared = mean[0] ** 2 * yy - 2 * mean[0] * mean[1] * xy + mean[1] ** 2 * xx
    left = effective(sums) - 2
    known = (determinant > 1e-12 * (xx + yy) ** 2) & (left > 0)
    scaled = np.divide(squared, determinant, out=np.full(xx.shape, np.nan), where=known)
    tail = f.sf(scaled * left / (2 * (left + 1)), 2, np.where(known, left, np.nan))
    return np.asarray(tail, dtype=np.float64)


def _named(sums: Floats) -> dict[str, Floats]:
    return dict(zip(MOMENTS, np.moveaxis(sums, -3, 0), strict=True))
