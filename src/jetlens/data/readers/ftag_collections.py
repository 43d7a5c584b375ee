"""Structured arrays of the ATLAS flavour-tagging layout as collections and classes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jetlens.core.collection import NO_TRUTH, Array, Collection, no_truth
from jetlens.core.units import Feature
from jetlens.data.readers.ftag_variables import (
    CLASSES,
    EVENT_COLUMNS,
    FEATURES,
    FLAVOUR_OF_LABEL,
    TRUTH,
    WEIGHT_COLUMNS,
)
from jetlens.data.tables.columns import classes_of, features_of, truth_of

VALID = "valid"
FLAVOUR = "HadronConeExclTruthLabelID"


def label_of(jets: Array) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """Return each jet's class: of the column that names its classes, else its flavour."""
    label = np.full(len(jets), NO_TRUTH, dtype=np.int64)
    named = classes_of(jets)
    if named is not None:
        column, numbers = named
        classes = tuple(sorted(numbers, key=numbers.__getitem__))
        for position, name in enumerate(classes):
            label[jets[column] == numbers[name]] = position
        return label, classes
    if FLAVOUR in (jets.dtype.names or ()):
        for number, flavour in FLAVOUR_OF_LABEL.items():
            label[jets[FLAVOUR] == number] = CLASSES.index(flavour)
    return label, CLASSES


def collection(name: str, array: Array, wanted: Sequence[str] | None) -> Collection:
    """Return the collection of a structured array.

    Parameters
    ----------
    name
        What it is called.
    array
        ``[jet]``, or ``[jet, particle]`` with a boolean field ``valid``.
    wanted
        Its variables; left out, all numbers but truth, weights and numbers of events.
    """
    own_truth = truth_of(array)
    if wanted is None:
        named = classes_of(array)
        aside = {VALID, *TRUTH, *own_truth, *EVENT_COLUMNS, *WEIGHT_COLUMNS}
        aside |= set(named[:1] if named else ())
        fields: Mapping[str, Any] = array.dtype.fields or {}
        wanted = [n for n, f in fields.items() if n not in aside and f[0].kind in "fiub"]
    mask = array[VALID].astype(bool) if array.ndim == 2 else None
    values = np.empty((*array.shape, len(wanted)), dtype=np.float32)
    for i, variable in enumerate(wanted):
        values[..., i] = array[variable]
    names = {n: TRUTH[n] for n in array.dtype.names or () if n in TRUTH}
    names |= {n: n for n in own_truth}
    truth = {to: _truth(array[n], mask) for n, to in names.items()}
    if mask is not None:
        values[~mask] = 0
    axes = ("jet", "feature") if mask is None else ("jet", name, "feature")
    own = features_of(array)
    described = tuple(own.get(n) or FEATURES.get(n, Feature(n)) for n in wanted)
    return Collection(values, axes, described, mask, truth)


def _truth(column: Array, mask: NDArray[np.bool_] | None) -> Array:
    """Return a column of truth: whole numbers or floating ones, -1 or NaN in padding."""
    kind = column.dtype.kind
    known = column.astype(np.dtype(column.dtype.str) if kind == "f" else np.int64)
    return known if mask is None else np.where(mask, known, no_truth(known.dtype))
