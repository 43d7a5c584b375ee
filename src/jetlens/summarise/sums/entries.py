"""Entries of jets summed up in cells, with their jets' weights."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array


def add_up(
    cell: NDArray[np.int64],
    jet: NDArray[np.int64],
    weights: NDArray[np.float64],
    shape: tuple[int, ...],
    values: NDArray[np.float64] | None = None,
) -> NDArray[np.float64]:
    """Sum entries ``[entry]`` (ones, or `values`) times their jet's weights ``[jet, replica]``.

    Returns
    -------
    Sums ``[*shape, replica]``; `cell` is an entry's position in `shape`, in C order.
    """
    entries = np.ones(len(cell)) if values is None else values
    into = csr_array((entries, (cell, jet)), shape=(int(np.prod(shape)), len(weights)))
    return np.asarray(into @ weights, dtype=np.float64).reshape(*shape, weights.shape[1])
