"""How much of an image lies in discs around places in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from jetlens.core.errors import UnsupportedError
from jetlens.core.hashing import mix, uniform

Floats = NDArray[np.float64]

_PIXELS = 1 << 21  # gone through at a time


@dataclass(frozen=True, eq=False)
class Plane:
    """Where the pixels of images are.

    Attributes
    ----------
    x, y
        Their middles, in the image's own units.
    """

    x: Floats
    y: Floats

    @classmethod
    def of(cls, jets: xr.Dataset) -> Plane:
        """Read the places of an attribution's images.

        Raises
        ------
        UnsupportedError
            If the image does not say where its pixels are.
        """
        if not ("x" in jets.coords and "y" in jets.coords):
            raise UnsupportedError(
                "the image does not say where its pixels are, so that no region can be found in "
                "it: images of jetlens's datasets do"
            )
        x, y = (np.asarray(jets.coords[a].values, dtype=np.float64) for a in "xy")
        return cls(x, y)

    @property
    def window(self) -> tuple[float, float, float, float]:
        """Left, right, bottom and top of the image."""
        ends: list[float] = []
        for at in (self.x, self.y):
            half = (at[-1] - at[0]) / max(len(at) - 1, 1) / 2
            ends += [float(at[0] - half), float(at[-1] + half)]
        return ends[0], ends[1], ends[2], ends[3]

    @property
    def middle(self) -> Floats:
        """The image's middle ``[x, y]``."""
        left, right, bottom, top = self.window
        return np.array([left + right, bottom + top]) / 2

    @property
    def reach(self) -> float:
        """The radius of the largest circle in the image."""
        left, right, bottom, top = self.window
        return min(right - left, top - bottom) / 2


def inside(
    plane: Plane, centres: Floats, radii: Sequence[float], maps: Sequence[NDArray[np.floating]]
) -> Floats:
    """Sum maps over the discs around places; pixels in several discs count once.

    Parameters
    ----------
    plane
        Where the pixels are.
    centres
        ``[jet, disc, (x, y)]``; NaN where a jet has fewer discs.
    radii
        Of the discs, rising, in the plane's units. A pixel is inside if its middle is nearer.
    maps
        Each ``[jet, y, x]``.

    Returns
    -------
    Sums ``[jet, map, radius]``.
    """
    limits = np.asarray(radii, dtype=np.float64) ** 2
    found = np.zeros((len(centres), len(maps), len(limits)))
    bins = len(limits) + 1
    step = max(_PIXELS // (len(plane.x) * len(plane.y)), 1)
    for first in range(0, len(centres), step):
        some = slice(first, first + step)
        squared = nearest(plane, centres[some])
        place = np.searchsorted(limits, squared.reshape(len(squared), -1), side="right")
        place += bins * np.arange(len(place))[:, None]
        for m, each in enumerate(maps):
            summed = np.bincount(place.ravel(), each[some].ravel(), minlength=bins * len(place))
            found[some, m] = summed.reshape(-1, bins)[:, :-1].cumsum(axis=1)
    return found


def nearest(plane: Plane, centres: Floats) -> Floats:
    """Return the squared distance of pixels from the nearest place ``[jet, y, x]``.

    It is infinite where a jet has no place.
    """
    shape = (len(centres), len(plane.y), len(plane.x))
    found = np.full(shape, np.inf)
    for k in range(centres.shape[1]):
        at = np.where(np.isnan(centres[:, k]), np.inf, centres[:, k])
        across = (plane.x - at[:, :1]) ** 2
        along = (plane.y - at[:, 1:]) ** 2
        np.minimum(found, along[:, :, None] + across[:, None, :], out=found)
    return found


def scattered(plane: Plane, centres: Floats, key: NDArray[np.int64], draw: int) -> Floats:
    """Return as many places ``[jet, disc, (x, y)]``, at random in the image's largest circle.

    Parameters
    ----------
    plane
        Where the pixels are.
    centres
        The jets' own places.
    key
        ``[jet]``, what the random numbers depend on.
    draw
        Chooses independent ones.
    """
    each = mix(key[:, None] ^ mix(np.arange(centres.shape[1]), draw).view(np.int64)[None])
    each = each.view(np.int64)
    distance = plane.reach * np.sqrt(uniform(each, 1))
    angle = 2 * np.pi * uniform(each, 2)
    placed = np.stack([distance * np.cos(angle), distance * np.sin(angle)], axis=-1)
    return np.where(np.isnan(centres), np.nan, plane.middle + placed)


def turned(plane: Plane, centres: Floats, key: NDArray[np.int64], draw: int) -> Floats:
    """Return each jet's own places, turned together about the image's middle by a random angle.

    Parameters
    ----------
    plane, centres, key, draw
        As for `scattered`.
    """
    angle = 2 * np.pi * uniform(key, 3 + draw)[:, None]
    x, y = np.moveaxis(centres - plane.middle, -1, 0)
    sine, cosine = np.sin(angle), np.cos(angle)
    found: Floats = plane.middle + np.stack([cosine * x - sine * y, sine * x + cosine * y], axis=-1)
    return found
