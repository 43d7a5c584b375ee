"""How far distributions are from each other: Wasserstein distances of histograms."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from jetlens.summarise.estimates import ratio
from jetlens.summarise.sums.binned import aligned
from jetlens.summarise.sums.chance import deviation_of
from jetlens.summarise.sums.histogram import Histogram

DECIDED = 0.95
"""The confidence at which a distance has changed."""

Floats = NDArray[np.float64]
Places = int | NDArray[np.int64]


def distances(histogram: Histogram, pairs: NDArray[np.int64]) -> Floats:
    """Return Wasserstein distances of pairs of cells ``[pair, replica]``.

    It is the area between the two cumulative distributions: how far, on average, the entries of one
    have to go to become the other's (the Wasserstein-1, or earth mover's, distance). Entries count
    as spread evenly over their bin, so that a distance is wrong by one bin's width at most. NaN
    where a cell is empty.

    Parameters
    ----------
    histogram
        Cells along one axis, all of one quantity, of bins that are equally wide in it.
    pairs
        ``[pair, 2]``, the cells to be compared.
    """
    edges, content = aligned(histogram)
    if not len(edges):
        return np.full((len(pairs), content.shape[2]), np.nan)
    upto = np.cumsum(content, axis=1)
    share = ratio(upto, upto[:, -1:])
    width = bin_width(histogram)
    gap = np.diff(edges) - width  # of the empty bins before the next one
    found = np.empty((len(pairs), content.shape[2]))
    for k, (a, b) in enumerate(pairs):
        difference = share[a] - share[b]  # [bin, replica] at the upper edges
        before = np.concatenate([np.zeros((1, difference.shape[1])), difference[:-1]])
        inside = _area(before, difference) * width
        found[k] = inside.sum(axis=0) + (np.abs(difference[:-1]) * gap[:, None]).sum(axis=0)
    return found


def _area(begin: Floats, end: Floats) -> Floats:
    """Return the area below the absolute value of lines from `begin` to `end`, of length one."""
    size, other = np.abs(begin), np.abs(end)
    crosses = begin * end < 0
    squares = size**2 + other**2
    total = size + other
    return np.where(crosses, ratio(squares, 2 * total), total / 2)


def bin_width(histogram: Histogram) -> float:
    """Return the width of the bins that all cells share."""
    begin, end = histogram.begin(np.array([0, 1]), int(histogram.level.max(initial=0)))
    return float(end - begin)


def moved_distances(fine: Histogram, coarse: Histogram, classes: int, scales: int) -> Floats:
    """Return distances ``[toward, before and scale, class, replica]`` of jets to true classes.

    Parameters
    ----------
    fine, coarse
        Of the same entries; the cells are true classes and then, by class stepped toward, jets
        before and at each scale (and by steps to compare with at each scale). The fine one is of
        the nominal weights, and the replicas of the coarse one are shifted onto it.
    classes, scales
        How many there are.
    """
    rows = _begins(coarse, classes)[:, None] + np.arange(1 + scales)
    pairs = np.stack(np.broadcast_arrays(rows[..., None], np.arange(classes)), -1)
    return _shifted(fine, coarse, pairs)


def control_distances(fine: Histogram, coarse: Histogram, classes: int, scales: int) -> Floats:
    """Return distances ``[toward, before and scale, replica]`` by steps to compare with.

    They are those to the class stepped toward alone. Parameters are those of `moved_distances`.
    """
    later = np.concatenate([[0], 1 + scales + np.arange(scales)])
    rows = _begins(coarse, classes)[:, None] + later
    pairs = np.stack(np.broadcast_arrays(rows, np.arange(classes)[:, None]), -1)
    return _shifted(fine, coarse, pairs)


def _begins(histogram: Histogram, classes: int) -> NDArray[np.int64]:
    """Return the cells ``[toward]`` of jets before they are moved."""
    return classes + np.arange(classes) * (len(histogram.level) // classes - 1)


def _shifted(fine: Histogram, coarse: Histogram, pairs: NDArray[np.int64]) -> Floats:
    """Return distances of pairs ``[..., 2]``, the replicas shifted onto the fine ones."""
    best, rough = (distances(h, pairs.reshape(-1, 2)) for h in (fine, coarse))
    shifted = rough + (best - rough[:, :1])
    found = np.concatenate([best, np.maximum(shifted[:, 1:], 0)], axis=1)
    return found.reshape(*pairs.shape[:-1], -1)


def own_distances(found: Floats) -> Floats:
    """Return the distances to the class stepped toward alone.

    Parameters
    ----------
    found
        ``[observable, toward, before and scale, class, replica]``.

    Returns
    -------
    ``[observable, toward, before and scale, replica]``
    """
    return np.stack([found[:, t, :, t] for t in range(found.shape[1])], axis=1)


def stepped(own: Floats, scale: Places) -> Floats:
    """Return the distances at a scale, or at one for each class ``[observable, class, replica]``.

    Parameters
    ----------
    own
        Distances ``[observable, class, before and scale, replica]``.
    scale
        The place of the scale, or the places ``[class]``.
    """
    classes = np.arange(own.shape[1])
    found: Floats = own[:, classes, 1 + np.broadcast_to(scale, classes.shape)]
    return found


def changes(
    own: Floats, scale: Places, hidden: Floats | float = 0.0, control: Floats | None = None
) -> tuple[Floats, Floats, Floats]:
    """Return how distances at a scale differ from those before, with the interval of `DECIDED`.

    Or from those after a step to compare with.

    The interval is that of a Gaussian as wide as the replicas are: their standard deviation is
    known much better than so rare a quantile of them.

    Parameters
    ----------
    own
        Distances ``[observable, class, before and scale, replica]``, the nominal ones first.
    scale
        As of `stepped`.
    hidden
        ``[observable, class]``, the standard error that the replicas' bins hide, see `hidden`.
    control
        Distances like `own`, after the steps to compare with.

    Returns
    -------
    The differences and the ends of their intervals ``[observable, class]``.
    """
    change = stepped(own, scale) - (own[:, :, 0] if control is None else stepped(control, scale))
    error = np.hypot(deviation_of(change[..., 1:]), hidden)
    wide = norm.ppf((1 + DECIDED) / 2) * error
    return change[..., 0], change[..., 0] - wide, change[..., 0] + wide


def hidden(coarse: Histogram, classes: int) -> Floats:
    """Return the standard error of distances that the bins of replicas hide ``[toward]``.

    Where entries are in their bins is not seen by the replicas, nor a step that leaves them there.
    It is as if each of the n moved entries were anywhere in a bin, before and after: an error of
    the bin's width over the root of 6 n.

    Parameters
    ----------
    coarse, classes
        As of `moved_distances`.
    """
    moved = coarse.effective()[_begins(coarse, classes)]
    found: Floats = ratio(bin_width(coarse), np.sqrt(6 * moved))
    return found
