"""How deep electromagnetic showers are: a gamma distribution whose parameters fluctuate together.

The homogeneous media of Grindhammer and Peters, hep-ex/0001020, appendix A.1. Depths t are in
radiation lengths, y is the energy over the critical energy, T the depth of the maximum::

    dE/dt / E = (beta t)^(alpha - 1) beta exp(-beta t) / Gamma(alpha),   T = (alpha - 1) / beta
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from jetlens.physics.showers.table import CRITICAL_ENERGY, LEAST_ALPHA, LEAST_Y, Z

Floats = NDArray[np.float64]


class Depth(NamedTuple):
    """The gamma distribution of each cascade's energy in depth, and the scale of its shape."""

    alpha: Floats
    beta: Floats
    """Per radiation length."""
    scale: Floats
    """exp<ln alpha> / (exp<ln alpha> - 1): tau is this times the depth over its mean."""

    @property
    def mean(self) -> Floats:
        """The mean depth in radiation lengths."""
        mean: Floats = self.alpha / self.beta
        return mean


def log_y(energy: Floats) -> Floats:
    """Return the logarithm of energies (GeV) over the critical energy, at least `LEAST_Y`."""
    found: Floats = np.log(np.maximum(energy / CRITICAL_ENERGY, LEAST_Y.value))
    return found


def average(energy: Floats) -> Depth:
    """Return the average profile of electrons of some energies ``[cascade]`` in GeV."""
    ln_y = log_y(energy)
    alpha = 0.21 + (0.492 + 2.38 / Z) * ln_y
    top = ln_y - 0.858
    return Depth(alpha, (alpha - 1) / top, alpha / (alpha - 1))


def fluctuated(energy: Floats, rng: np.random.Generator) -> Depth:
    """Draw the profile of each of some electrons ``[cascade]``, whose energies are in GeV."""
    ln_y = log_y(energy)
    one, other = rng.normal(size=(2, *ln_y.shape))
    rho = 0.705 - 0.023 * ln_y
    shared, apart = np.sqrt((1 + rho) / 2) * one, np.sqrt((1 - rho) / 2) * other
    mean_alpha = 0.81 + (0.458 + 2.26 / Z) * ln_y
    top = (ln_y - 0.812) * np.exp((shared + apart) / (1.26 * ln_y - 1.4))
    alpha = mean_alpha * np.exp((shared - apart) / (0.86 * ln_y - 0.58))
    alpha = np.maximum(alpha, LEAST_ALPHA.value)
    return Depth(alpha, (alpha - 1) / top, mean_alpha / (mean_alpha - 1))
