"""Which jets a summary of a list of particles takes: misclassified ones may be groups, too."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from jetlens.core.attribution import MASK, VALUE
from jetlens.summarise.jets.classes import ClassSummary, Grouped
from jetlens.summarise.jets.selection import PASSED_OVER

MISCLASSIFIED = ".misclassified"
"""What follows a class's name in that of the group of its jets that are taken for another."""

Mask = NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class ListSummary(ClassSummary):
    """A summary of a list of particles, for all jets and by class.

    Parameters
    ----------
    collection
        The inputs: a list of particles or, as a list of one, variables of the jets.
    misclassified
        Whether the misclassified jets of each true class are a group, too.
    """

    collection: str = "constituents"
    misclassified: bool = False

    def groups_of(self, attribution: xr.Dataset) -> Grouped:
        """Select the jets and find their groups, misclassified jets of a class among them."""
        found = self.grouped(attribution)
        return _with_misclassified(found, attribution) if self.misclassified else found

    def listed(self, attribution: xr.Dataset) -> Grouped:
        """Select the jets likewise; a collection of one entry a jet has become a list of one."""
        found = self.groups_of(attribution)
        return replace(found, jets=as_list(found.jets, self.collection))


def as_list(jets: xr.Dataset, collection: str) -> xr.Dataset:
    """Return jets in which a collection of one entry a jet is a list of one."""
    own = f"{collection}_feature"
    if collection + MASK in jets or collection + VALUE not in jets:
        return jets
    if jets[collection + VALUE].dims != ("jet", own):
        return jets  # an image, which is refused where particles are asked for
    lists = {
        name: values.expand_dims(collection, axis=values.ndim - 1)
        for name, values in jets.data_vars.items()
        if values.dims[0] == "jet" and values.dims[-1] == own
    }
    mask = (("jet", collection), np.ones((jets.sizes["jet"], 1), bool))
    return jets.assign({**lists, collection + MASK: mask})


def _with_misclassified(found: Grouped, attribution: xr.Dataset) -> Grouped:
    """Add the group of misclassified jets of each true class."""
    classes = [str(c) for c in attribution["class"].values]

    def wrong(jets: xr.Dataset) -> Mask:
        label = jets["label"].values
        missed = label != jets["output"].values.argmax(axis=1)
        own: Mask = (label[:, None] == np.arange(len(classes))) & missed[:, None]
        return own

    seen = wrong(attribution).sum(axis=0)
    for group, jets in attribution.attrs.get(PASSED_OVER, {}).items():
        if group in classes:
            seen[classes.index(group)] += jets
    return replace(
        found,
        groups=(*found.groups, *(name + MISCLASSIFIED for name in classes)),
        member=np.concatenate([found.member, wrong(found.jets)], axis=1),
        seen=np.concatenate([found.seen, seen]),
    )
