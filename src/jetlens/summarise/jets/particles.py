"""The particles of the selected jets: scaled scores, values, and the ranking by attribution."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from jetlens.core.attribution import MASK, SCORE, VALUE, collections
from jetlens.core.errors import look_up

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Particles:
    """Scores and values ``[jet, particle, feature]``, zero where `mask` is False."""

    names: tuple[str, ...]
    score: Floats
    value: Floats
    mask: NDArray[np.bool_]

    @classmethod
    def read(cls, jets: xr.Dataset, collection: str, scale: Floats) -> Particles:
        """Take a collection's particles, their scores multiplied by each jet's `scale`."""
        sequences = {c: c for c in collections(jets) if c + MASK in jets}
        look_up("collection of particles", collection, sequences)
        mask = jets[collection + MASK].values
        real = mask[..., None]
        names = tuple(str(n) for n in jets[f"{collection}_feature"].values)
        return cls(
            names,
            np.where(real, jets[collection + SCORE].values, 0) * scale[:, None, None],
            np.where(real, jets[collection + VALUE].values, 0).astype(np.float64),
            mask,
        )

    def ranked(self, most: int) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Rank each jet's particles by the sum of their scores, the largest first.

        Returns
        -------
        Positions ``[jet, rank]`` and whether there is a particle of that rank ``[jet, rank]``.
        """
        jets, places = self.mask.shape
        total = np.where(self.mask, self.score.sum(axis=2), -np.inf)
        order = np.argsort(-total, axis=1, kind="stable")[:, :most]
        short = max(most - places, 0)
        real = np.arange(most) < self.mask.sum(axis=1)[:, None]
        return np.pad(order, ((0, 0), (0, short))), real.reshape(jets, most)
