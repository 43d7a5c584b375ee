"""Estimates with their errors: numbers and intervals from bootstrap replicas."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

CONFIDENCE = 0.68
"""The share of bootstrap replicas between ``low`` and ``high`` of every number."""

LEAST = 10
"""Of fewer jets (in effective number) a bootstrap gives no honest interval."""

DEFINED = "defined"
"""The share of bootstrap replicas that define a number, beside its value where it is below 1."""

PAIRS = "pairs"
"""Of how many pairs of trainings a difference is the mean, beside its value."""

FEWEST_DEFINED = 0.5
"""A number that a smaller share of the replicas defines is not given."""

Number = dict[str, float]
Numbers = dict[str, Number]


def interval(
    estimates: NDArray[np.float64],
    value: NDArray[np.float64] | None = None,
    confidence: float = CONFIDENCE,
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return value, low and high from estimates ``[..., replica]``.

    Parameters
    ----------
    estimates
        The nominal estimate first, then one a replica; NaN where a replica defines none.
    value
        A more accurate nominal estimate: the interval is shifted onto it.
    confidence
        The share of replicas between low and high.

    Returns
    -------
    The value and the central share of the replicas, stretched to the value where it lies outside.
    """
    nominal, replicas = estimates[..., 0], np.sort(estimates[..., 1:], axis=-1)  # NaN goes last
    defined = np.isfinite(replicas).sum(axis=-1)
    ends = []
    for share in ((1 - confidence) / 2, (1 + confidence) / 2):
        at = share * np.maximum(defined - 1, 0)
        low = np.floor(at).astype(np.int64)
        below, above = (
            np.take_along_axis(replicas, np.minimum(i, defined.clip(1) - 1)[..., None], -1)[..., 0]
            for i in (low, low + 1)
        )
        ends.append(below + (at - low) * (above - below))
    best = nominal if value is None else value
    return (
        best,
        np.minimum(best, ends[0] + (best - nominal)),
        np.maximum(best, ends[1] + (best - nominal)),
    )


def number(
    estimates: NDArray[np.float64], value: float | None = None, confidence: float = CONFIDENCE
) -> Number:
    """Return one number with its interval from estimates ``[replica]``; see `interval`, `given`."""
    best = None if value is None else np.asarray(value, dtype=np.float64)
    three = (float(x) for x in interval(estimates, best, confidence))
    share = float(np.isfinite(estimates[1:]).mean())
    return given(dict(zip(("value", "low", "high"), three, strict=True)), share)


def given(found: Number, share: float = 1.0) -> Number:
    """Return a number with the share of replicas that define it; empty if it is not to be given.

    Its interval is of these replicas alone. Others may lie far out (a limit without background, a
    rejection where nothing passes), so that it is too narrow: the share says how far to trust it.

    Parameters
    ----------
    found
        Its value and the ends of its intervals.
    share
        The share of replicas that define it.

    Returns
    -------
    The number, with `DEFINED` where not all replicas define it. Nothing where a value or an end is
    not finite, or where less than `FEWEST_DEFINED` define it.
    """
    if share < FEWEST_DEFINED or not np.isfinite(list(found.values())).all():
        return {}
    return found if share == 1 else found | {DEFINED: share}


def mapped(found: Mapping[str, float], change: Callable[[float], float]) -> Number:
    """Return a number whose value and ends went through a rising function.

    The share of replicas that define it, and its pairs, stay as they are.
    """
    kept = (DEFINED, PAIRS)
    return {k: v if k in kept else float(change(v)) for k, v in found.items()}


def bounded(found: Mapping[str, float]) -> Number:
    """Return a share's interval without what lies beyond 0 and 1."""
    return mapped(found, lambda end: min(max(end, 0.0), 1.0))


def wilson(share: float, trials: float) -> tuple[float, float]:
    """Return the 68 % score interval of a binomial share.

    References
    ----------
    Wilson, "Probable inference, the law of succession, and statistical inference",
    J. Am. Stat. Assoc. 22 (1927) 209.
    """
    z = float(ndtri((1 + CONFIDENCE) / 2))
    centre = (share + z**2 / (2 * trials)) / (1 + z**2 / trials)
    spread = share * (1 - share) / trials + z**2 / (4 * trials**2)
    half = z * float(np.sqrt(spread)) / (1 + z**2 / trials)
    # at the ends the two terms cancel exactly, but for rounding
    low = 0.0 if share == 0 else max(centre - half, 0.0)
    high = 1.0 if share == 1 else min(centre + half, 1.0)
    return low, high


def of_few(found: Number, jets: float) -> Number:
    """Return a share's interval; less than a jet from 0 or 1, where a bootstrap has none, Wilson's.

    Parameters
    ----------
    found
        The share, with its interval.
    jets
        Of how many jets it is the share, in effective number.
    """
    if min(found["value"], 1 - found["value"]) * jets >= 1:
        return found
    low, high = wilson(found["value"], jets)
    return found | {"low": min(low, found["low"]), "high": max(high, found["high"])}


def share_interval(
    estimates: NDArray[np.float64], jets: NDArray[np.float64] | float
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return shares with their intervals; less than a jet from 0 or 1, see `of_few`.

    Parameters
    ----------
    estimates
        ``[..., replica]``, the nominal ones first.
    jets
        Of how many jets they are the shares, in effective number ``[...]``.
    """
    value, low, high = interval(estimates)
    many = np.broadcast_to(jets, value.shape)
    for at in zip(*np.nonzero(np.isfinite(value) & (many > 0)), strict=True):
        found = {"value": float(value[at]), "low": float(low[at]), "high": float(high[at])}
        found = of_few(found, float(many[at]))
        low[at], high[at] = found["low"], found["high"]
    return value, low, high


def effective(weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return effective numbers of events, by what their replicas fluctuate.

    Each event counts a Poisson number of times in a replica, so that a sum of weights fluctuates
    by the root of the sum of their squares.

    Parameters
    ----------
    weights
        Sums of weights ``[..., replica]``, the nominal ones first.
    """
    found: NDArray[np.float64] = ratio(weights[..., 0] ** 2, weights[..., 1:].var(axis=-1))
    return found


def named(name: str, estimates: NDArray[np.float64], value: float | None = None) -> Numbers:
    """Return one number with its interval under `name`, or nothing where it is not given."""
    found = number(estimates, value)
    return {name: found} if found else {}


def ratio(over: Any, under: Any) -> Any:
    """Divide, giving NaN where there is nothing to divide by."""
    under = np.asarray(under, dtype=np.float64)
    return np.divide(
        over, under, out=np.full(np.broadcast(over, under).shape, np.nan), where=under > 0
    )
