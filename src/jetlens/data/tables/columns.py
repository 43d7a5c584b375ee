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

from jetlens.core.errors import BadValueError, UnknownNameError
from jetlens.core.units import Feature

FEATURE, FEATURES, LABEL, TRUTH = "feature", "features", "label", "truth"
Column = tuple[str, np.dtype[np.generic]]


def described(feature: Feature, kind: str = "f4", *, truth: bool = False) -> Column:
    """Return the column of a structured type that holds a variable, or one that is truth."""
    metadata: dict[str, Any] = {FEATURE: feature, **({TRUTH: True} if truth else {})}
    return feature.name, np.dtype(kind, metadata=metadata)


def classes_column(numbers: Mapping[str, int], name: str = LABEL, kind: str = "i4") -> Column:
    """Return the column that holds each jet's class, by the classes' numbers."""
    return name, h5py.enum_dtype(dict(numbers), basetype=kind)


def numbered(classes: Sequence[str]) -> dict[str, int]:
    """Return the classes' numbers: their positions."""
    return {c: i for i, c in enumerate(classes)}


def features_of(table: NDArray[np.void]) -> dict[str, Feature]:
    """Return what the columns say that they hold; those that say nothing are left out."""
    found = {}
    for name in table.dtype.names or ():
        metadata: Mapping[str, Any] = table.dtype[name].metadata or {}
        feature = metadata.get(FEATURE)
        if feature is not None:
            found[name] = feature
    return found


def truth_of(table: NDArray[np.void]) -> list[str]:
    """Return the columns that say that they are truth: known of simulated jets alone."""
    names = table.dtype.names or ()
    return [n for n in names if TRUTH in (table.dtype[n].metadata or ())]


def classes_of(table: NDArray[np.void]) -> tuple[str, dict[str, int]] | None:
    """Return the column of classes and its numbers by class name, or None where there is none."""
    for name in table.dtype.names or ():
        numbers = h5py.check_enum_dtype(table.dtype[name])
        if numbers is not None and set(numbers) != {"FALSE", "TRUE"}:  # how h5py stores booleans
            return name, numbers
    return None


def attributes(table: NDArray[np.void]) -> dict[str, Any]:
    """Return what a table's columns say that they hold, as the attributes of a file's dataset.

    ``features`` is JSON, a line each, ``truth`` names columns; the class names stand under the name
    of their column too, where Salt looks for them.
    """
    found: dict[str, Any] = {}
    own = features_of(table)
    if own:
        found[FEATURES] = json.dumps([f.as_dict() for f in own.values()])
    if truth := truth_of(table):
        found[TRUTH] = truth
    classes = classes_of(table)
    if classes is not None:
        column, numbers = classes
        found[column] = sorted(numbers, key=numbers.__getitem__)
    return found


def class_columns(
    dataset: h5py.Dataset,
    unless: str,
    label: str | None = None,
    classes: Sequence[str] | None = None,
) -> dict[str, dict[str, int]]:
    """Find the column of a file's table that holds classes, and its numbers by class name.

    Parameters
    ----------
    dataset
        The table.
    unless
        A column beside which attributes do not count.
    label
        The column, if it is known.
    classes
        The names of its numbers 0, 1, ..., if they are known.

    Returns
    -------
    One column, or none.

    Raises
    ------
    UnknownNameError
        If there is no such column.
    BadValueError
        If nothing says what its classes are called.
    """
    columns = dataset.dtype.names
    named = {}
    for name in columns:
        if name in dataset.attrs and dataset.dtype[name].kind in "iu":
            called = np.atleast_1d(dataset.attrs[name])
            named[name] = [c.decode() if isinstance(c, bytes) else str(c) for c in called]
    if label is None:
        if classes is not None:
            raise BadValueError(f"classes {list(classes)} without the variable that holds them")
        found = classes_of(np.empty(0, dataset.dtype))
        if found is not None:
            return dict([found])
        if unless in columns:
            return {}
        return {n: numbered(called) for n, called in list(named.items())[:1]}
    if label not in columns:
        raise UnknownNameError("variable of 'jets' for the label", label, columns)
    numbers = h5py.check_enum_dtype(dataset.dtype[label])
    if classes is None and numbers is not None:
        return {label: numbers}
    if classes is None and label not in named:
        raise BadValueError(
            f"label {label!r}: the file does not say what its classes are called; "
            "classes=[...] names its numbers 0, 1, ..."
        )
    return {label: numbered(named[label] if classes is None else classes)}


def described_as(
    table: NDArray[np.void],
    attrs: Mapping[str, Any],
    labels: Mapping[str, Mapping[str, int]],
) -> NDArray[np.void]:
    """Return a table read from a file, whose columns say what they hold.

    Parameters
    ----------
    table
        The table.
    attrs
        The attributes of the file's dataset.
    labels
        The column that holds classes, as `class_columns` found it.
    """
    own = {f["name"]: Feature.from_dict(f) for f in json.loads(attrs.get(FEATURES, "[]"))}
    truth = list(attrs.get(TRUTH, ()))
    formats = []
    for name, kind in ((n, table.dtype[n]) for n in table.dtype.names or ()):
        if name in own:
            kind = described(own[name], kind.str, truth=name in truth)[1]
        elif name in labels:
            kind = classes_column(labels[name], name, kind.str)[1]
        elif h5py.check_enum_dtype(kind) is not None:
            kind = np.dtype(kind.str)  # an enumeration of something else
        formats.append(kind)
    fields: Mapping[str, Any] = table.dtype.fields or {}
    return table.view(
        np.dtype(
            {
                "names": list(fields),
                "formats": formats,
                "offsets": [f[1] for f in fields.values()],  # tables of files may have gaps
                "itemsize": table.dtype.itemsize,
            }
        )
    )
