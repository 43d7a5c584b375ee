"""Angles and momenta: azimuth differences, distances in (eta, phi), conversions."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def delta_phi(phi1: Floats, phi2: Floats) -> Floats:
    """Return ``phi1 - phi2`` brought into [-pi, pi), in rad."""
    difference: Floats = np.mod(phi1 - phi2 + np.pi, 2 * np.pi) - np.pi
    return difference


def delta_r(eta1: Floats, phi1: Floats, eta2: Floats, phi2: Floats) -> Floats:
    """Return the distance sqrt(deta^2 + dphi^2)."""
    distance: Floats = np.hypot(eta1 - eta2, delta_phi(phi1, phi2))
    return distance


def pt_of(px: Floats, py: Floats) -> Floats:
    """Return the transverse momentum, in the units of its components."""
    pt: Floats = np.hypot(px, py)
    return pt


def eta_of(px: Floats, py: Floats, pz: Floats) -> Floats:
    """Return the pseudorapidity; along the beam it is very large rather than infinite."""
    pt = np.hypot(px, py)
    eta: Floats = np.arcsinh(pz / np.maximum(pt, np.abs(pz) * 1e-30 + 1e-300))
    return eta


def eta_of_theta(theta: Floats) -> Floats:
    """Return the pseudorapidity of a polar angle in rad."""
    eta: Floats = -np.log(np.tan(theta / 2))
    return eta


def mass_of(momentum: Floats) -> Floats:
    """Return the masses of ``[..., (px, py, pz, E)]``; 0 where rounding makes them imaginary."""
    px, py, pz, energy = np.moveaxis(momentum, -1, 0)
    mass: Floats = np.sqrt(np.maximum(energy**2 - px**2 - py**2 - pz**2, 0.0))
    return mass


def rapidity_of(pz: Floats, energy: Floats) -> Floats:
    """Return the rapidity arctanh(pz / E); 0 where there is no energy."""
    velocity = np.divide(pz, energy, out=np.zeros(np.shape(energy)), where=energy > 0)
    rapidity: Floats = np.arctanh(velocity)
    return rapidity


def momentum_of(pt: Floats, rapidity: Floats, phi: Floats, mass: Floats) -> Floats:
    """Return the momenta ``[..., (px, py, pz, E)]`` of these, in the units of pt and mass."""
    transverse = np.hypot(pt, mass)
    return np.stack(
        [
            pt * np.cos(phi),
            pt * np.sin(phi),
            transverse * np.sinh(rapidity),
            transverse * np.cosh(rapidity),
        ],
        axis=-1,
    )
