"""Jets of one partition, explained and summarised, wherever they are worked on.

A method whose attributions are large works through it in chunks, of which one is held at a time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from jetlens.core.attribution import beside, concatenate
from jetlens.core.batch import JetBatch
from jetlens.core.registry import explainers
from jetlens.data.base import Partition
from jetlens.explain.entry import explain_part
from jetlens.run import attributions
from jetlens.run.pool import Pool
from jetlens.run.recipe import Explain
from jetlens.run.shows import Shows, fill
from jetlens.run.spread import first_of_each
from jetlens.run.stages import predict
from jetlens.summarise.jets.selection import PASSED_OVER

CORRECT = "correct"
FIRST = 32
"""Jets that tell how large the attribution of one is."""
ROOM = 2**29
"""Bytes that the attribution of jets that are explained together may take, about."""


@dataclass(frozen=True)
class Task:
    """Some of one partition's jets to explain, and where to write.

    Attributes
    ----------
    partition, predictions
        The jets, and the file of what the tagger says of them.
    tagger, trust, device
        The tagger's folder, whether it may be a pickle, and where it computes.
    entry
        The explanation.
    shows
        The summaries to fill.
    jets, keep
        How many of the jets that are selected are wanted still when this partition begins, to be
        explained and to be kept, of each class and (at the end) of none ``[class + 1]``.
    some
        Where among those of this partition the task begins and ends.
    pool
        References for baselines.
    group, partial
        Where the kept attributions and the task's summaries go.
    lenient
        Whether to leave out the summaries that this tagger's inputs do not allow.
    """

    partition: Partition
    predictions: Path
    tagger: Path
    trust: bool
    device: str
    entry: Explain
    shows: Shows
    jets: NDArray[np.int64]
    keep: NDArray[np.int64]
    some: tuple[int, int]
    pool: Pool
    group: Path
    partial: Path
    lenient: bool


def selected(said: predict.Said, select: str) -> NDArray[np.bool_]:
    """Say which jets of a partition an explanation selects, ``[jet]``."""
    return said.correct if select == CORRECT else np.ones(len(said.row), dtype=bool)


def explained(task: Task) -> tuple[predict.Said, NDArray[np.int64]]:
    """Return what the tagger says of a task's partition, and which of its jets are explained."""
    said = predict.read(task.predictions)
    chosen = first_of_each(said.label, task.jets, selected(said, task.entry.select))
    return said, chosen[slice(*task.some)]


@lru_cache(maxsize=1)
def _pool_jets(pool: Pool) -> JetBatch:
    return pool.read()


def work(task: Task) -> None:
    """Explain a task's jets, store what is kept and its summaries; these last."""
    jets = task.partition.read()
    said = predict.read(task.predictions)
    inside = selected(said, task.entry.select)
    chosen = first_of_each(said.label, task.jets, inside)
    own = chosen[slice(*task.some)]
    kept = np.isin(own, first_of_each(said.label, task.keep, inside))
    first = task.some[0] == 0  # it tells of the whole partition
    passed_over = _passed_over(said, inside, chosen, task.jets) if first else {}
    found = _chunks(task, jets.take(own), passed_over)
    fill(_keeping(found, task, kept), task.shows, task.partial, task.lenient)


def _passed_over(
    said: predict.Said,
    inside: NDArray[np.bool_],
    chosen: NDArray[np.int64],
    wanted: NDArray[np.int64],
) -> dict[str, int]:
    """Return how many jets were looked at before those chosen were found, by class and in all.

    Where a class has too few to stop at, all of its jets were.
    """
    found = []
    for k, name in enumerate((*said.classes, "")):
        own = said.label == (k if name else -1)
        mine = chosen[own[chosen]]
        end = len(own) if len(mine) < wanted[k] else mine[-1] + 1 if len(mine) else 0
        found.append(int((own & ~inside)[:end].sum()))
    return {"all": sum(found), **dict(zip(said.classes, found, strict=False))}


def _chunks(task: Task, jets: JetBatch, passed_over: Mapping[str, int]) -> Iterator[xr.Dataset]:
    """Explain jets, as many at a time as the method says, and as there is room for."""
    most = getattr(explainers.get(task.entry.use), "at_once", None)
    size, begin = (len(jets), 0) if most is None else (min(most, FIRST), 0)
    while begin < len(jets):
        some = jets.take(slice(begin, begin + size))
        found = explain_part(
            predict.load_tagger(task.tagger, task.trust, task.device),
            some,
            task.entry.use,
            target=task.entry.target,
            of=task.entry.of,
            pool=_pool_jets(task.pool),
            **task.entry.arguments,
        )
        found.attrs[PASSED_OVER] = dict(passed_over) if begin == 0 else {}
        begin += len(some)
        if most is not None:
            size = max(1, min(most, ROOM * len(some) // max(found.nbytes, 1)))
        yield beside(found, some)


def _keeping(
    chunks: Iterator[xr.Dataset], task: Task, keep: NDArray[np.bool_]
) -> Iterator[xr.Dataset]:
    """Pass chunks on; when all are through, write the attributions of them that are kept."""
    kept: list[xr.Dataset] = []
    begin = 0
    for found in chunks:
        own = np.flatnonzero(keep[begin : begin + found.sizes["jet"]])
        begin += found.sizes["jet"]
        if len(own):
            kept.append(found.isel(jet=own).copy(deep=True))
        yield found
    if kept:
        attributions.write(task.group, concatenate(kept))
