"""How like two Higgs bosons a pair of jets is, by their masses."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def mass_distance(
    m_1: Floats, m_2: Floats, centres: tuple[float, float], resolution: float
) -> Floats:
    """Return X_hh, the distance of two masses from those of two Higgs bosons, in resolutions.

    Parameters
    ----------
    m_1, m_2
        The jets' masses, of the same shape, in GeV.
    centres
        Where the masses of Higgs jets lie, in GeV.
    resolution
        Relative to the mass that is measured.

    Returns
    -------
    Distances; infinite where a mass is not positive.

    References
    ----------
    ATLAS, arXiv:2202.07288.
    """
    pulls = []
    for mass, centre in ((m_1, centres[0]), (m_2, centres[1])):
        m = np.asarray(mass, dtype=np.float64)
        away = np.abs(m - centre)
        pulls.append(np.divide(away, resolution * m, out=np.full_like(m, np.inf), where=m > 0))
    distance: Floats = np.hypot(*pulls)
    return distance
