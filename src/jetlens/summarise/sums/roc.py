"""Receiver operating characteristics from binned discriminants."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from jetlens.summarise.estimates import ratio

Floats = NDArray[np.float64]


def efficiencies(signal: Floats, background: Floats) -> tuple[Floats, Floats]:
    """Return the efficiencies of both at every cut, from the tightest to none at all.

    Parameters
    ----------
    signal, background
        Contents of the same bins ``[bin]``, the discriminant rising.

    Returns
    -------
    Efficiencies ``[bin + 1]``, from 0 to 1; NaN where a class is empty.
    """
    passed = []
    for content in (signal, background):
        above = np.concatenate([[0.0], np.cumsum(content[::-1])])
        passed.append(ratio(above, above[-1]))
    return passed[0], passed[1]


def area(signal: Floats, background: Floats) -> Floats:
    """Return the area under the curve: how often signal lies above background, ties for a half.

    Parameters
    ----------
    signal, background
        Contents of the same bins ``[bin, replica]``, the discriminant rising.

    Returns
    -------
    Areas ``[replica]``, NaN where a class is empty.
    """
    below = np.cumsum(background, axis=0) - background / 2
    found: Floats = ratio((signal * below).sum(axis=0), signal.sum(axis=0) * background.sum(axis=0))
    return found


def efficiency_at(signal: Floats, background: Floats, mistag: float) -> Floats:
    """Return the signal's efficiency where the background's is `mistag`.

    Parameters
    ----------
    signal, background
        Contents of the same bins ``[bin, replica]``, the discriminant rising.
    mistag
        The efficiency of the background, between 0 and 1.

    Returns
    -------
    Efficiencies ``[replica]``, interpolated between cuts; NaN where a class is empty.
    """
    found = np.full(signal.shape[1], np.nan)
    for r in range(len(found)):
        kept, passed = efficiencies(signal[:, r], background[:, r])
        if not np.isnan([kept[-1], passed[-1]]).any():
            found[r] = np.interp(mistag, passed, kept)
    return found
