"""Where a jet lies in its image: one move for its particles, its prongs and its partons."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from jetlens.physics import frame
from jetlens.physics.frame import centre, downwards, heavier_side, rotate, scale
from jetlens.physics.kinematics import delta_phi

Floats = NDArray[np.float64]
Point = tuple[Floats, Floats]
"""x and y, ``[jet]`` each."""


class Placing(NamedTuple):
    """What is done to places of jets, in this order; each ``[jet]``."""

    at: Point
    """This point becomes the origin."""
    angle: Floats
    """Turned about the origin by so much, in rad, from x towards y."""
    length: Floats
    """This length becomes the unit; where it is 0, the jet stays as it is."""
    flip_x: Floats
    """1, or -1 where x is mirrored."""
    flip_y: Floats
    """1, or -1 where y is mirrored."""
    round_y: bool = False
    """Whether y is an azimuth, in which distances are the shorter way round."""

    def __call__(self, x: Floats, y: Floats) -> Point:
        """Place points ``[jet, point]``."""
        if self.round_y:
            x, y = x - self.at[0][:, None], delta_phi(y, self.at[1][:, None])
        else:
            x, y = centre(x, y, *self.at)
        x, y = rotate(x, y, self.angle)
        x, y = scale(x, y, self.length)
        return x * self.flip_x[:, None], y * self.flip_y[:, None]


def centred(x: Floats, y: Floats, weights: Floats, *, round_y: bool = False) -> Placing:
    """Put the weighted mean of a jet's particles at the origin; a jet without any stays there.

    Parameters
    ----------
    x, y, weights
        ``[jet, particle]``; padding has weight 0.
    round_y
        Whether y is an azimuth.
    """
    none, one = np.zeros(len(x)), np.ones(len(x))
    total = np.where(weights.sum(axis=1) > 0, weights.sum(axis=1), 1.0)
    start = np.take_along_axis(y, weights.argmax(axis=1)[:, None], axis=1) if x.size else y[:, :0]
    start = start.sum(axis=1)
    away = delta_phi(y, start[:, None]) if round_y else y - start[:, None]
    at = (x * weights).sum(axis=1) / total, start + (away * weights).sum(axis=1) / total
    return Placing(at, none, none, one, one, round_y)


def upright(x: Floats, y: Floats, weights: Floats, *, round_y: bool = False) -> Placing:
    """Centre jets, turn them so that their principal axis is vertical, and mirror them.

    The heavier half is above, then the heavier side on the right; else as `centred`.
    """
    first = centred(x, y, weights, round_y=round_y)
    _, _, angle, over, flip = frame.upright(*first(x, y), weights)
    return first._replace(angle=angle, flip_x=over * flip, flip_y=over)


def to_subjets(x: Floats, y: Floats, weights: Floats, first: Point, second: Point) -> Placing:
    """Put the first subjet at the origin and the second at (0, -1), the heavier side on the right.

    Where both are at one place, jets are only moved, and mirrored.

    Parameters
    ----------
    x, y, weights
        ``[jet, particle]``; padding has weight 0.
    first, second
        Where the subjets are, in the same units.
    """
    along = second[0] - first[0], second[1] - first[1]
    one = np.ones(len(x))
    placing = Placing(first, downwards(*along), np.hypot(*along), one, one)
    return placing._replace(flip_x=heavier_side(placing(x, y)[0], weights))
