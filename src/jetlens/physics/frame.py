"""How particles are laid out before they become an image: moved, turned, scaled, mirrored.

Each step takes away one way in which jets differ that says nothing of what they are, and each is a
function of ``[jet, particle]`` coordinates. Horizontal (x) is eta, vertical (y) is phi.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

ON_AXIS = 1e-9


def centre(x: Floats, y: Floats, at_x: Floats, at_y: Floats) -> tuple[Floats, Floats]:
    """Move each jet so that the point ``(at_x, at_y)`` ``[jet]`` becomes the origin."""
    return x - at_x[:, None], y - at_y[:, None]


def rotate(x: Floats, y: Floats, angle: Floats) -> tuple[Floats, Floats]:
    """Turn each jet about the origin by `angle` ``[jet]`` in rad, from x towards y."""
    cos, sin = np.cos(angle)[:, None], np.sin(angle)[:, None]
    return cos * x - sin * y, sin * x + cos * y


def downwards(x: Floats, y: Floats) -> Floats:
    """Return the angles that turn the points ``(x, y)`` ``[jet]`` to below the origin.

    A point at the origin is not turned.
    """
    return np.where(np.hypot(x, y) > 0, -np.pi / 2 - np.arctan2(y, x), 0.0)


def scale(x: Floats, y: Floats, length: Floats) -> tuple[Floats, Floats]:
    """Make `length` ``[jet]`` the unit of each jet; a jet whose length is 0 stays as it is."""
    unit = np.where(length > 0, length, 1.0)[:, None]
    return x / unit, y / unit


def heavier_side(x: Floats, weights: Floats) -> Floats:
    """Return 1 where the larger sum of weights has positive x, or both sums are equal; else -1.

    What lies on the axis, within rounding, is on neither side.
    """
    balance = np.sum(weights * np.sign(x) * (np.abs(x) > ON_AXIS), axis=1)
    side: Floats = np.where(balance < 0, -1.0, 1.0)
    return side


def mirror(x: Floats, weights: Floats) -> Floats:
    """Mirror each jet so that the larger sum of weights has positive x ("parity flip")."""
    return x * heavier_side(x, weights)[:, None]


def principal_axis(x: Floats, y: Floats, weights: Floats) -> Floats:
    """Return the angles ``[jet]`` in rad, from x, of the lines along which jets are widest.

    The spread is that of the weighted second moments about the origin. Angles lie between -pi/2
    and pi/2; a jet that is equally wide in all directions has 0.
    """
    xx, yy, xy = (np.sum(weights * product, axis=1) for product in (x * x, y * y, x * y))
    angle: Floats = 0.5 * np.arctan2(2 * xy, xx - yy)
    return angle


class Upright(NamedTuple):
    """Jets whose principal axis is vertical."""

    x: Floats
    """``[jet, particle]``."""
    y: Floats
    """``[jet, particle]``."""
    angle: Floats
    """By what the jets were turned first, ``[jet]`` in rad, from x towards y."""
    over: Floats
    """By what x and y were multiplied then, ``[jet]``: 1, or -1 where it was half a turn more."""
    flip: Floats
    """By what x was multiplied at last, ``[jet]``: 1, or -1 where a jet was mirrored."""


def upright(x: Floats, y: Floats, weights: Floats) -> Upright:
    """Turn each jet so that its principal axis is vertical, and mirror it.

    The heavier half is above, then the heavier side on the right: what is left of a jet does not
    depend on how it was turned or mirrored about the origin.

    Parameters
    ----------
    x, y, weights
        ``[jet, particle]``, from the jets' axes; padding has weight 0.
    """
    angle = np.pi / 2 - principal_axis(x, y, weights)
    x, y = rotate(x, y, angle)
    over = heavier_side(y, weights)  # a line has two ends: half a turn, if need be
    x, y = x * over[:, None], y * over[:, None]
    flip = heavier_side(x, weights)
    return Upright(x * flip[:, None], y, angle, over, flip)
