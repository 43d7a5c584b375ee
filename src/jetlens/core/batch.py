"""Jets as they travel through jetlens: frozen, in numpy, with masks, truth and identity."""

from __future__ import annotations

import reprlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from types import MappingProxyType
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from jetlens.core.collection import Collection
from jetlens.core.errors import BadValueError, look_up
from jetlens.core.names import RESERVED, check_free

JETS, EVENTS, SHOWERS = "jets", "events", "showers"
"""What the rows of a batch may be called."""

_CALLED = {"objects": EVENTS, "hits": SHOWERS}


@dataclass(frozen=True, eq=False, repr=False)
class JetBatch:
    """Some jets: their collections, labels, weights and identity.

    ``jets["tracks"]`` is a collection; ``jets[:100]``, ``jets[jets.label == 0]`` and ``jets[[7]]``
    are jets, as `take` returns them. A whole number is neither: one jet is ``jets[[7]]``, which is
    a batch, too.

    Nothing can be put in the place of what a batch holds. Its arrays may be those that were handed
    in, and slices share them: who writes into one writes into all of these.

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
        object.__setattr__(self, "collections", MappingProxyType(dict(self.collections)))
        n = len(self)
        for name, collection in self.collections.items():
            check_free("a collection", name, RESERVED)
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

    @overload
    def __getitem__(self, which: str) -> Collection: ...

    @overload
    def __getitem__(self, which: slice | Sequence[int] | NDArray[Any]) -> JetBatch: ...

    def __getitem__(self, which: Any) -> Collection | JetBatch:
        if isinstance(which, str):
            return look_up("collection", which, self.collections)
        return self.take(which)

    def __reduce__(self) -> tuple[type[JetBatch], tuple[Any, ...]]:
        own = {**vars(self), "collections": dict(self.collections)}  # a view cannot be pickled
        return type(self), tuple(own[f.name] for f in fields(self))

    def __repr__(self) -> str:
        counts = {c: int((self.label == i).sum()) for i, c in enumerate(self.classes)}
        counts["not known"] = int((self.label == -1).sum())
        labels = ", ".join(f"{n} {c}" for c, n in counts.items() if n)
        of = "" if self.called == EVENTS else f" of {len(np.unique(self.event))} events"
        first = f"JetBatch: {len(self)} {self.called}{of}{f' ({labels})' if labels else ''}"
        return "\n".join([first, *(f"  {k}: {c!r}" for k, c in self.collections.items())])

    @property
    def called(self) -> str:
        """What its rows are called: events if they have objects, showers if hits, else jets."""
        return next((word for name, word in _CALLED.items() if name in self.collections), JETS)

    def take(self, rows: Any) -> JetBatch:
        """Return some of the jets.

        Parameters
        ----------
        rows
            A slice, a boolean mask or positions.

        Raises
        ------
        BadValueError
            If it is none of these, or does not fit the jets.
        """
        try:
            fits, why = self.row[rows].ndim == 1, ""
        except IndexError as error:
            fits, why = False, f" ({error})"
        if not fits:
            raise BadValueError(
                f"jets[{reprlib.repr(rows)}]: expected a collection's name, a slice, or a mask or "
                f"positions of these {len(self)} jets, such as jets[:1] or jets[[0]]{why}"
            )
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
