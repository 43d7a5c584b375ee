"""Correlation matrices: Pearson's from sums that add up, Spearman's from the ranks of a sample."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_CONSTANT = 1e-12  # of the mean square: a variance that is but the rounding of its terms is none

Floats = NDArray[np.float64]


def products(values: Floats) -> tuple[Floats, Floats]:
    """Return a jet's sums over particles that a correlation is made of.

    Parameters
    ----------
    values
        ``[jet, particle, feature]``, 0 where there is no particle.

    Returns
    -------
    Sums of the features ``[jet, feature]``, and of their products ``[jet, pair]``, the pairs being
    those of ``numpy.triu_indices``.
    """
    a, b = np.triu_indices(values.shape[2])
    crossed: Floats = np.swapaxes(values, 1, 2) @ values
    return values.sum(axis=1), crossed[:, a, b]


def pearson(number: Floats, first: Floats, second: Floats) -> Floats:
    """Return Pearson's coefficients from sums over particles.

    Parameters
    ----------
    number
        Of particles ``[..., replica]``.
    first, second
        Sums of the features ``[..., feature, replica]``, of products ``[..., pair, replica]``.

    Returns
    -------
    ``[..., feature, feature, replica]``; NaN where a feature does not vary.
    """
    a, b = np.triu_indices(first.shape[-2])
    total = np.where(number > 0, number, np.nan)[..., None, :]
    mean, square = first / total, second / total
    covariance = square - mean[..., a, :] * mean[..., b, :]
    own = a == b
    variance = np.where(
        covariance[..., own, :] > _CONSTANT * square[..., own, :], covariance[..., own, :], np.nan
    )
    found = covariance / np.sqrt(variance[..., a, :] * variance[..., b, :])
    return _mirrored(np.where(own[:, None] & np.isfinite(found), 1.0, found), a, b)


def spearman(values: Floats, jet: NDArray[np.int64], weights: Floats) -> Floats:
    """Return Spearman's coefficients: Pearson's of the ranks, equal values sharing theirs.

    Each replica has ranks of its own, as the particles of a jet weigh another number of times in
    it.

    Parameters
    ----------
    values
        Of particles ``[particle, feature]``.
    jet
        The jet of each particle.
    weights
        The jets' weights ``[jet, replica]``.

    Returns
    -------
    ``[feature, feature, replica]``; NaN where a feature does not vary.
    """
    features = values.shape[1]
    a, b = np.triu_indices(features)
    places = [np.unique(column, return_inverse=True)[1] for column in values.T]
    found = np.full((len(a), weights.shape[1]), np.nan)
    for r, own in enumerate(weights.T):
        weight = own[jet]
        total = float(weight.sum())
        if not total > 0:
            continue
        ranks = np.stack([_ranks(place, weight) for place in places]) / total - 0.5
        covariance = (ranks * weight) @ ranks.T / total
        variance = np.diag(covariance)
        spread = np.sqrt(np.where(variance > _CONSTANT, variance, np.nan))
        found[:, r] = (covariance / spread / spread[:, None])[a, b]
    return _mirrored(found, a, b)


def _ranks(place: NDArray[np.int64], weight: Floats) -> Floats:
    """Return how much weight lies below each value, half of its own included."""
    own = np.bincount(place, weight)
    middle: Floats = np.cumsum(own) - own / 2
    return middle[place]


def _mirrored(pairs: Floats, a: NDArray[np.intp], b: NDArray[np.intp]) -> Floats:
    """Return symmetric matrices of pairs ``[..., pair, replica]``."""
    features = int(b.max(initial=-1)) + 1
    found = np.empty((*pairs.shape[:-2], features, features, pairs.shape[-1]))
    found[..., a, b, :] = found[..., b, a, :] = pairs.clip(-1, 1)
    return found
