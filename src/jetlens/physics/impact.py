"""Signed impact parameters: on which side of the primary vertex a track crosses its jet.

A particle from a decay downstream crosses the jet axis in front of the vertex (positive sign); a
mismeasured track of the vertex itself crosses before or behind it equally often (arXiv:2211.16345,
section 3: IP2D and IP3D).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from jetlens.physics.kinematics import delta_phi

Floats = NDArray[np.float64]


def d0_sign(d0: Floats, phi: Floats, jet_phi: Floats) -> Floats:
    """Return +1 where the track crosses the jet in front of the vertex, in the transverse plane.

    Parameters
    ----------
    d0
        Transverse impact parameters in mm, in ATLAS's sign (see `jetlens.physics.helix`).
    phi, jet_phi
        Azimuths of track and jet in rad.
    """
    sign: Floats = np.where(np.sin(delta_phi(jet_phi, phi)) * d0 >= 0, 1.0, -1.0)
    return sign


def z0_sign(z0: Floats, eta: Floats, jet_eta: Floats) -> Floats:
    """Return +1 where the track crosses the jet axis in front of the vertex along the beam.

    Parameters
    ----------
    z0
        Longitudinal impact parameters in mm (z0 or z0 sin(theta): the sign is the same).
    eta, jet_eta
        Pseudorapidities of track and jet.
    """
    sign: Floats = np.where((jet_eta - eta) * z0 >= 0, 1.0, -1.0)
    return sign


def significance(value: Floats, uncertainty: Floats, sign: Floats) -> Floats:
    """Return the lifetime-signed significance ``sign * |value| / uncertainty``."""
    signed: Floats = sign * np.abs(value) / uncertainty
    return signed


def trackless(values: Sequence[Floats], charge: Floats | None) -> NDArray[np.bool_]:
    """Say which particles have no track.

    Parameters
    ----------
    values
        What is known of their impact parameters, each ``[jet, particle]``: where all of it is 0,
        nothing was measured.
    charge
        Their charges; None where these are not known.
    """
    found: NDArray[np.bool_] = np.all([v == 0 for v in values], axis=0)
    return found if charge is None else found | (charge == 0)
