"""How much of a hit falls into each pixel, if a hit has a size: exact integrals, no samples.

A hit is a product of one profile in x and the same in y, so that its share of a pixel is a product,
too.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]
Ints = NDArray[np.int64]
Profile = Callable[[Floats], Floats]
"""The share of a hit that lies before a place, which is measured from the hit's middle in units of
its reach: 0 at -1 and before, 1 at 1 and beyond."""

SIGMAS = 3.0
"""Where a Gaussian is cut off, in standard deviations."""


def even(place: Floats) -> Floats:
    """Return the profile of a hit that is spread evenly over its reach."""
    before: Floats = np.clip((place + 1) / 2, 0, 1)
    return before


def gaussian(place: Floats) -> Floats:
    """Return the profile of a Gaussian hit, whose reach is `SIGMAS` standard deviations."""
    from scipy.special import ndtr

    beyond = ndtr(-SIGMAS)
    before: Floats = np.clip((ndtr(SIGMAS * place) - beyond) / (1 - 2 * beyond), 0, 1)
    return before


def touched(reach: float, edges: Floats) -> int:
    """Return how many pixels a hit touches at most, in one direction: no more than there are."""
    if not reach:
        return 1
    return int(min(np.ceil(2 * reach / _width(edges)) + 1, len(edges) - 1))


def shares(
    middles: Floats, edges: Floats, reach: float, profile: Profile
) -> tuple[Ints, NDArray[np.float64]]:
    """Return the pixels that hits touch in one direction, and their shares in these.

    Parameters
    ----------
    middles
        Where the hits are, ``[hit]``; finite.
    edges
        Of the pixels, equally far from each other.
    reach
        How far a hit reaches from its middle to each side.
    profile
        How it is spread.

    Returns
    -------
    Pixels ``[hit, k]``, and shares ``[hit, k]``: 0 where a pixel is not in the image.
    """
    width, pixels = _width(edges), len(edges) - 1
    many = touched(reach, edges)
    if many == pixels:  # all of them may be touched, wherever a hit begins
        start = np.zeros(len(middles), dtype=np.int64)
    else:  # whatever is far outside is one pixel outside, and numbers stay small
        begin = np.floor((middles - reach - edges[0]) / width)
        start = np.clip(begin, -many, pixels).astype(np.int64)
    step = np.arange(many + 1)
    places = edges[0] + (start[:, None] + step) * width
    share = np.diff(profile((places - middles[:, None]) / reach), axis=1).astype(np.float64)
    pixel = start[:, None] + step[:-1]
    share[(pixel < 0) | (pixel >= pixels)] = 0
    return np.clip(pixel, 0, pixels - 1), share


def _width(edges: Floats) -> float:
    return float(edges[-1] - edges[0]) / (len(edges) - 1)
