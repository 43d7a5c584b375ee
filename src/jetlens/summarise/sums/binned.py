"""Histograms in other bins: those of a drawing, or wider ones of the ladder that cells share."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from jetlens.summarise.sums.histogram import Histogram
from jetlens.summarise.sums.ladder import UNIT

Floats = NDArray[np.float64]


def rebinned(histogram: Histogram, edges: Floats) -> Floats:
    """Return contents ``[*cells, bin, replica]`` in given bins, for drawing.

    What lies beyond the outermost edges is left out.
    """
    low, high = histogram.edges()
    out = np.zeros((len(histogram.level), len(edges) - 1, histogram.content.shape[1]))
    for k in range(len(edges) - 1):
        inside = np.minimum(high, edges[k + 1]) - np.maximum(low, edges[k])
        share = np.clip(inside / (high - low), 0, 1)
        use = share > 0
        np.add.at(out[:, k], histogram.cell[use], share[use, None] * histogram.content[use])
    return out.reshape(*histogram.shape, *out.shape[1:])


def spanned(histogram: Histogram, share: float, most: int) -> tuple[int, int, int]:
    """Return at most `most` bins of one width that hold the inner share of the first cell.

    Where that is all one value, as of a rare yes among noes, they hold the whole of it.

    Returns
    -------
    The place (at the finest level) of the first, their level, and how many they are. No cell's
    own bins are wider.
    """
    own = histogram.cell == 0
    upto = np.cumsum(histogram.content[own, 0])
    level = int(histogram.level.max(initial=0))
    if not upto.size or not upto[-1] > 0:
        return *UNIT, 1
    place = histogram.place[own] << histogram.level[0]
    ends = np.searchsorted(upto, upto[-1] * np.array([(1 - share) / 2, (1 + share) / 2]))
    low, high = (int(place[min(e, len(place) - 1)]) for e in ends)
    if low == high:
        low, high = int(place[0]), int(place[-1])
    while (high >> level) - (low >> level) >= most:
        level += 1
    return (low >> level) << level, level, (high >> level) - (low >> level) + 1


def collected(
    histogram: Histogram, first: int, level: int, bins: int, amount: Floats | None = None
) -> Floats:
    """Return contents ``[*cells, bin, replica]`` in wider bins of the ladder, exactly.

    Parameters
    ----------
    first, level, bins
        As from `spanned`; the outermost bins hold what lies beyond them.
    amount
        ``[bin]``, what contents are multiplied by.
    """
    place = histogram.place << histogram.level[histogram.cell]
    where = np.clip((place >> level) - (first >> level), 0, bins - 1)
    each = np.ones(len(place)) if amount is None else amount
    into = csr_array(
        (each, (histogram.cell * bins + where, np.arange(len(place)))),
        shape=(len(histogram.level) * bins, len(place)),
    )
    return np.asarray(into @ histogram.content).reshape(*histogram.shape, bins, -1)


def aligned(histogram: Histogram) -> tuple[Floats, Floats]:
    """Return bins that all cells share: upper edges ``[bin]``, ``[cell, bin, replica]``."""
    level = np.full_like(histogram.level, histogram.level.max(initial=0))
    same = histogram.coarser(level)
    places, column = np.unique(same.place, return_inverse=True)
    content = np.zeros((len(level), len(places), same.content.shape[1]))
    content[same.cell, column] = same.content
    return histogram.begin(places + 1, level.max(initial=0)), content
