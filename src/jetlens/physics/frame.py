"""How particles are laid out before they become an image: moved, turned, scaled, mirrored.

Each step takes away one way in which jets differ that says nothing of what they are, and each is a
function of ``[jet, particle]`` coordinates. Horizontal (x) is eta, vertical (y) is phi.
"""

from __future__ import annotations

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


def mirror(x: Floats, weights: Floats) -> Floats:
    """Mirror each jet so that the larger sum of weights has positive x ("parity flip").

    What lies on the axis, within rounding, is on neither side.
    """
    side = np.sum(weights * np.sign(x) * (np.abs(x) > ON_AXIS), axis=1)
    return x * np.where(side < 0, -1.0, 1.0)[:, None]


def to_subjets(
    x: Floats,
    y: Floats,
    weights: Floats,
    first: tuple[Floats, Floats],
    second: tuple[Floats, Floats],
) -> tuple[Floats, Floats]:
    """Put one subjet at (0, 0), the other at (0, -1), and the harder half on the right.

    Parameters
    ----------
    x, y, weights
        ``[jet, particle]``; padding has weight 0.
    first, second
        Where the subjets are, ``[jet]`` each. Where both are at the same place, the jet is centred
        there, and neither turned nor scaled.
    """
    along = second[0] - first[0], second[1] - first[1]
    x, y = centre(x, y, *first)
    x, y = rotate(x, y, downwards(*along))
    x, y = scale(x, y, np.hypot(*along))
    return mirror(x, weights), y
