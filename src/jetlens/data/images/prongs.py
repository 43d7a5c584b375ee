"""Prongs and partons of jets as collections, in the frame of the jets' images."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from jetlens.core.attribution import PARTICLES, REGIONS
from jetlens.core.batch import JetBatch
from jetlens.core.collection import Collection
from jetlens.core.errors import BadValueError, UnknownNameError, expected
from jetlens.core.units import Feature
from jetlens.data.checks import check_whole
from jetlens.data.images.channels import WEIGHT, X, Y, first
from jetlens.physics.prongs import find, number_by_shape

Floats = NDArray[np.float64]
ProngNumber = int | str | Mapping[str, int] | None

PRONGS, PARTONS = REGIONS
BY_CLASS, BY_SHAPE = "class", "shape"

NUMBERS = {
    "QCD": 1,
    "Hbb": 2,
    "Hcc": 2,
    "Hgg": 2,
    "H4q": 4,
    "Hqql": 3,
    "Zqq": 2,
    "Wqq": 2,
    "Tbqq": 3,
    "Tbl": 2,
    "qcd": 1,
    "zz": 2,
    "quark": 1,
    "gluon": 1,
}
"""Visible prongs of known classes: quarks, gluons and charged leptons that share the jet."""


class Frame(NamedTuple):
    """What places are turned into, and what they are then."""

    place: Callable[[Floats, Floats], tuple[Floats, Floats]]
    """Moves places ``[jet, point]`` from where the particles lie to where they are in the image."""
    x: Feature
    y: Feature


def check_number(prongs: ProngNumber) -> None:
    """Refuse numbers of prongs that make no sense.

    Raises
    ------
    BadValueError
        If one is no whole number of 1 or more, or a word is not known.
    """
    if isinstance(prongs, str):
        if prongs not in (BY_CLASS, BY_SHAPE):
            raise BadValueError(
                f"prongs = {prongs!r}: {expected(prongs, (BY_CLASS, BY_SHAPE))}, a number, or "
                "numbers by class, such as { H4q = 4, Zqq = 2 }"
            )
        return
    if isinstance(prongs, Mapping):
        for name, number in prongs.items():
            check_whole(f"prongs.{name}", number)
    elif prongs is not None:
        check_whole("prongs", prongs)


def prongs(
    jets: JetBatch,
    prongs: ProngNumber,
    x: Floats,
    y: Floats,
    pt: Floats,
    frame: Frame,
    unit: Feature,
) -> Collection:
    """Return the jets' prongs, ``[jet, prong, feature]``, the hardest first.

    They are exclusive kt subjets. Features are ``x``, ``y`` and ``pt``.

    Parameters
    ----------
    jets
        The jets, for their classes.
    prongs
        How many.
    x, y, pt
        The particles' pseudorapidity, azimuth and pt, ``[jet, particle]``; padding has pt 0.
    frame
        The image's.
    unit
        What pt is.

    Raises
    ------
    BadValueError
        If there is no number for a class, or x cannot be a pseudorapidity.
    UnknownNameError
        If there is none for a class, but one for what is no class.
    """
    if prongs == BY_SHAPE:
        number = number_by_shape(x, y, pt)
    elif prongs == BY_CLASS:
        number = _of_classes(jets, NUMBERS)
    elif isinstance(prongs, Mapping):
        number = _of_classes(jets, prongs)
    else:
        number = np.full(len(jets), prongs)
    found = find(x, y, pt, number)
    placed = frame.place(found.x, found.y)
    columns = {replace(unit, name="pt"): found.pt}
    return _collection(PRONGS, placed, found.real, columns, frame)


def partons(jets: JetBatch, frame: Frame) -> Collection:
    """Return the jets' partons with their places in the image beside what they had.

    Those are ``x`` and ``y``; their pt is called ``pt``, too.

    Raises
    ------
    BadValueError
        If they lack places or pt.
    """
    own = jets[PARTONS]
    assert own.mask is not None
    x, y, pt = (first(names, own) for names in (X, Y, WEIGHT))
    placed = frame.place(own.column(x).astype(np.float64), own.column(y).astype(np.float64))
    columns = {feature: own.values[..., i] for i, feature in enumerate(own.features)}
    if "pt" not in own.names:
        known = own.features[own.names.index(pt)]
        columns[replace(known, name="pt")] = own.column(pt)
    return replace(_collection(PARTONS, placed, own.mask, columns, frame), truth=own.truth)


def seen(
    real: NDArray[np.bool_], placed: tuple[Floats, Floats], pt: Floats, frame: Frame, unit: Feature
) -> Collection:
    """Return what the image is made of, ``[jet, particle, (x, y, pt)]``.

    Parameters
    ----------
    real
        Which particles there are, ``[jet, particle]``.
    placed, pt
        Where they are in the image, and their pt.
    frame, unit
        As of `prongs`.
    """
    named = [replace(feature, name=axis) for axis, feature in zip("xy", frame[1:], strict=True)]
    columns = [np.where(real, values, 0).astype(np.float32) for values in (*placed, pt)]
    features = (*named, replace(unit, name="pt"))
    return Collection(np.stack(columns, axis=2), ("jet", PARTICLES, "feature"), features, real)


def _of_classes(jets: JetBatch, numbers: Mapping[str, int]) -> NDArray[np.int64]:
    """Return how many prongs each jet has by its class; none where that is not known."""
    for name in (c for c in jets.classes if c not in numbers):
        strange = [n for n in numbers if n not in jets.classes]
        if numbers is not NUMBERS and strange:  # the one who wrote the table may have mistyped it
            raise UnknownNameError("class in images.prongs", strange[0], jets.classes)
        raise BadValueError(
            f"images.prongs has no number for the class {name!r}: expected a table with one for "
            f"each of {', '.join(jets.classes)}, a number for all, or {BY_SHAPE!r}"
        )
    table = [numbers[name] for name in jets.classes]
    found: NDArray[np.int64] = np.array([*table, 0])[jets.label]  # the last is that of label -1
    return found


def _collection(
    name: str,
    placed: tuple[Floats, Floats],
    real: NDArray[np.bool_],
    columns: Mapping[Feature, NDArray[np.floating]],
    frame: Frame,
) -> Collection:
    named = [replace(feature, name=axis) for axis, feature in zip("xy", frame[1:], strict=True)]
    values = *(np.where(real, at, 0) for at in placed), *columns.values()
    stacked = np.stack([v.astype(np.float32) for v in values], axis=2)
    return Collection(stacked, ("jet", name, "feature"), (*named, *columns), real)
