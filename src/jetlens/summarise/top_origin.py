"""Which truth origin the tracks of the largest attribution come from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from jetlens.core.errors import BadValueError, UnsupportedError
from jetlens.core.registry import summaries
from jetlens.data.readers.ftag_variables import ORIGINS
from jetlens.summarise.estimates import Numbers, named, ratio
from jetlens.summarise.jets.particles import Particles
from jetlens.summarise.jets.selection import ScoreSummary
from jetlens.summarise.result import Result
from jetlens.summarise.sums.entries import add_up

UNKNOWN = "unknown"
CATEGORIES = (*ORIGINS, UNKNOWN)


@summaries.register("top-origin")
@dataclass(frozen=True, kw_only=True)
class TopOrigin(ScoreSummary):
    """Relative frequency of the truth origin of the tracks with the largest attribution.

    A track's attribution is the sum over its features. Beside the tracks of each rank stand the
    origins of all tracks of the same jets.

    Parameters
    ----------
    ranks
        How many ranks are kept apart; the first is the top track.
    collection
        The particles, which need the truth ``origin``.
    """

    ranks: int = 5
    collection: str = "tracks"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.ranks < 1:
            raise BadValueError(f"ranks={self.ranks}: expected at least 1")

    def fill(self, attribution: xr.Dataset) -> Result:
        """Count origins by group and rank."""
        chosen = self.choose(attribution)
        particles = Particles.read(chosen.jets, self.collection, chosen.scale)
        origin = origins(chosen.jets, self.collection)
        order, real = particles.ranked(self.ranks)
        groups, kinds = len(chosen.groups), len(CATEGORIES)

        # every (jet, rank) that holds a track, once for each group that the jet enters
        jet, rank, group = np.nonzero(real[:, :, None] & chosen.member[:, None, :])
        cell = (group * self.ranks + rank) * kinds + origin[jet, order[jet, rank]]
        top = add_up(cell, jet, chosen.weights, (groups, self.ranks, kinds))
        jet, track, group = np.nonzero(particles.mask[:, :, None] & chosen.member[:, None, :])
        every = add_up(group * kinds + origin[jet, track], jet, chosen.weights, (groups, kinds))
        empty = chosen.member[~particles.mask.any(axis=1)].sum(axis=0)
        sums = chosen.counts.assign(
            top=(("group", "rank", "origin", "replica"), top),
            every=(("group", "origin", "replica"), every),
            without=("group", empty.astype(np.int64)),
        ).assign_coords(rank=np.arange(1, self.ranks + 1), origin=list(CATEGORIES))
        return Result(self, sums)

    def frequencies(self, result: Result, top: int | None = 1) -> NDArray[np.float64]:
        """Return relative frequencies ``[group, origin, replica]``.

        Parameters
        ----------
        result
            What this summary filled.
        top
            Among the tracks of this rank or better; None for all tracks.
        """
        sums = result.sums
        counted = sums["every"].values if top is None else sums["top"].values[:, :top].sum(axis=1)
        found: NDArray[np.float64] = ratio(counted, counted.sum(axis=1, keepdims=True))
        return found

    def numbers(self, result: Result) -> Numbers:
        """Return ``top_origin.<group>.<origin>``, and ``top_<k>_origin...`` for all ranks."""
        found: Numbers = {}
        for prefix, top in {"top_origin": 1, f"top_{self.ranks}_origin": self.ranks}.items():
            frequency = self.frequencies(result, top)
            for g, group in enumerate(result.sums["group"].values):
                for o, origin in enumerate(CATEGORIES):
                    found |= named(f"{prefix}.{group}.{origin}", frequency[g, o])
        return found


def origins(jets: xr.Dataset, collection: str) -> NDArray[np.int64]:
    """Return the tracks' origins ``[jet, track]`` as positions in `CATEGORIES`.

    Raises
    ------
    UnsupportedError
        If the truth is not there.
    """
    if f"{collection}_origin" not in jets:
        raise UnsupportedError(
            f"the truth origin of {collection!r} is not in this attribution: explain jets whose "
            "file holds it (ftagTruthOriginLabel)"
        )
    origin = jets[f"{collection}_origin"].values.astype(np.int64)
    known = (origin >= 0) & (origin < len(ORIGINS))
    return np.where(known, origin, len(ORIGINS))
