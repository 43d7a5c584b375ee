"""The record of a reconstructed track, between detector and file; its impact parameters."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from jetlens.data.detector import table
from jetlens.physics.impact import d0_sign, significance, z0_sign
from jetlens.physics.kinematics import eta_of_theta

Floats = NDArray[np.float64]

PARAMETERS = ("d0", "z0", "phi", "theta", "q_over_p")

TRACK = np.dtype(
    [
        ("event", np.int64),
        ("origin", np.int8),
        ("made", np.float64, 3),  # true production vertex in mm
        *((name, np.float64) for name in PARAMETERS),  # mm, mm, rad, rad, 1/GeV
        ("sigma", np.float64, len(PARAMETERS)),  # their uncertainties
        ("hits", np.int16, len(table.BARREL.value) + len(table.DISKS.value)),
        ("pixel_holes", np.int16),
        ("strip_holes", np.int16),
    ]
)
"""A reconstructed track; parameters relative to the reconstructed hard-scatter vertex."""

Tracks = NDArray[np.void]


class Impact(NamedTuple):
    """How far tracks pass from the primary vertex, each ``[track]``."""

    z0_sin: Floats
    """z0 sin(theta) in mm."""
    z0_sin_sigma: Floats
    """Its uncertainty in mm, the vertex's left out."""
    d0_significance: Floats
    """Lifetime-signed."""
    z0_significance: Floats
    """Of z0 sin(theta), lifetime-signed."""


def impact(tracks: Tracks, vertex_sigma: Floats, jet_eta: Floats, jet_phi: Floats) -> Impact:
    """Return the impact parameters of tracks with respect to the vertex and their jets.

    Parameters
    ----------
    tracks
        The tracks.
    vertex_sigma
        Uncertainty of the vertex in the transverse plane and in z, ``[track, 2]`` in mm.
    jet_eta, jet_phi
        Direction of each track's jet.
    """
    d0_sigma, z0_sigma, _, theta_sigma, _ = tracks["sigma"].T
    theta, phi, d0 = tracks["theta"], tracks["phi"], tracks["d0"]
    sin, cos, eta = np.sin(theta), np.cos(theta), eta_of_theta(theta)
    z0_sin = tracks["z0"] * sin
    z0_sin_sigma = np.hypot(sin * z0_sigma, tracks["z0"] * cos * theta_sigma)
    vertex_xy, vertex_z = vertex_sigma.T
    # the vertex's own uncertainty is part of how far a track is from it
    return Impact(
        z0_sin,
        z0_sin_sigma,
        significance(d0, np.hypot(d0_sigma, vertex_xy), d0_sign(d0, phi, jet_phi)),
        significance(z0_sin, np.hypot(z0_sin_sigma, sin * vertex_z), z0_sign(z0_sin, eta, jet_eta)),
    )
