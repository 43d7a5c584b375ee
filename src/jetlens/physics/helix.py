r"""The helix of a charged particle, from its production vertex to its perigee.

A solenoid's field points along the beam axis, so a track is a circle in the transverse plane and a
straight line in (path, z). With the perigee the point of closest approach to a reference line
along z, the five parameters are those of ATLAS:

- :math:`d_0`, the transverse distance, positive where the reference lies to the right of the
  track's direction, so that the perigee is at :math:`(-d_0\sin\phi, d_0\cos\phi)`;
- :math:`z_0`, the z of the perigee relative to the reference point;
- :math:`\phi, \theta`, the direction at the perigee; :math:`q/p`, charge over momentum.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

SOLENOID = 2.0
"""The field in tesla (ATLAS's solenoid, JINST 3 S08003, section 2.2)."""

CURVATURE = 0.299792458e-3
"""GeV per (tesla mm): p_T = CURVATURE * B * R for unit charge."""


class Perigee(NamedTuple):
    """Track parameters at the perigee, each ``[track]``."""

    d0: Floats
    """Transverse impact parameter in mm."""
    z0: Floats
    """Longitudinal impact parameter in mm."""
    phi: Floats
    """Azimuth in rad, in [-pi, pi]."""
    theta: Floats
    """Polar angle in rad."""
    q_over_p: Floats
    """Charge over momentum in 1/GeV."""


def radius(pt: Floats, field: float = SOLENOID) -> Floats:
    """Return the radius of the circle in mm, for a transverse momentum in GeV and unit charge."""
    return pt / (CURVATURE * field)


def to_perigee(
    position: Floats,
    momentum: Floats,
    charge: Floats,
    reference: Floats,
    field: float = SOLENOID,
) -> Perigee:
    """Carry charged particles back along their helices to the perigee.

    Parameters
    ----------
    position
        Production vertices ``[track, xyz]`` in mm.
    momentum
        Momenta there ``[track, xyz]`` in GeV; the transverse part is not zero.
    charge
        +1 or -1, ``[track]``.
    reference
        The points that the parameters are relative to, ``[track, xyz]`` in mm.
    field
        Field along +z in tesla.

    Notes
    -----
    Exact as long as the particle was produced within half a turn of its perigee.
    """
    pt = np.hypot(momentum[:, 0], momentum[:, 1])
    phi_made = np.arctan2(momentum[:, 1], momentum[:, 0])
    cot_theta = momentum[:, 2] / pt
    bend = radius(pt, field)
    # a positive charge turns clockwise about a field along +z: its centre lies to the right
    x = position[:, 0] - reference[:, 0] + charge * bend * np.sin(phi_made)
    y = position[:, 1] - reference[:, 1] - charge * bend * np.cos(phi_made)
    d0 = charge * (bend - np.hypot(x, y))
    phi = np.arctan2(charge * x, -charge * y)
    turned = np.mod(phi - phi_made + np.pi, 2 * np.pi) - np.pi
    path = charge * bend * turned
    z0 = position[:, 2] - reference[:, 2] - path * cot_theta
    return Perigee(
        d0=d0,
        z0=z0,
        phi=phi,
        theta=np.arctan2(pt, momentum[:, 2]),
        q_over_p=charge / np.hypot(pt, momentum[:, 2]),
    )
