"""A few jets, chosen by a hash of their place in the data: the same ones in any order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from jetlens.core.attribution import MASK, concatenate
from jetlens.core.hashing import mix
from jetlens.summarise.sums.packed import pack, unpack


@dataclass(frozen=True, eq=False)
class Examples:
    """At most `most` jets, of each class or of all: those of the smallest hash.

    Attributes
    ----------
    jets
        Their attribution, ordered by class and hash; real particles come first.
    collection
        What is shown of them: particles, or an image.
    most
        How many jets are kept.
    by_class
        Whether so many are kept of each class.
    """

    jets: xr.Dataset
    collection: str
    most: int
    by_class: bool = True

    @classmethod
    def choose(
        cls, jets: xr.Dataset, collection: str, most: int, by_class: bool = True
    ) -> Examples:
        """Keep `most` jets, without the padding of their particles."""
        label = jets["label"].values if by_class else np.zeros(jets.sizes["jet"], dtype=np.int64)
        drawn = mix(mix(jets["row"].values).view(np.int64) ^ jets["event"].values)
        order = np.lexsort((jets["row"].values, drawn, label))
        sorted_label = label[order]
        place = np.arange(len(order)) - np.searchsorted(sorted_label, sorted_label)
        kept = jets.isel(jet=order[place < most])
        if collection + MASK in kept:
            kept = _compact(kept, collection)
        return cls(kept, collection, most, by_class)

    def __add__(self, other: Examples) -> Examples:
        both = concatenate([self.jets, other.jets])
        return self.choose(both, self.collection, self.most, self.by_class)

    def pack(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        """Return what a file needs: a JSON header and arrays."""
        header, arrays = pack(self.jets)
        own = {"collection": self.collection, "most": self.most, "by_class": self.by_class}
        return own | {"jets": header}, arrays

    @classmethod
    def unpack(cls, header: dict[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Examples:
        """Rebuild from `pack`."""
        jets = unpack(header["jets"], arrays)
        return cls(jets, header["collection"], header["most"], header["by_class"])


def _compact(jets: xr.Dataset, collection: str) -> xr.Dataset:
    """Move real particles to the front and cut the places that no jet uses."""
    mask = jets[collection + MASK].values
    order = np.argsort(~mask, axis=1, kind="stable")
    longest = int(mask.sum(axis=1).max(initial=0))
    data = {}
    for name, array in jets.data_vars.items():
        values = array.values
        if array.dims[:2] == ("jet", collection):
            index = order.reshape(*order.shape, *[1] * (array.ndim - 2))
            values = np.take_along_axis(values, index, axis=1)[:, :longest]
        data[str(name)] = (array.dims, values, array.attrs)
    coords = {k: v for k, v in jets.coords.items() if k != collection}
    return xr.Dataset(data, coords=coords)
