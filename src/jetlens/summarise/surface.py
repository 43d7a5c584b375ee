"""The mean of a score over a plane, smoothed, and where it crosses one half."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import correlate1d

from jetlens.summarise.base import LEAST
from jetlens.summarise.plane import Window

MIDDLE = 0.5
"""The score on the boundary."""
_RIDGE = 0.05  # in cells squared: how much spread there must be around a cell to fit a slope
_REACH = 4  # bandwidths

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Surface:
    """A smoothed mean score over a window of the plane.

    Attributes
    ----------
    window
        The cells.
    score
        ``[y, x, replica]``: NaN where there are too few jets around a cell.
    weight
        ``[y, x]``: the nominal sum of weights.
    """

    window: Window
    score: Floats
    weight: Floats

    @property
    def above(self) -> Floats:
        """The share of replicas whose score is above one half ``[y, x]``, NaN where there is none.

        Around the boundary, what lies between 16 and 84 % is its 68 % band.
        """
        replicas = self.score[..., 1:]
        share = (replicas > MIDDLE).mean(axis=-1)
        return np.where(np.isfinite(self.score[..., 0]), share, np.nan)


def smooth(content: Floats, window: Window, bandwidth: float, entries: float) -> Surface:
    """Fit a plane to the score around each cell: local linear regression, Gaussian in distance.

    Where the jets lie to one side of a cell, a local mean would be drawn to them; a local fit is
    not. Cells with fewer than `LEAST` jets (weighted by the Gaussian, one at its middle) are left
    out, so that nothing is said where there are no jets.

    Parameters
    ----------
    content
        Sums of weights and of weights times the score ``[y, x, quantity, replica]``.
    window
        Its cells.
    bandwidth
        The Gaussian's standard deviation in cells.
    entries
        The effective number of jets per sum of weights.

    References
    ----------
    Fan and Gijbels, "Local Polynomial Modelling and Its Applications", Chapman and Hall (1996).
    """
    reach = int(np.ceil(_REACH * bandwidth))
    offset = np.arange(-reach, reach + 1, dtype=np.float64)
    bell = np.exp(-0.5 * (offset / bandwidth) ** 2)
    weight, score = content[..., 0, :], content[..., 1, :]

    def moment(values: Floats, x: int, y: int) -> Floats:
        """Sum around each cell, times powers of the distance."""
        along = correlate1d(values, bell * offset**x, axis=1, mode="constant")
        return np.asarray(correlate1d(along, bell * offset**y, axis=0, mode="constant"))

    s00 = moment(weight, 0, 0)
    rows = [
        [s00, moment(weight, 1, 0), moment(weight, 0, 1)],
        [moment(weight, 1, 0), moment(weight, 2, 0) + _RIDGE * s00, moment(weight, 1, 1)],
        [moment(weight, 0, 1), moment(weight, 1, 1), moment(weight, 0, 2) + _RIDGE * s00],
    ]
    right = np.stack([moment(score, *p) for p in ((0, 0), (1, 0), (0, 1))], axis=-1)
    enough = s00[..., 0] * entries >= LEAST
    there = enough[..., None] & (s00 > 1e-9 * max(float(s00.max(initial=0)), 1e-300))
    matrix = np.stack([np.stack(row, axis=-1) for row in rows], axis=-2)
    fitted = np.full(s00.shape, np.nan)
    fitted[there] = np.linalg.solve(matrix[there], right[there][..., None])[:, 0, 0]
    return Surface(window, fitted.clip(0, 1), weight[..., 0])
