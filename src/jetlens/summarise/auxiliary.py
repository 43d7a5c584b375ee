"""How well a tagger's auxiliary tasks are done: the tracks' origins, and vertices."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from jetlens.core.attribution import MASK
from jetlens.core.errors import UnsupportedError
from jetlens.core.registry import summaries
from jetlens.data.readers.ftag_variables import ORIGINS
from jetlens.summarise.base import Summary
from jetlens.summarise.estimates import Numbers, named, ratio
from jetlens.summarise.result import Result
from jetlens.summarise.sums.entries import add_up

Integers = NDArray[np.int64]

DISPLACED = tuple(ORIGINS.index(o) for o in ("from_b", "from_bc", "from_c", "from_tau"))
PROMPT = tuple(ORIGINS.index(o) for o in ("pileup", "fake", "primary"))
FOUND_TRACKS, FOUND_PURITY = 0.65, 0.5
"""A vertex is found if a predicted one holds more than this share of its tracks, and if more than
this share of the predicted one's tracks are its own (ATL-PHYS-PUB-2022-027)."""
COUNTS = ("vertices", "found", "own_tracks", "tracks")
EACH, INCLUSIVE = KINDS = ("each", "inclusive")


@summaries.register("auxiliary")
@dataclass(frozen=True, kw_only=True)
class Auxiliary(Summary):
    """Confusion of track origins, and how many displaced vertices are found, by true flavour.

    A displaced vertex is, ``each``, two or more tracks of one true vertex, one of them from a b or
    c hadron or a tau; or, ``inclusive``, all such tracks of a jet as one. For the inclusive one,
    predicted vertices that hold a track predicted to be displaced are put together, without the
    tracks predicted to be primary, pile-up or fake. No scores are needed, but the tagger's
    predictions of both tasks.

    Parameters
    ----------
    collection
        The particles, which need the truth and the predictions ``origin`` and ``vertex``.

    References
    ----------
    ATLAS Collaboration, ATL-PHYS-PUB-2022-027; arXiv:2505.19689.
    """

    needs_scores: ClassVar[bool] = False

    collection: str = "tracks"

    def fill(self, attribution: xr.Dataset) -> Result:
        """Count tracks by true and predicted origin, and vertices that are found."""
        name = self.collection
        for needed in ("origin", "vertex", "pred_origin", "pred_vertex"):
            if f"{name}_{needed}" not in attribution:
                raise UnsupportedError(
                    f"{name}_{needed} is not there: {self.registered_name!r} needs jets with truth "
                    "and a tagger with the tasks origin and vertex"
                )
        weights = self.weights(attribution)
        classes = [str(c) for c in attribution["class"].values]
        label = attribution["label"].values.astype(np.int64)
        mask = attribution[name + MASK].values & (label >= 0)[:, None]
        truth, said = (attribution[f"{name}_{k}"].values for k in ("origin", "pred_origin"))

        jet, track = np.nonzero(mask & (truth >= 0))
        kinds = len(ORIGINS)
        cell = (label[jet] * kinds + truth[jet, track]) * kinds + said[jet, track]
        confusion = add_up(cell, jet, weights, (len(classes), kinds, kinds))

        vertex, found = (attribution[f"{name}_{k}"].values for k in ("vertex", "pred_vertex"))
        displaced = np.isin(truth, DISPLACED) & mask
        vertices = []
        for true, predicted in (
            (vertex, found),
            (np.where(displaced, 0, -2), inclusive(found, said, mask)),
        ):
            jet, counts = displaced_vertices(true, predicted, displaced, mask)
            of_class = [
                add_up(label[jet], jet, weights, (len(classes),), counts[:, k].astype(np.float64))
                for k in range(len(COUNTS))
            ]
            vertices.append(np.stack(of_class, axis=1))
        sums = xr.Dataset(
            {
                "confusion": (("class", "origin", "predicted", "replica"), confusion),
                "vertices": (("kind", "class", "count", "replica"), np.stack(vertices)),
            },
            coords={
                "kind": list(KINDS),
                "class": classes,
                "origin": list(ORIGINS),
                "predicted": list(ORIGINS),
                "count": list(COUNTS),
            },
        )
        return Result(self, sums)

    def vertexing(
        self, result: Result, kind: str
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return efficiency and purity of displaced vertices ``[class, replica]``.

        The efficiency is the share of true vertices that are found; the purity is the share of
        tracks of the predicted vertices that found them which are their own.
        """
        sums = result.sums["vertices"].sel(kind=kind)
        counts = {k: sums.sel(count=k).values for k in COUNTS}
        return (
            ratio(counts["found"], counts["vertices"]),
            ratio(counts["own_tracks"], counts["tracks"]),
        )

    def numbers(self, result: Result) -> Numbers:
        """Return ``origin.accuracy``, ``origin.recall.<origin>`` and, of vertices,
        ``vertex.efficiency.<kind>.<class>`` and ``vertex.purity.<kind>.<class>``.
        """
        confusion = result.sums["confusion"].values.sum(0)
        right = np.einsum("oor->or", confusion)
        every = confusion.sum(1)
        found = named("origin.accuracy", ratio(right.sum(0), every.sum(0)))
        for o, origin in enumerate(ORIGINS):
            found |= named(f"origin.recall.{origin}", ratio(right[o], every[o]))
        for kind in KINDS:
            efficiency, purity = self.vertexing(result, kind)
            for c, flavour in enumerate(result.sums["class"].values):
                found |= named(f"vertex.efficiency.{kind}.{flavour}", efficiency[c])
                found |= named(f"vertex.purity.{kind}.{flavour}", purity[c])
        return found


def inclusive(vertex: Integers, origin: Integers, mask: NDArray[np.bool_]) -> Integers:
    """Put a jet's predicted displaced vertices together into one, number 0; -2 for other tracks.

    Parameters
    ----------
    vertex, origin
        Predicted vertices and origins of the tracks ``[jet, track]``.
    mask
        ``[jet, track]``, True where a track is real.
    """
    width = 1 + vertex.max(initial=0)
    grouped = mask & (vertex >= 0)
    number = np.arange(len(vertex))[:, None] * width + np.maximum(vertex, 0)
    taken = np.zeros(len(vertex) * width, dtype=bool)
    taken[number[grouped & np.isin(origin, DISPLACED)]] = True
    joined = grouped & taken[number] & ~np.isin(origin, PROMPT)
    return np.where(joined, 0, -2)


def displaced_vertices(
    vertex: Integers, predicted: Integers, displaced: NDArray[np.bool_], mask: NDArray[np.bool_]
) -> tuple[Integers, Integers]:
    """List the displaced true vertices of all jets.

    Parameters
    ----------
    vertex, predicted
        True and predicted vertices of the tracks ``[jet, track]``, negative for none.
    displaced
        ``[jet, track]``, True where a track comes from a b or c hadron or a tau.
    mask
        ``[jet, track]``, True where a track is real.

    Returns
    -------
    Their jets ``[vertex]``, and for each ``[vertex, count]`` one, whether it is found, and of the
    predicted vertex that found it the tracks that are its own and all tracks.
    """
    width = 1 + max(vertex.max(initial=0), predicted.max(initial=0))
    jet = np.arange(len(vertex))[:, None]
    true, said = jet * width + vertex, jet * width + predicted
    tracks = np.zeros(len(vertex) * width, dtype=np.int64)
    heavy, in_said = np.zeros_like(tracks), np.zeros_like(tracks)
    own = mask & (vertex >= 0)
    np.add.at(tracks, true[own], 1)
    np.add.at(heavy, true[own & displaced], 1)
    np.add.at(in_said, said[mask & (predicted >= 0)], 1)

    # tracks that a true and a predicted vertex share, a row for each such pair that there is
    both = own & (predicted >= 0)
    pairs, shared = np.unique(
        np.stack([true[both], said[both]], axis=1), axis=0, return_counts=True
    )
    shares = shared / tracks[pairs[:, 0]] > FOUND_TRACKS
    match = shares & (shared / in_said[pairs[:, 1]] > FOUND_PURITY)

    wanted = np.flatnonzero((tracks >= 2) & (heavy >= 1))
    counts = np.zeros((len(tracks), len(COUNTS)), dtype=np.int64)
    counts[:, 0] = 1
    matched = pairs[match, 0]
    counts[matched, 1] = 1
    counts[matched, 2] = shared[match]
    counts[matched, 3] = in_said[pairs[match, 1]]
    return wanted // width, counts[wanted]
