"""The mean of a score over a plane, smoothed, and where it crosses one half."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import correlate1d

from jetlens.summarise.estimates import LEAST
from jetlens.summarise.sums.plane import Window

MIDDLE = 0.5
"""The score on the boundary."""
_RIDGE = 0.05  # in cells squared: how much spread there must be around a cell to fit a slope
WIDEST = 4.0
"""How many times wider than asked for the smoothing may become where there are few jets."""
_WIDTHS = 7  # that are tried
_REACH = 3  # widths
_LEAST_SPREAD = 1e-6

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
    def pull(self) -> Floats:
        """How many standard deviations (over replicas) the score is from one half ``[y, x]``.

        The boundary's 68 % band lies between -1 and 1; NaN where there is no score.
        """
        spread = self.score[..., 1:].std(axis=-1)
        nominal = self.score[..., 0] - MIDDLE
        return np.asarray(nominal / np.maximum(spread, _LEAST_SPREAD))


def smooth(content: Floats, window: Window, bandwidth: float, entries: float) -> Surface:
    """Fit a plane to the score around each cell: local linear regression, Gaussian in distance.

    Where the jets lie to one side of a cell, a local mean would be drawn to them; a local fit is
    not. Around each cell the Gaussian is as wide as it must be to hold `LEAST` jets (one at its
    middle counting as one), from `bandwidth` to `WIDEST` times that. Cells that do not even have so
    many around them then are left out, so that nothing is said where there are no jets.

    Parameters
    ----------
    content
        Sums of weights and of weights times the score ``[y, x, quantity, replica]``.
    window
        Its cells.
    bandwidth
        The Gaussian's least standard deviation in cells.
    entries
        The effective number of jets per sum of weights.

    References
    ----------
    Fan and Gijbels, "Local Polynomial Modelling and Its Applications", Chapman and Hall (1996).
    """
    weight, score = content[..., 0, :], content[..., 1, :]
    fitted = np.full(weight.shape, np.nan)
    todo = np.ones(weight.shape[:2], dtype=bool)
    for width in bandwidth * np.geomspace(1, WIDEST, _WIDTHS):
        around = _moment(weight[..., :1], width, 0, 0)[..., 0]
        here = todo & (around * entries >= LEAST)
        if here.any():
            fitted[here] = _fit(weight, score, width, here)
            todo &= ~here
    return Surface(window, fitted.clip(0, 1), weight[..., 0])


def _fit(weight: Floats, score: Floats, width: float, here: NDArray[np.bool_]) -> Floats:
    """Return the fitted score ``[cell, replica]`` of some cells, with one width."""
    s = {(x, y): _moment(weight, width, x, y)[here] for x in range(3) for y in range(3 - x)}
    ridge = _RIDGE * s[0, 0]
    rows = (
        (s[0, 0], s[1, 0], s[0, 1]),
        (s[1, 0], s[2, 0] + ridge, s[1, 1]),
        (s[0, 1], s[1, 1], s[0, 2] + ridge),
    )
    matrix = np.stack([np.stack(row, axis=-1) for row in rows], axis=-2)
    powers = ((0, 0), (1, 0), (0, 1))
    right = np.stack([_moment(score, width, *p)[here] for p in powers], axis=-1)
    found = np.full(s[0, 0].shape, np.nan)
    there = s[0, 0] > 1e-9 * max(float(s[0, 0].max(initial=0)), 1e-300)  # a replica may have none
    found[there] = np.linalg.solve(matrix[there], right[there][..., None])[:, 0, 0]
    return found


def _moment(values: Floats, width: float, x: int, y: int) -> Floats:
    """Sum around each cell ``[y, x, replica]``, weighted, times powers of the distance."""
    offset = np.arange(-(reach := int(np.ceil(_REACH * width))), reach + 1, dtype=np.float64)
    bell = np.exp(-0.5 * (offset / width) ** 2)
    along = correlate1d(values, bell * offset**x, axis=1, mode="constant")
    return np.asarray(correlate1d(along, bell * offset**y, axis=0, mode="constant"))
