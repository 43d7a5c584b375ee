"""How wide electromagnetic showers are: a core and a tail, both wider deeper in the shower.

The homogeneous media of Grindhammer and Peters, hep-ex/0001020, appendix A.1. Radii r are in
Moliere radii, tau is the depth in units of the shower's maximum. (Of the tail, Geant4 has 0.0412 ln
E where CMS and others who cite the paper have 0.0421, as here.) ::

    f(r) = p 2 r R_C^2 / (r^2 + R_C^2)^2 + (1 - p) 2 r R_T^2 / (r^2 + R_T^2)^2
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from jetlens.physics.showers.table import Z

Floats = NDArray[np.float64]


class Width(NamedTuple):
    """Radial distributions: the medians of core and tail, and the core's share."""

    core: Floats
    tail: Floats
    share: Floats

    def inside(self, radius: Floats) -> Floats:
        """Return the share of energy within a radius, in Moliere radii."""
        core, tail = (radius**2 / (radius**2 + median**2) for median in (self.core, self.tail))
        inside: Floats = self.share * core + (1 - self.share) * tail
        return inside


def width(tau: Floats, energy: Floats) -> Width:
    """Return the radial distribution at depths tau of electrons of some energies in GeV."""
    ln_e = np.log(energy)
    core = 0.0251 + 0.00319 * ln_e + (0.1162 - 0.000381 * Z) * tau
    beyond = tau - 0.645
    slow = (0.3585 + 0.0421 * ln_e) * beyond
    tail = (0.659 - 0.00309 * Z) * (np.exp(-2.59 * beyond) + np.exp(slow))
    near = (0.401 + 0.00187 * Z - tau) / (1.313 - 0.0686 * ln_e)
    share = (2.632 - 0.00094 * Z) * np.exp(near - np.exp(near))
    return Width(np.maximum(core, 1e-3), tail, share)


def draw(widths: Width, rng: np.random.Generator) -> Floats:
    """Draw a radius of each distribution, in Moliere radii."""
    which, u = rng.random((2, *widths.core.shape))
    median = np.where(which < widths.share, widths.core, widths.tail)
    return radius(median, u)


def radius(median: Floats, u: Floats) -> Floats:
    """Return the radius within which 2 r R^2 / (r^2 + R^2)^2 has the share `u` below 1."""
    r: Floats = median * np.sqrt(u / (1 - u))
    return r
