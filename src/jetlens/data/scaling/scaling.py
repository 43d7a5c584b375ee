"""The scaling that goes with a tagger's inputs: each feature less an offset, over a scale."""

from __future__ import annotations

import reprlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jetlens.core.collection import Collection
from jetlens.core.errors import BadValueError

Numbers = NDArray[np.float64]
Pair = dict[str, tuple[float, float]]
Pairs = Mapping[str, Mapping[str, tuple[float, float]]]
Floors = Mapping[str, Mapping[str, float]]


@dataclass(frozen=True)
class Scaling:
    """Offsets and scales by collection and feature; what is not named stays as it is.

    Attributes
    ----------
    table
        ``{collection: {feature: (offset, scale)}}`` in the features' own units: as a rule the mean
        and the standard deviation. ``{"mean": offset, "std": scale}``, as in Salt's
        ``norm_dict.yaml``, is such a pair, too.
    limits
        ``{collection: {feature: (low, high)}}``: values beyond are moved to there, before.
    floors
        ``{collection: {feature: floor}}``: of these features the natural logarithm is taken before
        all else, of the floor where a value is below it. `table` and `limits` are of the logarithm.
    places
        ``{collection: (scaling, ...)}``: lists in which each place is a thing of its own, such as
        the leading jet, then the missing momentum. What stands at a place is scaled, after the
        logarithm, by the table and the limits of that place.
    """

    table: Pairs = field(default_factory=dict)
    limits: Pairs = field(default_factory=dict)
    floors: Floors = field(default_factory=dict)
    places: Mapping[str, tuple[Scaling, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "table", _table(self.table))
        for name, features in self.table.items():
            for feature, (mean, std) in features.items():
                if not (np.isfinite(mean) and np.isfinite(std) and std > 0):
                    raise BadValueError(
                        f"scaling of {name}.{feature}: mean {mean}, std {std}; expected finite "
                        "numbers and a positive std"
                    )
        for name, features in self.limits.items():
            for feature, (low, high) in features.items():
                if not (np.isfinite(low) and np.isfinite(high) and low <= high):
                    raise BadValueError(
                        f"limits of {name}.{feature}: {low} to {high}; expected finite numbers, "
                        "the lower one first"
                    )
        for name, floors in self.floors.items():
            for feature, floor in floors.items():
                if not (np.isfinite(floor) and floor > 0):
                    raise BadValueError(
                        f"logarithm of {name}.{feature}: floor {floor}; expected a number above 0"
                    )
        for own in ("limits", "floors"):
            object.__setattr__(self, own, {k: dict(v) for k, v in getattr(self, own).items()})
        object.__setattr__(self, "places", {k: tuple(v) for k, v in self.places.items()})

    def scaled(self, values: Numbers, name: str, features: Sequence[str]) -> Numbers:
        """Return values ``[..., feature]`` of a collection as a tagger takes them."""
        own = self.floors.get(name, {})
        if own:
            values = np.array(values, dtype=np.float64)
            for i, floor in ((i, own[f]) for i, f in enumerate(features) if f in own):
                values[..., i] = np.log(np.maximum(values[..., i], floor))
        if name in self.places:
            return self._each(name, values, lambda own, at: own.scaled(at, name, features))
        if name in self.limits:
            low, high = self._pairs(self.limits, name, features, (-np.inf, np.inf))
            values = np.clip(values, low, high)
        offset, scale = self._pairs(self.table, name, features, (0.0, 1.0))
        scaled: Numbers = (values - offset) / scale
        return scaled

    def slopes(self, values: Numbers, name: str, features: Sequence[str]) -> Numbers:
        """Return d scaled / d value of values ``[..., feature]`` of a collection.

        It is zero where a floor or a limit holds a value.
        """
        own = self.floors.get(name, {})
        slopes, held = np.ones(values.shape), np.zeros(values.shape, dtype=bool)
        if own:
            logarithm = np.array([f in own for f in features])
            above = np.maximum(values, [own.get(f, 1.0) for f in features])
            held = logarithm & (above > values)
            slopes = np.where(logarithm, 1 / above, slopes)
            values = np.where(logarithm, np.log(above), values)
        if name in self.places:
            slopes *= self._each(name, values, lambda own, at: own.slopes(at, name, features))
            return np.where(held, 0.0, slopes)
        if name in self.limits:
            low, high = self._pairs(self.limits, name, features, (-np.inf, np.inf))
            held = held | (values < low) | (values > high)
        _, scale = self._pairs(self.table, name, features, (0.0, 1.0))
        return np.where(held, 0.0, slopes / scale)

    def _each(
        self, name: str, values: Numbers, scale: Callable[[Scaling, Numbers], Numbers]
    ) -> Numbers:
        """Work on values ``[..., place, feature]`` place by place; behind the last they stay."""
        found = np.array(values, dtype=np.float64)
        for place, own in enumerate(self.places[name][: values.shape[-2]]):
            found[..., place, :] = scale(own, values[..., place, :])
        return found

    @staticmethod
    def _pairs(
        table: Pairs, name: str, features: Sequence[str], default: tuple[float, float]
    ) -> tuple[Numbers, Numbers]:
        known = table.get(name, {})
        pairs = np.array([known.get(f, default) for f in features], dtype=np.float64)
        pairs = pairs.reshape(-1, 2)
        return pairs[:, 0], pairs[:, 1]

    def apply(
        self,
        collection: Collection,
        name: str,
        features: Sequence[str],
        row: NDArray[np.int64] | None = None,
    ) -> Numbers:
        """Return the scaled values of some features, in double precision; padding is zero.

        Parameters
        ----------
        collection
            The values.
        name, features
            What the collection is called, and the features to take from it.
        row
            ``[jet]``, the jets' rows, for messages.

        Raises
        ------
        BadValueError
            If a real particle has a value that is not finite, or stands behind the last place that
            there is a scaling of; the message says where.
        """
        if name in self.places:
            check_places(collection, name, len(self.places[name]), row)
        where = collection.positions(features)
        values = np.take(collection.values, where, axis=collection.feature_axis)
        _check_finite(values, collection, name, features, row)
        channels_last = np.moveaxis(values, collection.feature_axis, -1)
        scaled = self.scaled(channels_last, name, features)
        scaled = np.moveaxis(scaled, -1, collection.feature_axis)
        if collection.mask is not None:
            scaled[~collection.mask] = 0
        return scaled


def _table(given: Any) -> dict[str, Pair]:
    """Return pairs by collection and feature, however they are written."""
    if not isinstance(given, Mapping) or not all(isinstance(f, Mapping) for f in given.values()):
        raise BadValueError(
            f"scaling {reprlib.repr(given)}: expected pairs by collection and feature, as in "
            '{"tracks": {"d0": (mean, std)}}'
        )
    return {
        name: {feature: _pair(f"{name}.{feature}", pair) for feature, pair in features.items()}
        for name, features in given.items()
    }


def _pair(what: str, given: Any) -> tuple[float, float]:
    """Return an offset and a scale, of two numbers or of a table of a mean and a deviation."""
    both = () if isinstance(given, str) else given
    if isinstance(given, Mapping):
        both = (given["mean"], given["std"]) if set(given) == {"mean", "std"} else ()
    try:
        offset, scale = (float(number) for number in both)
    except (TypeError, ValueError):
        raise BadValueError(
            f'scaling of {what}: {given!r}; expected (mean, std) or {{"mean": ..., "std": ...}}'
        ) from None
    return offset, scale


def _check_finite(
    values: NDArray[np.floating],
    collection: Collection,
    name: str,
    features: Sequence[str],
    row: NDArray[np.int64] | None,
) -> None:
    bad = ~np.isfinite(values)
    if collection.mask is not None:
        bad &= collection.mask[..., None]
    if bad.any():
        first = tuple(int(i) for i in np.argwhere(bad)[0])
        feature = features[first[collection.feature_axis]]
        place = f"the jet of row {first[0] if row is None else row[first[0]]}"
        if collection.is_sequence:
            place += f", particle {first[1]}"
        raise BadValueError(
            f"{name}.{feature} is {values[first]} in {place} ({int(bad.sum())} such values in this "
            "batch): expected finite numbers"
        )


def check_places(
    collection: Collection, name: str, places: int, row: NDArray[np.int64] | None
) -> None:
    """Refuse particles behind the last place of a list in which each place is a thing of its own.

    Raises
    ------
    BadValueError
        If there are any, or the collection is no list.
    """
    if collection.mask is None:
        raise BadValueError(f"{name!r} is no list of particles: it has no places")
    behind = collection.mask[:, places:]
    if behind.any():
        jet, place = (int(i) for i in np.argwhere(behind)[0])
        raise BadValueError(
            f"{name} of the jet of row {jet if row is None else row[jet]}: one stands at place "
            f"{places + place + 1}; expected {places} places at most"
        )
