"""The least and the largest value that each input can have, for rules of bounded inputs."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from jetlens.core.errors import BadValueError, look_up
from jetlens.taggers.chunks import Packed


def bounds_of(
    inputs: Mapping[str, Sequence[str]], packed: Packed, low: Any, high: Any
) -> dict[str, tuple[Tensor, Tensor]]:
    """Return the least and largest inputs by collection, of a shape that broadcasts.

    Parameters
    ----------
    inputs
        Feature names by collection.
    packed
        The jets; there is at least one.
    low, high
        A number, numbers by collection, or by collection and feature; None, or what is not named,
        is the extreme of these jets.

    Raises
    ------
    UnknownNameError
        If there is no such collection or feature.
    BadValueError
        If a bound is no finite number, or a low one lies above a high one.
    """
    for given in (low, high):
        for name in given if isinstance(given, Mapping) else ():
            look_up("collection", name, inputs)
    found = {}
    for name, values in packed.inputs.items():
        axis = 1 if values.ndim == 4 else values.ndim - 1
        shape = [1] * values.ndim
        shape[axis] = -1
        real = values[packed.masks[name]] if name in packed.masks else values.movedim(axis, -1)
        real = real.reshape(-1, values.shape[axis])
        if not len(real):
            real = real.new_zeros(1, values.shape[axis])
        least = _limit(low, name, inputs[name], real.amin(0))
        largest = _limit(high, name, inputs[name], real.amax(0))
        if bool((least > largest).any()):
            raise BadValueError(f"low={least.tolist()}, high={largest.tolist()}: low is above high")
        found[name] = (least.view(shape), largest.view(shape))
    return found


def _limit(given: Any, collection: str, features: Sequence[str], seen: Tensor) -> Tensor:
    if given is None:
        return seen
    if not isinstance(given, Mapping):
        return torch.full_like(seen, _finite(given))
    own = given.get(collection, {})
    if not isinstance(own, Mapping):
        return torch.full_like(seen, _finite(own))
    limits, places = seen.clone(), {f: i for i, f in enumerate(features)}
    for feature, value in own.items():
        limits[look_up(f"input of {collection!r}", feature, places)] = _finite(value)
    return limits


def _finite(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise BadValueError(
            f"{value!r} for z-box: expected a number, or numbers by collection and feature"
        )
    return value
