"""One partition, explained and summarised, wherever it is worked on.

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
from jetlens.explain.entry import explain
from jetlens.run import attributions
from jetlens.run.recipe import Explain
from jetlens.run.shows import Shows, fill
from jetlens.run.stages import predict
from jetlens.run.study import Pool
from jetlens.summarise.jets.selection import PASSED_OVER

CORRECT = "correct"
FIRST = 32
"""Jets that tell how large the attribution of one is."""
ROOM = 2**29
"""Bytes that the attribution of jets that are explained together may take, about."""


@dataclass(frozen=True)
class Task:
    """One partition's jets to explain, and where to write.

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
        The number of selected jets of this partition to explain, and to keep attributions of.
    pool
        References for baselines.
    group, partial
        Where the kept attributions and the partition's summaries go.
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
    jets: int
    keep: int
    pool: Pool
    group: Path
    partial: Path
    lenient: bool


def selected(said: predict.Said, select: str) -> NDArray[np.bool_]:
    """Say which jets of a partition an explanation selects, ``[jet]``."""
    return said.correct if select == CORRECT else np.ones(len(said.row), dtype=bool)


@lru_cache(maxsize=1)
def _pool_jets(pool: Pool) -> JetBatch:
    return pool.read()


def work(task: Task) -> None:
    """Explain one partition, store what is kept and its summaries; these last."""
    jets = task.partition.read()
    said = predict.read(task.predictions)
    inside = selected(said, task.entry.select)
    chosen = np.flatnonzero(inside)[: task.jets]
    # a partition that is used whole has been looked through to its end
    end = chosen[-1] + 1 if task.jets < inside.sum() else len(inside)
    dropped = said.label[:end][~inside[:end]]
    passed_over = {"all": len(dropped)} | {
        name: int((dropped == i).sum()) for i, name in enumerate(said.classes)
    }
    found = _chunks(task, jets.take(chosen), passed_over)
    fill(_keeping(found, task), task.shows, task.partial, task.lenient)


def _chunks(task: Task, jets: JetBatch, passed_over: Mapping[str, int]) -> Iterator[xr.Dataset]:
    """Explain jets, as many at a time as the method says, and as there is room for."""
    most = getattr(explainers.get(task.entry.use), "at_once", None)
    size, begin = (len(jets), 0) if most is None else (min(most, FIRST), 0)
    while begin < len(jets):
        some = jets.take(slice(begin, begin + size))
        found = explain(
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


def _keeping(chunks: Iterator[xr.Dataset], task: Task) -> Iterator[xr.Dataset]:
    """Pass chunks on; when all are through, write the first attributions of them."""
    kept: list[xr.Dataset] = []
    left = task.keep
    for found in chunks:
        if left:
            kept.append(found.isel(jet=slice(0, left)).copy(deep=True))
            left -= kept[-1].sizes["jet"]
        yield found
    if kept:
        attributions.write(task.group, concatenate(kept))
