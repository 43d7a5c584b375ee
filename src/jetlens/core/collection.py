"""One input of a tagger: values on named axes, what they are, which are real, and their truth."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jetlens.core.errors import BadValueError, look_up
from jetlens.core.names import OF_COLLECTIONS, check_free
from jetlens.core.units import Feature

Array = NDArray[Any]
Truth = Mapping[str, Array]

NO_TRUTH = -1
"""What an integer truth holds where there is no particle; a floating one holds NaN."""

_MAPPINGS = ("truth", "places")
_SHOWN = 8  # names of features in a line


def no_truth(dtype: np.dtype[Any]) -> Any:
    """Return what a truth of this type holds where there is no particle."""
    return dtype.type(np.nan) if dtype.kind == "f" else dtype.type(NO_TRUTH)


@dataclass(frozen=True, eq=False, repr=False)
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
    places
        Of an image, by axis (``y``, ``x``): what the axis is, and the pixels' middles; empty where
        they are not known.
    """

    values: Array
    axes: tuple[str, ...]
    features: tuple[Feature, ...]
    mask: NDArray[np.bool_] | None = None
    truth: Truth = field(default_factory=dict)
    places: Mapping[str, tuple[Feature, Array]] = field(default_factory=dict)

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
            check_free("truth", name, OF_COLLECTIONS)
            if truth.shape != self.values.shape[: truth.ndim] or truth.ndim > 2:
                raise BadValueError(
                    f"truth {name!r} of shape {truth.shape} does not fit the values"
                )
        for axis, (_, middles) in self.places.items():
            if axis not in self.axes or middles.shape != (
                self.values.shape[self.axes.index(axis)],
            ):
                raise BadValueError(
                    f"places of shape {middles.shape} along {axis!r} do not fit values of shape "
                    f"{self.values.shape} with axes {self.axes}"
                )
        for name in _MAPPINGS:
            object.__setattr__(self, name, MappingProxyType(dict(getattr(self, name))))

    def __reduce__(self) -> tuple[type[Collection], tuple[Any, ...]]:
        # the views that mappings are kept in cannot be pickled
        own = vars(self) | {name: dict(getattr(self, name)) for name in _MAPPINGS}
        return type(self), tuple(own[f.name] for f in fields(self))

    def __repr__(self) -> str:
        shape = ", ".join(f"{a} {n}" for a, n in zip(self.axes, self.values.shape, strict=True))
        names = ", ".join((*self.names[:_SHOWN], *["..."] * (len(self.names) > _SHOWN)))
        real = "" if self.mask is None else f"; {int(self.mask.sum())} of {self.mask.size} real"
        return f"Collection [{shape}]: {names}{real}"

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
                k: v
                if v.ndim == 1
                else np.pad(v, ((0, 0), (0, extra)), constant_values=no_truth(v.dtype))
                for k, v in self.truth.items()
            },
        )
