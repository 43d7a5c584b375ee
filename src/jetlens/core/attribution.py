"""Scores beside the inputs and the truth that they belong to, on named axes.

An attribution is an `xarray.Dataset`. For each input collection ``c`` it holds ``c_value`` and
``c_score`` or ``c_importance``, whichever the method gives (``c_mask``, ``c_<truth>`` and
``c_pred_<task>`` where there are such), for each jet ``output``, ``label``, ``target``, ``weight``,
``event`` and ``row``. ``output`` holds the logits, whatever is explained; a method that is complete
gives beside it ``target_output`` and ``baseline_output``, the values of what is explained for the
jet and at its reference, whose difference is the sum of the scores less ``completeness_error``;
where several references are averaged, ``baseline_outputs`` (``"jet"``, ``"baseline"``) is that of
each. Padding is NaN or -1. Attention has axes of its own, see `jetlens.core.attention`. What a
method has found has the attribute `OF_TARGET`: of another target it may be other numbers. The rest
is the same whatever is explained.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from jetlens.core.attribution_parts import aligned as aligned
from jetlens.core.attribution_parts import concatenate as concatenate
from jetlens.core.attribution_parts import pad as pad
from jetlens.core.attribution_targets import OF_TARGET as OF_TARGET
from jetlens.core.attribution_targets import TARGET_CLASS as TARGET_CLASS
from jetlens.core.attribution_targets import of_target as of_target
from jetlens.core.attribution_targets import one_target as one_target
from jetlens.core.batch import JetBatch
from jetlens.core.collection import Collection
from jetlens.core.errors import UnsupportedError, expected
from jetlens.core.table import Table as Table
from jetlens.core.units import Feature

SCORE, VALUE, MASK = "_score", "_value", "_mask"

IMPORTANCE = "_importance"
"""What a method gives a particle or pixel as a whole, where it tells features not apart."""

REGIONS, PARTICLES = ("prongs", "partons"), "particles"
"""Collections in an image's frame (``x``, ``y``, ``pt``): what may be looked at, and what is seen.
"""
PATCHES = "patches"
"""Attribute: by image, how many rows and columns of pixels share one importance, as JSON."""

MOVED = "_moved"
"""The physical values of a collection where a method has moved its jets to."""

CONTROL = "_control"
"""Where a step of the same length comes to that knows nothing of the jet."""

FLIP_STEP = "_flip_step"
"""How far a collection's scaled features have moved where a decision flips, in their spreads."""

CALLED = "called"
"""Attribute: what its rows are called, see `jetlens.core.batch.JetBatch.called`."""


def dims(name: str, collection: Collection) -> tuple[str, ...]:
    """Return the dimensions of a collection's scores."""
    if collection.is_image:
        return ("jet", f"{name}_channel", "y", "x")
    if collection.is_sequence:
        return ("jet", name, f"{name}_feature")
    return ("jet", f"{name}_feature")


def build(
    batch: JetBatch,
    inputs: Mapping[str, Sequence[str]],
    scores: Mapping[str, NDArray[Any]],
    *,
    classes: Sequence[str],
    output: NDArray[Any],
    target: NDArray[np.int64],
    targets: Sequence[str] | None = None,
    importance: Mapping[str, NDArray[Any]] | None = None,
    per_jet: Mapping[str, NDArray[Any]] | None = None,
    tables: Mapping[str, Table] | None = None,
    predictions: Mapping[str, Mapping[str, NDArray[Any]]] | None = None,
    attrs: Mapping[str, Any] | None = None,
) -> xr.Dataset:
    """Put scores, inputs, truth and outputs of a batch into one dataset.

    Parameters
    ----------
    batch
        The jets that were explained.
    inputs
        The tagger's features by collection, in the tagger's order.
    scores
        By collection, of the shape of those inputs; with `targets`, with a leading target axis.
        Collections without scores keep their values and truth. These, `importance`, `per_jet` and
        `tables` are marked as `OF_TARGET`.
    classes
        The tagger's classes.
    output
        The tagger's logits ``[jet, class]``.
    target
        ``[jet]``, the class that was explained, or -1 for an expression.
    targets
        The targets' names, where several were explained at once.
    importance
        By collection, ``[jet, particle]``, or ``[jet, y, x]`` of an image.
    per_jet
        More numbers for each jet, ``[jet]`` (or ``[target, jet]`` with `targets`).
    tables
        More numbers for each jet on axes of their own, ``[jet, ...]``.
    predictions
        Auxiliary predictions by collection and task, such as ``{"tracks": {"origin": ...}}``.
    attrs
        Provenance.
    """
    lead = () if targets is None else ("target",)
    data: dict[str, Any] = {}
    coords: dict[str, Any] = {"class": list(classes)}
    for name, wanted in inputs.items():
        collection = batch[name]
        axes = dims(name, collection)
        feature_dim = axes[collection.feature_axis]
        coords[feature_dim] = list(wanted)
        for axis, (feature, middles) in collection.places.items():
            told = {"feature": json.dumps(feature.as_dict())}
            coords.setdefault(axis, (axis, middles, told))
        where = collection.positions(wanted)
        value = np.take(collection.values, where, axis=collection.feature_axis)
        score = scores.get(name)
        if collection.mask is not None:
            value = np.where(collection.mask[..., None], value, value.dtype.type(np.nan))
            if score is not None:
                score = np.where(collection.mask[..., None], score, score.dtype.type(np.nan))
            data[name + MASK] = (axes[:2], collection.mask)
        described = [collection.features[i].as_dict() for i in where]
        data[name + VALUE] = (axes, value, {"features": json.dumps(described)})
        if score is not None:
            data[name + SCORE] = _found((*lead, *axes), score)
        if name in (importance or {}):
            given = (importance or {})[name]
            data[name + IMPORTANCE] = _found(*_importance(name, collection, given))
        for task, truth in collection.truth.items():
            data[f"{name}_{task}"] = (axes[: truth.ndim], truth)
        for task, found in (predictions or {}).get(name, {}).items():
            data[f"{name}_pred_{task}"] = (axes[: found.ndim], found)
    labels = batch.with_classes(classes).label
    data |= {
        "output": (("jet", "class"), output),
        "label": ("jet", labels),
        "weight": ("jet", batch.weight),
        "event": ("jet", batch.event),
        "row": ("jet", batch.row),
    }
    if targets is None:
        data["target"] = ("jet", target)
    else:
        coords["target"] = list(targets)
    for name, numbers in (per_jet or {}).items():
        several = numbers.ndim == 1 + len(lead)
        data[name] = _found((*lead, "jet") if several else ("jet",), numbers)
    for name, table in (tables or {}).items():
        data[name] = _found(("jet", *table.axes), table.values, table.attrs)
        coords |= table.coordinates
    return xr.Dataset(data, coords=coords, attrs={CALLED: batch.called, **(attrs or {})})


def _found(
    axes: Sequence[str], values: Any, attrs: Mapping[str, Any] | None = None
) -> tuple[Sequence[str], Any, dict[str, Any]]:
    """Return a variable that a method has found."""
    return axes, values, {**(attrs or {}), OF_TARGET: 1}


def _importance(
    name: str, collection: Collection, found: NDArray[Any]
) -> tuple[tuple[str, ...], NDArray[Any]]:
    if collection.is_image:
        return ("jet", "y", "x"), found
    if collection.mask is None:
        return ("jet",), found
    return ("jet", name), np.where(collection.mask, found, found.dtype.type(np.nan))


def beside(attribution: xr.Dataset, batch: JetBatch, name: str = "jets") -> xr.Dataset:
    """Return an attribution with the values and truth of a collection that is no input.

    What is there already, and what the jets do not have, stays as it is.

    Parameters
    ----------
    attribution
        An attribution of the batch's jets.
    batch
        The jets, in the same order.
    name
        A collection that is no image, such as the jets' own variables or their prongs.
    """
    if name + VALUE in attribution or name not in batch.collections:
        return attribution
    collection = batch[name]
    axes = dims(name, collection)
    described = json.dumps([f.as_dict() for f in collection.features])
    values, more = collection.values, {}
    if collection.mask is not None:
        values = np.where(collection.mask[..., None], values, values.dtype.type(np.nan))
        more[name + MASK] = (axes[:2], collection.mask)
    found = xr.Variable(axes, values, {"features": described})
    named = {axes[collection.feature_axis]: list(collection.names)}
    more |= {f"{name}_{k}": (axes[: t.ndim], t) for k, t in collection.truth.items()}
    return attribution.assign({name + VALUE: found, **more}).assign_coords(named)


def collections(attribution: xr.Dataset) -> tuple[str, ...]:
    """Return the names of the input collections that have scores."""
    return tuple(str(v)[: -len(SCORE)] for v in attribution.data_vars if str(v).endswith(SCORE))


def importance(attribution: xr.Dataset, collection: str) -> xr.DataArray:
    """Return what a method gives each particle (or pixel) of a collection as a whole.

    Parameters
    ----------
    attribution
        The attribution.
    collection
        The collection's name.

    Returns
    -------
    ``[jet, particle]`` or ``[jet, y, x]``, NaN in padding: the method's own importance, or where
    there is none, the sum of the sizes of its scores over features (or channels).

    Raises
    ------
    UnsupportedError
        If there is neither; the message says which collections have one.
    """
    if collection + IMPORTANCE in attribution:
        return attribution[collection + IMPORTANCE]
    if collection + SCORE not in attribution:
        there = [
            str(v).removesuffix(end)
            for end in (IMPORTANCE, SCORE)
            for v in attribution.data_vars
            if str(v).endswith(end)
        ]
        raise UnsupportedError(
            f"this attribution gives {collection!r} neither importance nor scores: "
            f"{expected(collection, dict.fromkeys(there))}"
        )
    score = attribution[collection + SCORE]
    inside = (f"{collection}_feature", f"{collection}_channel")
    found: xr.DataArray = abs(score).sum([d for d in score.dims if d in inside], skipna=False)
    return found.rename(collection + IMPORTANCE)


def features(attribution: xr.Dataset, collection: str) -> tuple[Feature, ...]:
    """Return what the features of a collection are: names, units and labels."""
    described = json.loads(attribution[collection + VALUE].attrs["features"])
    return tuple(Feature.from_dict(d) for d in described)
