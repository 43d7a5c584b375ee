"""Columns of structured tables that say what they hold: units, LaTeX labels, class names.

What a column is travels as metadata of its type, so that tables stay plain numpy arrays on their
way from a generator to a file or a `JetBatch`. In files it becomes attributes and HDF5
enumerations.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from jetlens.core.units import Feature

FEATURE, FEATURES = "feature", "features"
Column = tuple[str, np.dtype[np.generic]]


def described(feature: Feature, kind: str = "f4") -> Column:
    """Return the column of a structured type that holds a variable."""
    return feature.name, np.dtype(kind, metadata={FEATURE: feature})


def classes_column(classes: Sequence[str], name: str = "label") -> Column:
    """Return the column that holds each jet's class, as its position in `classes`."""
    numbers = {c: i for i, c in enumerate(classes)}
    return name, h5py.enum_dtype(numbers, basetype="i4")


def features_of(table: NDArray[np.void]) -> dict[str, Feature]:
    """Return what the columns say that they hold; those that say nothing are left out."""
    found = {}
    for name in table.dtype.names or ():
        metadata: Mapping[str, Any] = table.dtype[name].metadata or {}
        feature = metadata.get(FEATURE)
        if feature is not None:
            found[name] = feature
    return found


def classes_of(table: NDArray[np.void]) -> tuple[str, dict[str, int]] | None:
    """Return the column of classes and its numbers by class name, or None where there is none."""
    for name in table.dtype.names or ():
        numbers = h5py.check_enum_dtype(table.dtype[name])
        if numbers is not None and set(numbers) != {"FALSE", "TRUE"}:  # how h5py stores booleans
            return name, numbers
    return None


def attributes(table: NDArray[np.void]) -> dict[str, Any]:
    """Return what a table's columns say that they hold, as the attributes of a file's dataset.

    ``features`` is JSON, a line each; the class names stand under the name of their column too,
    where Salt looks for them.
    """
    found: dict[str, Any] = {}
    own = features_of(table)
    if own:
        found[FEATURES] = json.dumps([f.as_dict() for f in own.values()])
    classes = classes_of(table)
    if classes is not None:
        column, numbers = classes
        found[column] = sorted(numbers, key=numbers.__getitem__)
    return found


def with_features(table: NDArray[np.void], attrs: Mapping[str, Any]) -> NDArray[np.void]:
    """Return a table read from a file, whose columns say what the file's attributes say."""
    if FEATURES not in attrs:
        return table
    own = {f["name"]: Feature.from_dict(f) for f in json.loads(attrs[FEATURES])}
    columns = [
        described(own[name], table.dtype[name].str) if name in own else (name, table.dtype[name])
        for name in table.dtype.names or ()
    ]
    return table.view(np.dtype(columns))
