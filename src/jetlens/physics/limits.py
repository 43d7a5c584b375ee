"""What a counting experiment can be expected to exclude or discover.

In each bin there are ``n ~ Poisson(mu s + b)`` events, and the background is known from a control
measurement ``m ~ Poisson(tau b)`` of the same bin, with ``tau = b / sigma**2`` so that it knows the
background to within sigma (the on/off problem; no uncertainty is shared between bins). Its
likelihood can be profiled in closed form, and its Asimov data (n and m at their expectations) give
median significances and limits by asymptotic formulae.

The formulae hold for more than some ten background events: the limit is 5 % below the exact one at
20 events, 7 % at 10, 17 % at 1, and 36 % at none (1.92 events, not 3.00).

References
----------
Cowan, Cranmer, Gross and Vitells, arXiv:1007.1727; Cowan, "Discovery sensitivity for a counting
experiment with background uncertainty" (2012); Li and Ma, Astrophys. J. 272 (1983) 317; CLs: Read,
J. Phys. G 28 (2002) 2693.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

Floats = NDArray[np.float64]

CONFIDENCE = 0.95
_HALVINGS = 60


def discovery_significance(signal: Any, background: Any, systematic: Any = 0.0) -> Floats:
    """Return the median significance with which a signal is discovered.

    Parameters
    ----------
    signal, background
        Expected events ``[..., bin]``; a number is a single bin.
    systematic
        The background's relative uncertainty, of the same shape or a number.

    Returns
    -------
    Standard deviations ``[...]``; infinite where there is signal and no background in a bin.
    """
    s, b, variance = _bins(signal, background, systematic)
    n = s + b
    moved = s * _share(b, variance)  # by how much the fit without signal raises the background
    with np.errstate(divide="ignore", invalid="ignore"):
        on = np.where(s > 0, n * np.log(n / (b + moved)), 0.0)
        off = np.where(variance > 0, b**2 / variance * np.log1p(moved / b), s)
    q = np.where(b > 0, 2 * (on - off), np.where(s > 0, np.inf, 0.0))
    significance: Floats = np.sqrt(np.maximum(q, 0.0).sum(axis=-1))
    return significance


def expected_limit(
    signal: Any, background: Any, systematic: Any = 0.0, confidence: float = CONFIDENCE
) -> Floats:
    """Return the median upper limit (CLs) on the signal's strength, if there is none.

    Parameters
    ----------
    signal, background
        Expected events ``[..., bin]`` at strength 1; a number is a single bin.
    systematic
        The background's relative uncertainty, of the same shape or a number.
    confidence
        The limit's confidence level.

    Returns
    -------
    Strengths ``[...]``; infinite where no bin has a signal.
    """
    s, b, variance = _bins(signal, background, systematic)
    # CLs is 2 (1 - Phi(sqrt(q))) at the median, where CLb is a half
    wanted = float(ndtri((1 + confidence) / 2)) ** 2
    total = s.sum(axis=-1)
    there = total > 0
    slope = np.divide(s**2, b + variance, out=np.zeros_like(s), where=b > 0).sum(axis=-1)
    # q begins as a parabola and ends as a straight line
    high = wanted / np.where(there, total, 1.0)
    high = high + np.sqrt(wanted / np.where(slope > 0, slope, np.inf))
    while (short := there & (_excluded(high, s, b, variance) < wanted)).any():
        high = np.where(short, 2 * high, high)
    low = np.zeros_like(high)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        enough = _excluded(middle, s, b, variance) >= wanted
        low, high = np.where(enough, low, middle), np.where(enough, middle, high)
    limit: Floats = np.where(there, high, np.inf)
    return limit


def _bins(signal: Any, background: Any, systematic: Any) -> tuple[Floats, Floats, Floats]:
    """Return signal, background and its variance as arrays with a bin axis."""
    s, b, relative = np.broadcast_arrays(
        *(np.atleast_1d(np.asarray(x, dtype=np.float64)) for x in (signal, background, systematic))
    )
    return s, b, (relative * b) ** 2


def _share(b: Floats, variance: Floats) -> Floats:
    """Return sigma^2 / (b + sigma^2): what of an excess a fit can take for background."""
    share: Floats = np.divide(variance, b + variance, out=np.zeros_like(b), where=b > 0)
    return share


def _excluded(strength: Floats, s: Floats, b: Floats, variance: Floats) -> Floats:
    """Return q of a strength ``[...]`` for Asimov data without signal, summed over bins."""
    excess = strength[..., None] * s
    share = _share(b, variance)
    # the background that is fitted beside the signal, minus b: the root of a quadratic equation,
    # written so that nothing cancels
    root = np.sqrt((b + excess) ** 2 - 4 * share * b * excess)
    with np.errstate(divide="ignore", invalid="ignore"):
        moved = np.where(b > 0, -2 * share * b * excess / (root + b + excess), 0.0)
        on = excess + moved - np.where(b > 0, b * np.log1p((excess + moved) / b), 0.0)
        pull = moved / b - np.log1p(moved / b)
        off = np.where((variance > 0) & (b > 0), b**2 / variance * pull, 0.0)
    q: Floats = 2 * (on + off).sum(axis=-1)
    return q
