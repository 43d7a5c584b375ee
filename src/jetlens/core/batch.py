"""Jets as they travel through jetlens: frozen, in numpy, with masks, truth and identity."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jetlens.core.collection import Collection
from jetlens.core.errors import BadValueError, look_up

JETS, EVENTS, SHOWERS = "jets", "events", "showers"
"""What the rows of a batch may be called."""

_CALLED = {"objects": EVENTS, "hits": SHOWERS}


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
        is the jet's place in its dataset, counted through all of its files or partitions: no two
        jets have the same, and results are joined to other files by it.
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

    @property
    def called(self) -> str:
        """What its rows are called: events if they have objects, showers if hits, else jets."""
        return next((word for name, word in _CALLED.items() if name in self.collections), JETS)

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
