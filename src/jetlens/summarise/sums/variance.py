"""How much of a quantity's variance its means in bins explain."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from jetlens.summarise.estimates import ratio

Floats = NDArray[np.float64]


def explained(n: Floats, s: Floats, square: Floats, entries: Floats) -> Floats:
    """Return the share of a quantity's variance that its means in bins explain.

    What as many bins of no meaning would explain is taken off (epsilon squared), in replicas twice:
    their means scatter about means that scatter themselves.

    Parameters
    ----------
    n, s
        Sums of weights, and of weights times the quantity, in bins ``[group, bin, replica]``.
    square
        Sums of weights times the quantity's square ``[group, replica]``.
    entries
        The effective number of entries ``[group]``.

    Returns
    -------
    Shares ``[group, replica]``, not below zero; NaN where there are too few entries.
    """
    total = n.sum(axis=1)
    centre = ratio(s.sum(axis=1) ** 2, total)
    between = np.divide(s**2, n, out=np.zeros_like(s), where=n > 0).sum(axis=1) - centre
    variance = square - centre
    # a variance that is but the rounding of its terms is none
    share = ratio(between, np.where(variance > 1e-12 * square, variance, 0))
    bins = (n > 0).sum(axis=1)
    many = np.repeat(entries[:, None], share.shape[1], axis=1)
    many[:, 1:] /= 2
    return np.asarray((1 - (1 - share) * ratio(many - 1, many - bins)).clip(0, 1))
