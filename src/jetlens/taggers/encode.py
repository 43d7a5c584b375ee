"""Jets as a tagger's inputs: scaled tensors and masks, in its precision and where it is."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from jetlens.core.batch import JetBatch
from jetlens.core.collection import Collection
from jetlens.core.errors import UnknownNameError
from jetlens.core.memory import empty
from jetlens.data.scaling import check_places
from jetlens.taggers.base import Inputs, Tagger
from jetlens.taggers.state import device_of, dtype_of

AT_ONCE = 2**18
"""Numbers of images that are scaled at a time: few enough to stay in the processor's cache."""


def encode(
    tagger: Tagger, batch: JetBatch, device: torch.device | None = None
) -> tuple[Inputs, Inputs]:
    """Turn jets into the tagger's scaled inputs and masks, in its precision.

    Parameters
    ----------
    tagger
        The tagger.
    batch
        The jets.
    device
        Where the tensors are put; left out, where the tagger is.

    Raises
    ------
    UnknownNameError
        If the jets lack a collection or a variable.
    BadValueError
        If a real particle has a value that is not finite, or stands behind its list's last place.
    """
    inputs, masks = {}, {}
    device = device or device_of(tagger)
    for name, features in tagger.inputs.items():
        if name not in batch.collections:
            raise UnknownNameError("collection for this tagger", name, batch.collections)
        collection = batch[name]
        if name in tagger.places:  # where jets are packed, what is behind would be cut off
            check_places(collection, name, tagger.places[name], batch.row)
        scaled = _scaled(tagger, collection, name, features, batch.row)
        inputs[name] = torch.as_tensor(scaled, device=device)
        if collection.mask is not None:
            mask = np.ascontiguousarray(collection.mask)
            masks[name] = torch.as_tensor(mask, device=device)
    return inputs, masks


def _scaled(
    tagger: Tagger,
    collection: Collection,
    name: str,
    features: Sequence[str],
    row: NDArray[np.int64],
) -> NDArray[np.floating]:
    """Return scaled values in the tagger's precision, in numpy's own order of memory.

    Images are scaled a few at a time: in double precision, all of them would take many times their
    memory.
    """
    kind = np.dtype(np.float64 if dtype_of(tagger) == torch.float64 else np.float32)
    if not collection.is_image:
        scaled = tagger.scaling.apply(collection, name, features, row)
        return np.ascontiguousarray(scaled, dtype=kind)
    shape = (len(collection), len(features), *collection.values.shape[2:])
    found = empty(shape, kind)
    step = max(1, AT_ONCE // max(1, math.prod(shape[1:])))
    for first in range(0, len(collection), step):
        some = slice(first, first + step)
        found[some] = tagger.scaling.apply(collection.take(some), name, features, row[some])
    return found
