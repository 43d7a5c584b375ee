"""The fixed ladder of nested binnings that adaptive sums use: they merge exactly.

Bins are equally wide in ``asinh(x / SCALE)``: linear around zero, logarithmic away from it; or, on
a linear ladder, in x itself. Each binning is half as fine as the one before. A bin is its place at
the finest level, shifted by its level. Which level is needed depends on nothing but the set of
values.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

SCALE = 1e-9
"""Below this, bins are linear; attributions and features are far larger."""
_FINEST = 2.0**-30  # width of the finest bins in asinh(x / SCALE)
_ZERO = 2**41  # the finest bin that begins at x = 0; asinh of the largest value is below 2^11
_LEVELS = 64
_LARGEST = 1e290  # larger values, infinity too, count as this
_STEP = 2.0**-24  # width of the finest bins of the linear ladder
_MIDDLE = 2**51  # its finest bin that begins at x = 0: places are whole numbers in float64, too
UNIT = (_MIDDLE, 24)
"""Place and level of the bin of the linear ladder that reaches from 0 to 1."""

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


def place_of(values: Floats, linear: bool) -> Integers:
    """Return the finest bins that values lie in; on a linear ladder, beyond 1e8 all is one."""
    if linear:
        return np.floor(np.clip(values, -1e8, 1e8) / _STEP).astype(np.int64) + _MIDDLE
    finite = np.clip(values, -_LARGEST, _LARGEST)
    return np.floor(np.arcsinh(finite / SCALE) / _FINEST).astype(np.int64) + _ZERO


def begin(place: Integers, linear: bool) -> Floats:
    """Return where finest bins begin."""
    if linear:
        return np.asarray((place - _MIDDLE) * _STEP)
    return np.asarray(SCALE * np.sinh((place - _ZERO) * _FINEST))


def unique(cell: Integers, place: Integers) -> tuple[Integers, Integers]:
    """Return the sorted, distinct pairs of cell and place."""
    return unique_inverse(cell, place)[:2]


def unique_inverse(cell: Integers, place: Integers) -> tuple[Integers, Integers, Integers]:
    """Return the sorted, distinct pairs of cell and place, and which of them each pair is."""
    order = np.lexsort((place, cell))
    cell, place = cell[order], place[order]
    new = np.ones(len(cell), bool)
    new[1:] = (cell[1:] != cell[:-1]) | (place[1:] != place[:-1])
    inverse = np.empty(len(order), np.int64)
    inverse[order] = np.cumsum(new) - 1
    return cell[new], place[new], inverse


def summed(cell: Integers, place: Integers, content: Floats) -> tuple[Integers, Integers, Floats]:
    """Add up the contents of bins that have become the same."""
    cell_of_bin, place_of_bin, inverse = unique_inverse(cell, place)
    into = csr_array(
        (np.ones(len(inverse)), (inverse, np.arange(len(inverse)))),
        shape=(len(cell_of_bin), len(inverse)),
    )
    return cell_of_bin, place_of_bin, np.asarray(into @ content, dtype=np.float64)


def rise_of(cell: Integers, place: Integers, cells: int, most: int) -> Integers:
    """Return how many levels each cell's sorted, distinct bins must rise to be `most` or fewer."""
    same = cell[1:] == cell[:-1]
    # two neighbours share a bin once the shift reaches the highest bit in which they differ
    bits = np.frexp((place[1:] ^ place[:-1]).astype(np.float64))[1][same]
    borders = np.bincount(cell[1:][same] * _LEVELS + bits, minlength=cells * _LEVELS)
    above = borders.reshape(cells, _LEVELS)[:, ::-1].cumsum(axis=1)[:, ::-1]  # bits >= column
    occupied = 1 + np.pad(above[:, 1:], ((0, 0), (0, 1)))  # bits > shift keep their border
    rise: Integers = np.argmax(occupied <= most, axis=1).astype(np.int64)
    return rise
