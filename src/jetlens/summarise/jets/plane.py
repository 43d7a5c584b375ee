"""Where the pixels of an attribution's images are."""

from __future__ import annotations

import json
from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from jetlens.core.errors import UnsupportedError
from jetlens.core.units import Feature
from jetlens.physics.image import Window

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Plane:
    """Where the pixels of images are.

    Attributes
    ----------
    x, y
        Their middles, in the image's own units.
    axes
        What these are.
    """

    x: Floats
    y: Floats
    axes: dict[str, Feature]

    @classmethod
    def of(cls, jets: xr.Dataset) -> Plane:
        """Read the places of an attribution's images.

        Raises
        ------
        UnsupportedError
            If the image does not say where its pixels are.
        """
        if not all(axis in jets.coords and jets.sizes[axis] > 1 for axis in "xy"):
            raise UnsupportedError(
                "the image does not say where its pixels are, so that no region can be found in "
                "it: images of jetlens's datasets do"
            )
        x, y = (np.asarray(jets.coords[a].values, dtype=np.float64) for a in "xy")
        axes = {a: Feature.from_dict(json.loads(jets.coords[a].attrs["feature"])) for a in "xy"}
        return cls(x, y, axes)

    @property
    def pixel(self) -> float:
        """How wide a pixel is."""
        return float(self.x[-1] - self.x[0]) / (len(self.x) - 1)

    @property
    def window(self) -> Window:
        """Left, right, bottom and top of the image."""
        ends: list[float] = []
        for at in (self.x, self.y):
            half = (at[-1] - at[0]) / (len(at) - 1) / 2
            ends += [float(at[0] - half), float(at[-1] + half)]
        return ends[0], ends[1], ends[2], ends[3]

    @property
    def middle(self) -> Floats:
        """The image's middle ``[x, y]``."""
        left, right, bottom, top = self.window
        return np.array([left + right, bottom + top]) / 2
