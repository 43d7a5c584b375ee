"""Regions of interest in an image: discs around prongs, and discs that are not.

A pixel is in a disc if its middle is: its area is that of its pixels, and a null of equal area is
one of as many pixels. A sum over a region, its area and whatever is compared with it share these
pixels, so that what is coarse cancels in their ratios.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from jetlens.core.errors import BadValueError
from jetlens.core.hashing import uniform
from jetlens.physics.image import Window

Floats = NDArray[np.floating]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

_SALT = 1 << 20  # away from those of splits and bootstraps
_PARTNER = 1 << 22


def discs(
    x: Floats,
    y: Floats,
    real: Bools,
    radius: float,
    *,
    across: Floats,
    up: Floats,
) -> Bools:
    """Return which pixels are in a disc, ``[jet, y, x]``; discs may overlap.

    Parameters
    ----------
    x, y
        The discs' middles ``[jet, disc]``, in the image's frame; y is vertical.
    real
        Which of them there are, ``[jet, disc]``.
    radius
        Of all of them, in the image's units.
    across, up
        The pixels' middles in x and in y, as the image's `places` hold them.

    Raises
    ------
    BadValueError
        If the radius is not above 0.
    """
    check_radius(radius)
    inside = np.zeros((len(x), len(up), len(across)), dtype=bool)
    for k in range(x.shape[1]):
        own = np.flatnonzero(real[:, k])
        away_x, away_y = across - x[own, k, None], up - y[own, k, None]
        left = radius**2 - away_x**2  # of the squared distance, for y
        inside[own] |= (away_y**2)[:, :, None] <= left[:, None, :]
    return inside


def within(px: Floats, py: Floats, x: Floats, y: Floats, real: Bools, radius: float) -> Bools:
    """Return which points ``[jet, point]`` at (px, py) are in a disc; else as `discs`."""
    check_radius(radius)
    away_x, away_y = px[:, :, None] - x[:, None, :], py[:, :, None] - y[:, None, :]
    near = away_x**2 + away_y**2 <= radius**2
    found: Bools = np.any(near & real[:, None, :], axis=2)
    return found


def area(region: Bools) -> Floats:
    """Return the share of each image that a region ``[jet, y, x]`` covers, ``[jet]``."""
    share: Floats = region.mean(axis=(1, 2))
    return share


def share(image: Floats, region: Bools) -> Floats:
    """Return the share of each image ``[jet, y, x]`` inside its region, ``[jet]``.

    NaN where an image adds up to 0.
    """
    inside = np.einsum("jyx,jyx->j", image, region, dtype=np.float64)
    total = image.sum(axis=(1, 2), dtype=np.float64)
    found: Floats = np.divide(inside, total, out=np.full(len(image), np.nan), where=total != 0)
    return found


def random_places(
    row: Ints, discs: int, radius: float, window: Window, *, draw: int = 0
) -> tuple[Floats, Floats]:
    """Return middles of discs that lie anywhere in the image, whole: x and y ``[jet, disc]``.

    Parameters
    ----------
    row
        The jets' rows: a jet's places depend on it alone.
    discs
        How many a jet.
    radius
        Theirs.
    window
        The image's ``(left, right, bottom, top)``.
    draw
        Which of many independent draws.

    Raises
    ------
    BadValueError
        If a disc does not fit into the image.
    """
    check_radius(radius)
    left, right, bottom, top = window
    most = min(right - left, top - bottom) / 2
    if radius > most * (1 + 1e-9):  # ends of a window have been rounded
        ends = " x ".join(f"({low:g}, {high:g})" for low, high in ((left, right), (bottom, top)))
        raise BadValueError(
            f"radius = {radius:g}: a disc does not fit into the image's window {ends}; expected at "
            f"most {most:g}"
        )
    places = []
    for axis, (low, high) in enumerate(((left, right), (bottom, top))):
        drawn = [uniform(row, _SALT + (draw << 9) + 2 * k + axis) for k in range(discs)]
        shares = np.stack(drawn, axis=1) if drawn else np.zeros((len(row), 0))
        places.append(low + radius + shares * (high - low - 2 * radius))
    return places[0], places[1]


def partners(group: Ints, event: Ints, row: Ints, *, among: Ints, among_event: Ints) -> Ints:
    """Return for each jet one of some others, of its group and another event, ``[jet]``.

    It is drawn by a hash of the jet's row; -1 where there is none.

    Parameters
    ----------
    group
        ``[jet]``, such as the jets' classes.
    event, row
        Theirs ``[jet]``.
    among, among_event
        Group and event of the others, ``[other]``.
    """
    found = np.full(len(group), -1, dtype=np.int64)
    for one in np.unique(group):
        own, others = np.flatnonzero(group == one), np.flatnonzero(among == one)
        first = (uniform(row[own], _PARTNER) * len(others)).astype(np.int64)
        for step in range(len(others)):  # rarely more than once: events have few jets
            left = np.flatnonzero(found[own] < 0)
            if not len(left):
                break
            other = others[(first[left] + step) % len(others)]
            fits = among_event[other] != event[own[left]]
            found[own[left[fits]]] = other[fits]
    return found


def check_radius(radius: float) -> None:
    """Refuse a radius that is no size.

    Raises
    ------
    BadValueError
        If it is not above 0.
    """
    if not (np.isfinite(radius) and radius > 0):
        raise BadValueError(f"radius = {radius}: expected a size above 0")
