"""Shares of single jets, kept so that two taggers can be compared on the jets that both have."""

from __future__ import annotations

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from jetlens.summarise.estimates import ratio
from jetlens.summarise.jets.classes import Grouped
from jetlens.summarise.jets.regions import OWN
from jetlens.summarise.result import Result
from jetlens.summarise.sums.examples import Examples

SHARES = "shares"
"""The part of a result that holds them."""
MOST = 5_000
"""Jets of each class that are kept: those of the smallest hash, the same for every tagger."""

Floats = NDArray[np.float64]


def kept(chosen: Grouped, values: Floats, used: NDArray[np.bool_], kinds: list[str]) -> Examples:
    """Return the shares of single jets.

    Parameters
    ----------
    chosen
        The jets with their groups.
    values
        Their shares ``[jet, kind]``.
    used
        ``[jet]``, which of them have any.
    kinds
        What they are shares of.
    """
    own = chosen.jets[["label", "weight", "event", "row"]].assign(
        share=(("jet", "kind"), values.astype(np.float32)),
        member=(("jet", "group"), chosen.member),
    )
    own = own.assign_coords(kind=kinds, group=list(chosen.groups))
    return Examples.choose(own.isel(jet=np.flatnonzero(used)), SHARES, MOST)


def on_common_jets(ours: Result, others: Result) -> tuple[dict[str, Floats], dict[str, Floats]]:
    """Return mean shares and enrichments of two taggers, of the jets that both have.

    Returns
    -------
    By ``<group>`` and ``<group>.enrichment.<kind>``, of the one and of the other ``[replica]``.
    """
    both = [result.parts[SHARES].jets for result in (ours, others)]
    places = np.intersect1d(*(jets["row"].values for jets in both), return_indices=True)[1:]
    one, other = (jets.isel(jet=where) for jets, where in zip(both, places, strict=True))
    weights = ours.summary.weights(one)
    member = one["member"].values & other["member"].values
    return _means(one, weights, member), _means(other, weights, member)


def _means(jets: xr.Dataset, weights: Floats, member: NDArray[np.bool_]) -> dict[str, Floats]:
    kinds = [str(k) for k in jets["kind"].values]
    found: dict[str, Floats] = {}
    for g, group in enumerate(map(str, jets["group"].values)):
        own = weights[member[:, g]]
        share = ratio(jets["share"].values[member[:, g]].T @ own, own.sum(axis=0))
        found[group] = share[kinds.index(OWN)]
        for kind, each in zip(kinds, share, strict=True):
            if kind != OWN:
                found[f"{group}.enrichment.{kind}"] = ratio(found[group], each)
    return found
