"""The scaling of jets that stream by, measured."""

from __future__ import annotations

import functools
import operator
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from jetlens.core.batch import JetBatch
from jetlens.core.errors import BadValueError, UnknownNameError, expected, look_up
from jetlens.data.scaling.moments import Moments
from jetlens.data.scaling.scaling import Floors, Numbers, Pair, Scaling, check_places

KINDS = ("standard", "unit", "largest")
OUTLIER = 3.0  # standard deviations from the mean
ROUNDINGS, SUMMED = 4.0, 1e-12
"""A deviation of so many roundings of a number, or of this share of it, is none: sums round too."""
AT_ONCE = 2**23
"""Numbers of a collection that are measured at a time."""


def moments(jets: JetBatch, name: str, features: Sequence[str], scaling: Scaling) -> Moments:
    """Measure the scaled features of a collection, weighted, over real particles.

    Large images are measured some at a time, for it takes many copies in double precision.
    """
    step = max(1, AT_ONCE // max(1, jets[name].values[:1].size))
    some = [jets.take(slice(i, i + step)) for i in range(0, len(jets), step)]
    found = []
    for piece in some if len(some) > 1 else [jets]:
        values, weight = _weighted(piece, name, features, scaling)
        found.append(Moments.of(values.reshape(-1, len(features)), weight.ravel()))
    return functools.reduce(operator.add, found)


def by_place(
    jets: JetBatch, name: str, features: Sequence[str], scaling: Scaling, places: int
) -> list[Moments]:
    """Measure the scaled features of each place of a list."""
    check_places(jets[name], name, places, jets.row)
    values, weight = _weighted(jets, name, features, scaling)
    short = max(places - values.shape[1], 0)
    values = np.pad(values, ((0, 0), (0, short), (0, 0)))
    weight = np.pad(weight, ((0, 0), (0, short)))
    return [Moments.of(values[:, place], weight[:, place]) for place in range(places)]


def _weighted(
    jets: JetBatch, name: str, features: Sequence[str], scaling: Scaling
) -> tuple[Numbers, Numbers]:
    """Return scaled values ``[jet, ..., feature]`` and what each counts, nothing for padding."""
    collection = jets[name]
    scaled = scaling.apply(collection, name, features, jets.row)
    values = np.moveaxis(scaled, collection.feature_axis, -1)
    weight = np.broadcast_to(jets.weight.reshape(-1, *[1] * (values.ndim - 2)), values.shape[:-1])
    return values, weight if collection.mask is None else weight * collection.mask


def fit(
    batches: Iterable[JetBatch],
    inputs: Mapping[str, Sequence[str]],
    kind: str = "standard",
    floors: Floors | None = None,
    places: Mapping[str, int] | None = None,
) -> Scaling:
    """Measure the scaling of jets that stream by, weighted, over real particles.

    Images are scaled about zero, so that an empty pixel stays exactly zero: by the root mean square
    of the pixels that are hit, or the largest.

    Parameters
    ----------
    batches
        The jets to measure.
    inputs
        The features by collection.
    kind
        ``"standard"``: less the mean, over the standard deviation; a feature that varies by the
        rounding of its numbers alone gets a deviation of one. ``"unit"``: outliers are moved to
        three standard deviations from the mean, then all is mapped to 0..1 (arXiv:2011.13466,
        section 5). ``"largest"``: over the largest magnitude.
    floors
        Features of which the logarithm is scaled, and the least value that it is taken of, by
        collection; those that are no inputs are passed over.
    places
        Lists in which each place is a thing of its own, and how many places there are: what stands
        at each is measured by itself, or as all of the list where nothing ever stands there.

    Raises
    ------
    BadValueError
        If there is nothing to measure, a particle stands behind the last place, images are
        constant, or their logarithm is asked for.
    UnknownNameError
        If the jets lack a collection or a variable.
    """
    floors = floors or {}
    logarithm = Scaling(
        floors={
            name: {f: floors[name][f] for f in features if f in floors[name]}
            for name, features in inputs.items()
            if name in floors
        }
    )
    if kind not in KINDS:
        raise BadValueError(f"unknown scaling {kind!r}: {expected(kind, KINDS)}")
    found: dict[str, list[Moments]] = {}  # one, or one for each place
    images, places = set(), places or {}
    precision: dict[str, float] = {}
    for jets in batches:
        for name, asked in floors.items():
            collection = look_up("collection of logarithms", name, jets.collections)
            collection.positions(asked)
            if collection.is_image:
                raise BadValueError(f"logarithm of {name}: expected numbers, not images")
        for name, features in inputs.items():
            if name not in jets.collections:
                raise UnknownNameError("collection", name, jets.collections)
            if name in places:
                some = by_place(jets, name, features, logarithm, places[name])
            else:
                some = [moments(jets, name, features, logarithm)]
            old = found.get(name)
            found[name] = [a + b for a, b in zip(old, some, strict=True)] if old else some
            if jets[name].is_image:
                images.add(name)
            rounding = float(np.finfo(jets[name].values.dtype).eps)
            precision[name] = max(precision.get(name, 0.0), rounding)
    table: dict[str, Pair] = {}
    limits: dict[str, Pair] = {}
    own: dict[str, tuple[Scaling, ...]] = {}
    for name, features in inputs.items():
        some = found.get(name, [])
        if not any(m.total for m in some):
            raise BadValueError(f"no real {name} to measure the scaling of")
        whole = functools.reduce(operator.add, some)
        logged = np.array([f in logarithm.floors.get(name, {}) for f in features])
        pairs = functools.partial(
            _pairs_of, features=features, kind=kind, rounding=precision[name], logged=logged
        )
        if name in images:
            _check_not_constant(whole, name, features)
            if kind == "largest":
                table[name], _ = pairs(whole)
            else:
                table[name] = _named(features, np.zeros(len(features)), whole.rms_of_hits)
        elif name in places:
            each = [pairs(m if m.total else whole) for m in some]
            own[name] = tuple(
                Scaling({name: pair}, {name: ends} if ends else {}) for pair, ends in each
            )
        else:
            table[name], ends = pairs(whole)
            if ends:
                limits[name] = ends
    return Scaling(table, limits, logarithm.floors, own)


def _noise(measured: Moments, rounding: float, logged: NDArray[np.bool_]) -> Numbers:
    """Return what features ``[feature]`` that do not vary may seem to vary by.

    A number is rounded by a share of it; its logarithm, by that share.
    """
    size = np.maximum(abs(measured.low), abs(measured.high))
    return max(ROUNDINGS * rounding, SUMMED) * np.where(logged, np.maximum(size, 1.0), size)


def _pairs_of(
    measured: Moments,
    features: Sequence[str],
    kind: str,
    rounding: float,
    logged: NDArray[np.bool_],
) -> tuple[Pair, Pair]:
    """Return offsets and scales, and limits where the kind of scaling has them."""
    noise = _noise(measured, rounding, logged)
    if kind == "standard":
        std = measured.std
        return _named(features, measured.mean, np.where(std > noise, std, 1.0)), {}
    if kind == "largest":
        size = np.maximum(abs(measured.low), abs(measured.high))
        return _named(features, np.zeros(len(features)), np.where(size > 0, size, 1.0)), {}
    low = np.maximum(measured.low, measured.mean - OUTLIER * measured.std)
    high = np.minimum(measured.high, measured.mean + OUTLIER * measured.std)
    high = np.maximum(low, high)  # rounding, where nothing varies
    scale = np.where(high - low > noise, high - low, 1.0)
    return _named(features, low, scale), _named(features, low, high)


def _named(features: Sequence[str], one: Numbers, other: Numbers) -> Pair:
    return {f: (float(a), float(b)) for f, a, b in zip(features, one, other, strict=True)}


def _check_not_constant(moments: Moments, name: str, channels: Sequence[str]) -> None:
    for channel, low, high in zip(channels, moments.low, moments.high, strict=True):
        if low == high:
            raise BadValueError(
                f"constant images: every pixel of {name}.{channel} is {low:g} in all jets; are "
                "there particles in their window?"
            )
