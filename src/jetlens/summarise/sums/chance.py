"""What chance adds to distances, and what is left without it.

Two samples of one distribution have a distance, too. Samples err about the truth as bootstrap
replicas do about the samples, and squares of what is independent add up: the square of a distance
is too large by as much as those of its replicas are larger once more. It is right both where chance
is all there is and where there is next to none of it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from jetlens.summarise.estimates import CONFIDENCE, Number, Numbers, given, ratio

LIMIT = "limit_95"
"""The end of a number that is not told from nothing by chance: it is below that at 95 %."""
_ONE_SIDE = float(ndtri(0.95))
_BOTH_SIDES = float(ndtri((1 + CONFIDENCE) / 2))
_CLEAR = 2.0  # standard errors of a distance that is more than chance

Floats = NDArray[np.float64]


def mean_of(replicas: Floats) -> Floats:
    """Return the mean over the replicas ``[..., replica]`` that define a number."""
    known = np.isfinite(replicas)
    found: Floats = ratio(np.where(known, replicas, 0).sum(axis=-1), known.sum(axis=-1))
    return found


def deviation_of(replicas: Floats) -> Floats:
    """Return the standard deviation of the replicas ``[..., replica]`` that define a number."""
    found: Floats = np.sqrt(mean_of((replicas - mean_of(replicas)[..., None]) ** 2))
    return found


def squares(found: Floats) -> Floats:
    """Return squares of distances ``[..., replica]`` without what chance adds to them.

    The nominal one is below zero where there is less than chance adds on average. The replicas are
    put about it.
    """
    whole = np.square(found)
    added = np.maximum(mean_of(whole[..., 1:]) - whole[..., 0], 0)
    return _about(whole[..., 0] - added, whole)


def relative_squares(after: Floats, before: Floats) -> Floats:
    """Return squares of distances over others ``[..., replica]``, both without what chance adds.

    NaN where chance is all that there is of the others.
    """
    nominal = ratio(squares(after)[..., 0], squares(before)[..., 0])
    return _about(nominal, np.square(ratio(after, before)))


def _about(nominal: Floats, estimates: Floats) -> Floats:
    """Return the nominal estimates, and the replicas ``[..., replica]`` moved to have that mean."""
    moved = estimates[..., 1:] + (nominal - mean_of(estimates[..., 1:]))[..., None]
    return np.concatenate([nominal[..., None], moved], axis=-1)


def remaining(square: Floats) -> tuple[Floats, Floats, Floats]:
    """Return what distances are without chance, with 68 % intervals.

    Parameters
    ----------
    square
        As of `squares`: it is these that have an even interval, as wide as their replicas are; a
        distance has none next to zero.
    """
    above = np.maximum(square[..., 0], 0)
    error = _BOTH_SIDES * deviation_of(square[..., 1:])
    low = np.sqrt(np.maximum(square[..., 0] - error, 0))
    return np.sqrt(above), low, np.sqrt(above + error)


def limits(square: Floats) -> Floats:
    """Return what distances are below at 95 %; NaN of those that are more than chance."""
    error = _ONE_SIDE * deviation_of(square[..., 1:])
    limit = np.sqrt(np.maximum(square[..., 0], 0) + error)
    return np.where((square[..., 0] <= error) & (error > 0), limit, np.nan)


def remaining_number(square: Floats) -> Number:
    """Return one distance ``[replica]``, with `LIMIT` where it is not told from chance."""
    found = dict(zip(("value", "low", "high"), map(float, remaining(square)), strict=True))
    if np.isfinite(limit := float(limits(square))):
        found[LIMIT] = limit
    return given(found, float(np.isfinite(square[1:]).mean()))


def named_remaining(name: str, square: Floats) -> Numbers:
    """Return that number under `name`, or nothing where it is not given."""
    found = remaining_number(square)
    return {name: found} if found else {}


def clear(own: Floats) -> NDArray[np.bool_]:
    """Say which distances before the step are more than chance ``[observable, class]``.

    By chance alone replicas are farther by a root of two: from what they add follows what chance
    has added to the nominal distance at most.

    Parameters
    ----------
    own
        Distances ``[observable, class, before and scale, replica]``, the nominal ones first.
    """
    nominal, replicas = own[:, :, 0, 0], own[:, :, 0, 1:]
    chance = (replicas.mean(-1) - nominal) / (np.sqrt(2) - 1)
    found: NDArray[np.bool_] = nominal - chance > _CLEAR * replicas.std(-1)
    return found


def mean_relative(own: Floats, groups: Sequence[str] | None = None) -> Floats:
    """Return means of distances over those before ``[scale, replica]``, both without chance.

    They are over what is clear before the step; NaN where nothing is.

    Parameters
    ----------
    own
        As of `clear`.
    groups
        ``[observable]``, what each is about: all that is about the same counts once for each class.
    """
    some = clear(own)
    if not some.any():
        return np.full((own.shape[2] - 1, own.shape[3]), np.nan)
    same = np.eye(len(own)) if groups is None else np.equal.outer(groups, groups).astype(float)
    share = ratio(np.ones(some.shape), same @ some)
    clearly = own[some]
    square = relative_squares(clearly[:, 1:], clearly[:, :1])
    return np.average(np.sqrt(np.maximum(square, 0)), axis=0, weights=share[some])


def gaussian(estimates: Floats, least: float = 0.0) -> tuple[Floats, Floats, Floats]:
    """Return means of distances with 68 % intervals as wide as their replicas are, cut at zero.

    Differences of these are cut nowhere: `least` is minus infinity.
    """
    error = _BOTH_SIDES * deviation_of(estimates[..., 1:])
    value = estimates[..., 0]
    return value, np.maximum(value - error, least), value + error
