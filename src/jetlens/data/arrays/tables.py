"""Collections, labels and weights made of plain arrays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import awkward as ak
import numpy as np
from numpy.typing import NDArray

from jetlens.core.collection import NO_TRUTH, Collection
from jetlens.core.errors import BadFileError, UnknownNameError
from jetlens.data.arrays.description import CollectionTable, Label, Pick
from jetlens.data.arrays.files import ALONE, ArrayFile, Rows

Array = NDArray[Any]


def collection(
    source: ArrayFile,
    path: str,
    rows: Rows,
    name: str,
    table: CollectionTable,
    wanted: Sequence[str] | None = None,
) -> Collection:
    """Read some jets' rows of one collection.

    Parameters
    ----------
    source, path
        The file, and its name for messages.
    rows
        The first row, and the one after the last.
    name, table
        The collection, and what the description says of it.
    wanted
        The columns to take; left out, all that are no truth.

    Raises
    ------
    BadFileError
        If the arrays do not have the shapes that the description says, or a real particle has a
        value that is not finite, or truth that is no whole number.
    UnknownNameError
        If there is no such array.
    """
    values, mask = _values(source, path, rows, name, table)
    if values.ndim == 3 and mask is None:
        mask = _mask(source, path, rows, name, table, values)
    elif values.ndim == 2 and (table.mask or table.counts):
        raise BadFileError(
            f"{name!r} of {path!r} has one row a jet, {list(table.columns)}: it has no particles "
            "to mask or count"
        )
    columns = list(table.columns)
    if mask is not None:
        values = np.where(mask[..., None], values, 0)
    bad = ~np.isfinite(values)
    if bad.any():
        first = tuple(int(i) for i in np.argwhere(bad)[0])
        place = f"jet {rows[0] + first[0]}" + (f", particle {first[1]}" if mask is not None else "")
        raise BadFileError(
            f"{name}.{columns[first[-1]]} is {values[first]} in {place} of {path!r} "
            f"({int(bad.sum())} such values in rows {rows[0]} to {rows[1] - 1}): expected finite "
            "numbers in every row that is no padding"
        )
    truth = {}
    for i, column in enumerate(columns):
        if table.columns[column].truth:
            known = values[..., i].astype(np.int64)
            if (known != values[..., i]).any():
                wrong = values[..., i][known != values[..., i]][0]
                raise BadFileError(
                    f"{name}.{column} of {path!r} is truth, and {wrong:g} in one place: expected "
                    "whole numbers"
                )
            truth[column] = known if mask is None else np.where(mask, known, NO_TRUTH)
    taken = [c for c in columns if c not in truth] if wanted is None else list(wanted)
    return Collection(
        values[..., [columns.index(c) for c in taken]].astype(np.float32),
        ("jet", "feature") if mask is None else ("jet", name, "feature"),
        tuple(table.columns[c].feature(c) for c in taken),
        mask,
        truth,
    )


def stored(source: ArrayFile, table: CollectionTable) -> str | dict[str, str]:
    """Return the array of a collection, or those of its columns, if each is one of its own."""
    if table.array is not None:
        return table.array
    apart = {name: column.array or name for name, column in table.columns.items()}
    there = source.names()
    return ALONE if len(there) == 1 and there[0] not in apart.values() else apart


def _values(
    source: ArrayFile, path: str, rows: Rows, name: str, table: CollectionTable
) -> tuple[Array, NDArray[np.bool_] | None]:
    """Return ``[jet, column]`` or ``[jet, particle, column]``, and a mask where lengths differ."""
    columns = list(table.columns)
    array = stored(source, table)
    if not isinstance(array, str):
        return _apart(source, path, rows, name, array)
    found, mask = _dense(source.read(array, rows))
    if found.dtype.kind not in "fiub" or found.ndim not in (2, 3):
        raise BadFileError(
            f"{_called(array)} of {path!r} has shape {found.shape} of {found.dtype}: expected "
            f"numbers [jet, column] or [jet, particle, column] for {name!r}"
        )
    if found.shape[-1] != len(columns):
        more = "more" if found.shape[-1] > len(columns) else "fewer"
        raise BadFileError(
            f"{_called(array)} of {path!r} has {found.shape[-1]} columns, shape {found.shape}: "
            f"{more} than the {len(columns)} that collections.{name} names: {', '.join(columns)}"
        )
    return found.astype(np.float64), mask


def _apart(
    source: ArrayFile, path: str, rows: Rows, name: str, arrays: dict[str, str]
) -> tuple[Array, NDArray[np.bool_] | None]:
    """Put columns that are arrays of their own beside each other."""
    read = [_dense(source.read(array, rows)) for array in arrays.values()]
    (first, mask), called = read[0], list(arrays.values())
    for (values, own), array in zip(read, called, strict=True):
        same = values.shape == first.shape and (
            own is None if mask is None else own is not None and np.array_equal(own, mask)
        )
        if values.dtype.kind not in "fiub" or values.ndim not in (1, 2) or not same:
            raise BadFileError(
                f"{_called(array)} of {path!r} has shape {values.shape} of {values.dtype}: "
                f"expected numbers [jet] or [jet, particle] for a column of {name!r}, with as many "
                f"particles as {called[0]!r}, {first.shape}"
            )
    return np.stack([values.astype(np.float64) for values, _ in read], -1), mask


def _dense(found: Any) -> tuple[Array, NDArray[np.bool_] | None]:
    """Pad lists of different lengths, and say which places are real."""
    if not isinstance(found, ak.Array):
        return np.asarray(found), None
    counts = np.asarray(ak.num(found, axis=1))
    places = int(counts.max(initial=0))
    mask = np.arange(places) < counts[:, None]
    flat = np.asarray(ak.to_numpy(ak.to_regular(ak.flatten(found, axis=1), axis=None)))
    dense = np.zeros((*mask.shape, *flat.shape[1:]), flat.dtype)
    dense[mask] = flat
    return dense, mask


def _mask(
    source: ArrayFile, path: str, rows: Rows, name: str, table: CollectionTable, values: Array
) -> NDArray[np.bool_]:
    places = values.shape[1]
    if table.mask is not None:
        mask = np.asarray(source.read(table.mask, rows))
        if mask.shape != values.shape[:2] or not np.isin(mask, (0, 1)).all():
            raise BadFileError(
                f"{_called(table.mask)} of {path!r} has shape {mask.shape} of {mask.dtype}: "
                f"expected true or false (1 or 0) {values.shape[:2]}, for each particle of {name!r}"
            )
        return mask.astype(bool)
    if table.counts is not None:
        counts = np.asarray(source.read(table.counts, rows))
        if counts.shape != values.shape[:1] or (counts < 0).any() or (counts > places).any():
            raise BadFileError(
                f"{_called(table.counts)} of {path!r} has shape {counts.shape} and values up to "
                f"{counts.max(initial=0)}: expected, for each of {len(values)} jets, a number of "
                f"{name!r} from 0 to {places}"
            )
        found: NDArray[np.bool_] = np.arange(places) < counts[:, None]
        return found
    if table.padding == "none":
        return np.ones(values.shape[:2], dtype=bool)
    real: NDArray[np.bool_] = (values != 0).any(-1)
    return real


def numbers(source: ArrayFile, path: str, rows: Rows, what: str, pick: Pick) -> NDArray[np.float64]:
    """Read one finite number a jet; `what` says for the message what it is for."""
    found = _picked(source, path, rows, what, pick)
    if found.ndim != 1 or found.dtype.kind not in "fiub" or not np.isfinite(found).all():
        raise BadFileError(
            f"{_called(pick.array)} of {path!r} has shape {found.shape} of {found.dtype}: expected "
            f"one finite number a jet for {what}"
        )
    return found.astype(np.float64)


def events(source: ArrayFile, path: str, rows: Rows, pick: Pick) -> NDArray[np.int64]:
    """Read the jets' event numbers: whole ones, lest jets of different events become one."""
    found = numbers(source, path, rows, "event", pick)
    known = found.astype(np.int64)
    if (known != found).any():
        raise BadFileError(
            f"{_called(pick.array)} of {path!r} is {found[known != found][0]:g} in one place: "
            "expected whole numbers of events"
        )
    return known


def labels(source: ArrayFile, path: str, rows: Rows, label: Label) -> NDArray[np.int64]:
    """Return each jet's class, -1 where it is not known.

    Raises
    ------
    BadFileError
        If a number is none of the classes.
    UnknownNameError
        If a name is none of the classes.
    """
    if label.files is not None:
        return np.full(rows[1] - rows[0], label.of_file(path), dtype=np.int64)
    found, classes = _picked(source, path, rows, "label", label), label.classes
    if found.dtype.kind in "US":
        table = {c: i for i, c in enumerate(classes)}
        for name in np.unique(found).tolist():
            if name not in table:
                raise UnknownNameError(f"class in {_called(label.array)}", name, classes)
        return np.array([table[name] for name in found], dtype=np.int64)
    if found.ndim == 2 and found.shape[1] == len(classes):  # a column a class, one of them set
        if not (np.isin(found, (0, 1)).all() and (found.sum(1) == 1).all()):
            raise BadFileError(
                f"{_called(label.array)} of {path!r}: expected a 1 and zeros in each row, a column "
                f"for each of {', '.join(classes)}"
            )
        return np.asarray(found.argmax(1), dtype=np.int64)
    known = found.ndim == 1 and np.isin(found, np.arange(-1, len(classes))).all()
    if not known:
        raise BadFileError(
            f"{_called(label.array)} of {path!r} has shape {found.shape}, {found.dtype} from "
            f"{found.min(initial=0)} to {found.max(initial=0)}: expected for each jet 0 to "
            f"{len(classes) - 1} ({', '.join(classes)}), or -1 where it is not known"
        )
    return np.asarray(found, dtype=np.int64)


def _picked(source: ArrayFile, path: str, rows: Rows, what: str, pick: Pick) -> Array:
    found = np.asarray(source.read(pick.array or ALONE, rows))
    if pick.column is None:
        return found
    if found.ndim != 2 or pick.column >= found.shape[1]:
        raise BadFileError(
            f"{_called(pick.array)} of {path!r} has shape {found.shape}: expected [jet, column] "
            f"with a column {pick.column} for {what}"
        )
    return found[:, pick.column]


def _called(array: str | None) -> str:
    return f"array {array!r}" if array else "the array"
