"""Tables filled with numbers that mean nothing, to try on them what is asked of jets to come."""

from __future__ import annotations

from collections.abc import Mapping

import h5py
import numpy as np
from numpy.typing import NDArray

LEAST, MOST = 0.5, 1.5  # positive, as momenta and energies are


def filled(tables: Mapping[str, NDArray[np.void]]) -> dict[str, NDArray[np.void]]:
    """Return tables of the same columns with random numbers in them.

    All places are real, classes take turns, and every jet is an event of its own.
    """
    rng = np.random.default_rng(1)
    found = {}
    for name, table in tables.items():
        found[name] = table = table.copy()
        for column in table.dtype.names or ():
            kind, classes = table.dtype[column], h5py.check_enum_dtype(table.dtype[column])
            if classes:
                table[column] = np.resize(list(classes.values()), len(table))
            elif kind.kind == "f":
                table[column] = rng.uniform(LEAST, MOST, table.shape)
            elif kind.kind == "b":
                table[column] = True
            elif column == "eventNumber":
                table[column] = np.arange(len(table))
    return found
