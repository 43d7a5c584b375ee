"""Jets as they travel through jetlens: frozen, in numpy, with masks, truth and identity."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from jetlens.core.errors import BadValueError, UnknownNameError, look_up
from jetlens.core.units import Feature, features

Array = NDArray[Any]
Truth = Mapping[str, Array]

NO_TRUTH = -1
"""What an integer truth holds where there is no particle."""


@dataclass(frozen=True, eq=False)
class Collection:
    """One input of a tagger: the jets' own variables, their tracks, an image of each, ...

    Attributes
    ----------
    values
        Physical values in the features' units: ``[jet, feature]`` for one object a jet,
        ``[jet, particle, feature]`` for many, ``[jet, channel, y, x]`` for images.
    axes
        The axes' names, ``"jet"`` first.
    features
        What the feature (or channel) axis holds.
    mask
        ``[jet, particle]``, True where a particle is real. It may have holes and rows that are all
        False. None where the collection has no particle axis.
    truth
        Numbers beside the values, ``[jet, particle]`` or ``[jet]``: ``origin``, ``vertex``, ...
    """

    values: Array
    axes: tuple[str, ...]
    features: tuple[Feature, ...]
    mask: NDArray[np.bool_] | None = None
    truth: Truth = field(default_factory=dict)

    def __post_init__(self) -> None:
        if len(self.axes) != self.values.ndim:
            raise BadValueError(f"values of shape {self.values.shape} do not have axes {self.axes}")
        if self.values.shape[self.feature_axis] != len(self.features):
            raise BadValueError(
                f"values of shape {self.values.shape} have {self.values.shape[self.feature_axis]} "
                f"features, but {len(self.features)} names were given"
            )
        names = self.names
        if len(set(names)) != len(names):
            twice = next(n for n in names if names.count(n) > 1)
            raise BadValueError(f"the feature name {twice!r} is there twice")
        if self.is_sequence:
            if self.mask is None:
                object.__setattr__(self, "mask", np.ones(self.values.shape[:2], bool))
            elif self.mask.shape != self.values.shape[:2]:
                raise BadValueError(
                    f"a mask of shape {self.mask.shape} does not fit values of shape "
                    f"{self.values.shape}: expected {self.values.shape[:2]}"
                )
        elif self.mask is not None:
            raise BadValueError(f"a collection with axes {self.axes} has no particles to mask")
        for name, truth in self.truth.items():
            if truth.shape != self.values.shape[: truth.ndim] or truth.ndim > 2:
                raise BadValueError(
                    f"truth {name!r} of shape {truth.shape} does not fit the values"
                )
        object.__setattr__(self, "truth", dict(self.truth))

    @property
    def is_image(self) -> bool:
        """Whether the values are images ``[jet, channel, y, x]``."""
        return self.values.ndim == 4

    @property
    def is_sequence(self) -> bool:
        """Whether each jet has several particles here."""
        return self.values.ndim == 3

    @property
    def feature_axis(self) -> int:
        """The position of the feature axis: the channels' for images, else the last."""
        return 1 if self.is_image else self.values.ndim - 1

    @property
    def names(self) -> tuple[str, ...]:
        """The features' names."""
        return tuple(f.name for f in self.features)

    def __len__(self) -> int:
        return len(self.values)

    def column(self, name: str) -> Array:
        """Return one feature: ``[jet]``, ``[jet, particle]`` or ``[jet, y, x]``."""
        where = int(self.positions([name])[0])
        found: Array = np.take(self.values, where, axis=self.feature_axis)
        return found

    def positions(self, names: Iterable[str]) -> NDArray[np.intp]:
        """Return where the named features stand, or raise `UnknownNameError`."""
        table = {n: i for i, n in enumerate(self.names)}
        kind = f"variable of {self.axes[1] if self.is_sequence else 'the jets'}"
        return np.array([look_up(kind, n, table) for n in names], dtype=np.intp)

    def take(self, rows: Any) -> Collection:
        """Return the collection of some jets."""
        return replace(
            self,
            values=self.values[rows],
            mask=None if self.mask is None else self.mask[rows],
            truth={k: v[rows] for k, v in self.truth.items()},
        )

    def padded(self, length: int) -> Collection:
        """Return the collection with `length` places for particles (never fewer than there are)."""
        if self.mask is None or length == self.mask.shape[1]:
            return self
        extra = length - self.mask.shape[1]
        if extra < 0:
            raise BadValueError(f"cannot pad {self.mask.shape[1]} places to {length}")
        return replace(
            self,
            values=np.pad(self.values, ((0, 0), (0, extra), (0, 0))),
            mask=np.pad(self.mask, ((0, 0), (0, extra))),
            truth={
                k: v if v.ndim == 1 else np.pad(v, ((0, 0), (0, extra)), constant_values=NO_TRUTH)
                for k, v in self.truth.items()
            },
        )


@dataclass(frozen=True, eq=False)
class JetBatch:
    """Some jets: their collections, labels, weights and identity.

    Attributes
    ----------
    collections
        By name: ``jets``, ``tracks``, ``constituents``, ``objects``, ``image``, ``hits``.
    label
        ``[jet]``, the position of the true class in `classes`; -1 where it is not known.
    classes
        The classes' names.
    weight
        ``[jet]`` float64.
    event, row
        ``[jet]`` int64, global. Jets of one event share `event`: splits and errors go by it. `row`
        is the jet's place in its file or generation, by which results are joined to other files.
    """

    collections: Mapping[str, Collection]
    label: NDArray[np.int64]
    classes: tuple[str, ...]
    weight: NDArray[np.float64]
    event: NDArray[np.int64]
    row: NDArray[np.int64]

    def __post_init__(self) -> None:
        object.__setattr__(self, "collections", dict(self.collections))
        n = len(self)
        for name, collection in self.collections.items():
            if len(collection) != n:
                raise BadValueError(f"collection {name!r} has {len(collection)} jets, not {n}")
        for name in ("label", "weight", "event", "row"):
            if getattr(self, name).shape != (n,):
                raise BadValueError(
                    f"{name} of shape {getattr(self, name).shape} does not fit {n} jets"
                )
        if n and (self.label.max() >= max(len(self.classes), 0) or self.label.min() < -1):
            raise BadValueError(
                f"labels run from {self.label.min()} to {self.label.max()}, but the classes are "
                f"{list(self.classes)}: expected -1 (not known) to {len(self.classes) - 1}"
            )

    def __len__(self) -> int:
        return len(self.row)

    def __getitem__(self, name: str) -> Collection:
        return look_up("collection", name, self.collections)

    def take(self, rows: Any) -> JetBatch:
        """Return some of the jets: a slice, a boolean mask or positions."""
        return replace(
            self,
            collections={k: c.take(rows) for k, c in self.collections.items()},
            **{k: getattr(self, k)[rows] for k in ("label", "weight", "event", "row")},
        )

    def with_classes(self, classes: Sequence[str]) -> JetBatch:
        """Return the jets labelled by another list of classes; jets of other classes become -1."""
        if tuple(classes) == self.classes:
            return self
        table = {c: i for i, c in enumerate(classes)}
        to = np.array([*(table.get(c, -1) for c in self.classes), -1], dtype=np.int64)
        return replace(self, classes=tuple(classes), label=to[self.label])


def concatenate(batches: Sequence[JetBatch]) -> JetBatch:
    """Put batches with the same collections and classes one after the other.

    Particle axes are padded to the longest.

    Raises
    ------
    BadValueError
        If there is no batch, or they do not hold the same collections, features or classes.
    """
    if not batches:
        raise BadValueError("no batches to put together")
    first = batches[0]
    for other in batches[1:]:
        if set(other.collections) != set(first.collections) or other.classes != first.classes:
            raise BadValueError("batches with other collections or classes cannot be put together")
    joined = {}
    for name, head in first.collections.items():
        parts = [b.collections[name] for b in batches]
        if any(p.names != head.names for p in parts):
            raise BadValueError(f"collection {name!r} has other features in another batch")
        if head.is_sequence:
            length = max(p.values.shape[1] for p in parts)
            parts = [p.padded(length) for p in parts]
        joined[name] = replace(
            head,
            values=np.concatenate([p.values for p in parts]),
            mask=None
            if head.mask is None
            else np.concatenate([p.mask for p in parts if p.mask is not None]),
            truth={k: np.concatenate([p.truth[k] for p in parts]) for k in head.truth},
        )
    return JetBatch(
        joined,
        np.concatenate([b.label for b in batches]),
        first.classes,
        np.concatenate([b.weight for b in batches]),
        np.concatenate([b.event for b in batches]),
        np.concatenate([b.row for b in batches]),
    )


def batch(
    collections: Mapping[str, Sequence[Any]],
    label: ArrayLike | None = None,
    classes: Sequence[str] | None = None,
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
        By name, ``(values, names)`` or ``(values, names, mask)``; names are strings or `Feature`.
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
            features(parts[1]),
            mask,
            {k: np.asarray(v) for k, v in truth.get(name, {}).items()},
        )
    if not built:
        raise BadValueError("a batch needs at least one collection")
    n = len(next(iter(built.values())))
    labels, names = _labels(label, classes, n)
    rows = np.arange(n, dtype=np.int64) if row is None else np.asarray(row, dtype=np.int64)
    return JetBatch(
        built,
        labels,
        names,
        np.ones(n) if weight is None else np.asarray(weight, dtype=np.float64),
        rows if event is None else np.asarray(event, dtype=np.int64),
        rows,
    )


def _labels(
    label: ArrayLike | None, classes: Sequence[str] | None, n: int
) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    if label is None:
        return np.full(n, -1, dtype=np.int64), tuple(classes or ())
    raw = np.asarray(label)
    if raw.dtype.kind in "US":
        names = tuple(classes) if classes else tuple(sorted({str(x) for x in raw}))
        table = {c: i for i, c in enumerate(names)}
        return np.array([look_up("class", str(x), table) for x in raw], dtype=np.int64), names
    if raw.size and not np.array_equal(raw, raw.astype(np.int64)):
        raise BadValueError(f"labels must be whole numbers or class names, not {raw.dtype}")
    labels = raw.astype(np.int64)
    count = int(labels.max(initial=-1)) + 1
    return labels, tuple(classes) if classes else tuple(f"class{i}" for i in range(count))
