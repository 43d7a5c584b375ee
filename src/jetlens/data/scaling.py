"""The scaling that goes with a tagger's inputs: each feature minus its mean over its deviation."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from jetlens.core.batch import JetBatch
from jetlens.core.collection import Collection
from jetlens.core.errors import BadValueError, UnknownNameError

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Scaling:
    """Means and standard deviations by collection and feature; what is not named stays as it is.

    Attributes
    ----------
    table
        ``{collection: {feature: (mean, std)}}`` in the features' own units.
    """

    table: Mapping[str, Mapping[str, tuple[float, float]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, features in self.table.items():
            for feature, (mean, std) in features.items():
                if not (np.isfinite(mean) and np.isfinite(std) and std > 0):
                    raise BadValueError(
                        f"scaling of {name}.{feature}: mean {mean}, std {std}; expected finite "
                        "numbers and a positive std"
                    )
        own = {name: dict(features) for name, features in self.table.items()}
        object.__setattr__(self, "table", own)

    def arrays(self, name: str, features: Sequence[str]) -> tuple[Numbers, Numbers]:
        """Return means and deviations ``[feature]`` of one collection."""
        table = self.table.get(name, {})
        pairs = np.array([table.get(f, (0.0, 1.0)) for f in features], dtype=np.float64)
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
            If a real particle has a value that is not finite; the message says where.
        """
        where = collection.positions(features)
        values = np.take(collection.values, where, axis=collection.feature_axis)
        _check_finite(values, collection, name, features, row)
        mean, std = self.arrays(name, features)
        if collection.is_image:
            mean, std = mean[:, None, None], std[:, None, None]
        scaled: Numbers = (values - mean) / std
        if collection.mask is not None:
            scaled[~collection.mask] = 0
        return scaled


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


def fit(batches: Iterable[JetBatch], inputs: Mapping[str, Sequence[str]]) -> Scaling:
    """Measure means and standard deviations over real particles, weighted, streaming.

    A feature that does not vary gets a deviation of one.

    Parameters
    ----------
    batches
        The jets to measure.
    inputs
        The features by collection.
    """
    sums = {name: np.zeros((3, len(features))) for name, features in inputs.items()}
    pivot: dict[str, Numbers] = {}
    for jets in batches:
        for name, features in inputs.items():
            if name not in jets.collections:
                raise UnknownNameError("collection", name, jets.collections)
            collection = jets[name]
            values = Scaling().apply(collection, name, features, jets.row)
            values = np.moveaxis(values, collection.feature_axis, -1)
            weight = np.broadcast_to(
                jets.weight.reshape(-1, *[1] * (values.ndim - 2)), values.shape[:-1]
            )
            if collection.mask is not None:
                weight = weight * collection.mask
            flat, w = values.reshape(-1, len(features)), weight.ravel()
            if name not in pivot and (w > 0).any():
                pivot[name] = flat[w > 0][0]  # sums about a typical value do not cancel
            centred = flat - pivot.get(name, 0.0)
            sums[name] += [np.full(len(features), w.sum()), w @ centred, w @ centred**2]
    table = {}
    for name, features in inputs.items():
        total, first, second = sums[name]
        if not total.any():
            raise BadValueError(f"no real {name} to measure the scaling of")
        mean = first / total
        std = np.sqrt(np.maximum(second / total - mean**2, 0))
        std[std < 1e-12 * (1 + np.abs(mean))] = 1.0
        mean = mean + pivot[name]
        table[name] = {f: (float(m), float(s)) for f, m, s in zip(features, mean, std, strict=True)}
    return Scaling(table)
