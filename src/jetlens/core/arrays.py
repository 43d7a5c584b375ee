"""``jetlens.batch``: a `JetBatch` from plain arrays."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from jetlens.core.batch import JetBatch
from jetlens.core.collection import Collection
from jetlens.core.errors import BadValueError, UnknownNameError, look_up
from jetlens.core.names import different
from jetlens.core.units import features


def batch(
    collections: Mapping[str, Sequence[Any]],
    label: ArrayLike | None = None,
    classes: Iterable[str] | None = None,
    *,
    weight: ArrayLike | None = None,
    event: ArrayLike | None = None,
    row: ArrayLike | None = None,
    truth: Mapping[str, Mapping[str, ArrayLike]] | None = None,
) -> JetBatch:
    """Build a `JetBatch` from plain arrays.

    Parameters
    ----------
    collections
        By name, ``(values, names)`` or ``(values, names, mask)``; names are strings or `Feature`,
        in a list, a tuple or an array. What attributions call their own axes and numbers (``jet``,
        ``class``, ``label``, ``x``, ...) is no name of a collection.
        Values are ``[jet, feature]``, ``[jet, particle, feature]`` or ``[jet, channel, y, x]``;
        what stands in padding is ignored.
    label
        ``[jet]``, positions in `classes` or class names; left out, labels are not known (-1).
    classes
        The classes' names; left out, ``class0``, ``class1``, ... as far as the labels go.
    weight, event, row
        ``[jet]``; left out, unit weights, and every jet its own event.
    truth
        Truth by collection and name, such as ``{"tracks": {"origin": [jet, track]}}``.

    Raises
    ------
    BadValueError
        If shapes, names or labels do not fit each other.
    """
    truth = truth or {}
    for name in truth:
        if name not in collections:
            raise UnknownNameError("collection with truth", name, collections)
    built = {}
    for name, parts in collections.items():
        if not 2 <= len(parts) <= 3:
            raise BadValueError(
                f"collection {name!r}: expected (values, names) or (values, names, mask)"
            )
        values = np.asarray(parts[0])
        if values.dtype != np.float64:
            values = values.astype(np.float32)
        if not 2 <= values.ndim <= 4:
            raise BadValueError(
                f"collection {name!r} has values of shape {values.shape}: expected [jet, feature], "
                "[jet, particle, feature] or [jet, channel, y, x]"
            )
        mask = None if len(parts) == 2 or parts[2] is None else np.asarray(parts[2], dtype=bool)
        if mask is not None and mask.shape == values.shape[:2] and values.ndim == 3:
            values = np.where(mask[..., None], values, values.dtype.type(0))
        axes = {2: ("jet", "feature"), 3: ("jet", name, "feature"), 4: ("jet", "channel", "y", "x")}
        built[name] = Collection(
            values,
            axes[values.ndim],
            features(parts[1], f"names of {name!r}"),
            mask,
            {k: np.asarray(v) for k, v in truth.get(name, {}).items()},
        )
    if not built:
        raise BadValueError("a batch needs at least one collection")
    n = len(next(iter(built.values())))
    known = () if classes is None else different("classes", classes)
    labels, named = _labels(label, known, n)
    rows = np.arange(n, dtype=np.int64) if row is None else np.asarray(row, dtype=np.int64)
    return JetBatch(
        built,
        labels,
        named,
        np.ones(n) if weight is None else np.asarray(weight, dtype=np.float64),
        rows if event is None else np.asarray(event, dtype=np.int64),
        rows,
    )


def _labels(
    label: ArrayLike | None, classes: tuple[str, ...], n: int
) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    if label is None:
        return np.full(n, -1, dtype=np.int64), classes
    raw = np.asarray(label)
    if raw.dtype.kind in "SO" and all(isinstance(x, str | bytes) for x in raw.ravel()):
        raw = raw.astype(str)  # of HDF5, or of a table
    if raw.dtype.kind == "U":
        names = classes or tuple(sorted({str(x) for x in raw}))
        table = {c: i for i, c in enumerate(names)}
        return np.array([look_up("class", str(x), table) for x in raw], dtype=np.int64), names
    if raw.size and not np.array_equal(raw, raw.astype(np.int64)):
        raise BadValueError(f"labels must be whole numbers or class names, not {raw.dtype}")
    labels = raw.astype(np.int64)
    count = int(labels.max(initial=-1)) + 1
    return labels, classes or tuple(f"class{i}" for i in range(count))
