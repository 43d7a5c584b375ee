"""Explanations: each partition of the test part is explained and summarised as it streams by.

Which jets are explained follows from the tagger's predictions before anything is sent to a worker,
so that the first so many are the same jets wherever they are worked on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from jetlens.core.attribution import beside
from jetlens.core.batch import JetBatch
from jetlens.core.errors import BadValueError
from jetlens.core.registry import parameters, summaries
from jetlens.data.base import Partition
from jetlens.explain.entry import explain as explain_jets
from jetlens.run import attributions
from jetlens.run.attributions import part_name
from jetlens.run.progress import Progress
from jetlens.run.recipe import Explain
from jetlens.run.shows import Shows, fill, merge_parts
from jetlens.run.stages import predict
from jetlens.run.store import remove
from jetlens.run.study import POOL, Pool, Study, key
from jetlens.summarise.selection import PASSED_OVER

VERSION = 1
CORRECT = "correct"


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


def explain(study: Study) -> None:
    """Explain what each entry of the recipe asks for."""
    for name, entry in study.recipe.explanations().items():
        _explain_entry(study, name, entry)


def shows_of(study: Study, entry: Explain) -> Shows:
    """Return the summaries of scores; they select what the explanation selected."""
    return tuple(
        (use, {"select": entry.select} | arguments)
        if "select" in parameters(summaries.get(use))
        else (use, arguments)
        for use, arguments in study.shows(scores=True)
    )


def _explain_entry(study: Study, name: str, entry: Explain) -> None:
    store, stage = study.store, f"explain-{name}"
    shows = shows_of(study, entry)
    made = key(
        VERSION,
        entry.model_dump(),
        shows,
        study.recipe.split,
        POOL,
        study.jets_key(),
        study.tagger_key(),
    )
    results, kept = store.results / name, store.attributions / name
    outputs = [results, *([kept] if entry.keep else [])]
    if not store.begin(stage, made, outputs):
        study.log.say(f"{name}: explained already")
        return
    groups, partial = store.work(stage, kept), store.work(stage, store.root / "partial")
    tasks = _tasks(study, name, entry, shows, groups, partial)
    missing = [t for t in tasks if not t.partial.exists()]
    total = sum(t.jets for t in tasks)
    study.log.say(f"{name}: explaining {total} jets")
    if entry.keep:
        attributions.mark_group(store.attributions)
        attributions.mark_group(groups)
    with Progress(f"explaining {total} jets", len(missing)) as progress:
        study.executor.map(work, missing, progress)
    left_out = merge_parts([t.partial for t in tasks], shows, store.work(stage, results))
    for show in left_out:
        study.log.say(f"{name}: {show} does not fit this tagger's inputs and is left out")
    if not entry.keep:
        remove(kept)
    store.finish(stage, outputs, jets=total, kept=sum(t.keep for t in tasks))
    study.log.say(f"{name}: {total} jets explained")


def _tasks(
    study: Study, name: str, entry: Explain, shows: Shows, groups: Path, partial: Path
) -> list[Task]:
    partitions = study.tested().partitions()
    said = [study.store.predictions / f"{part_name(i)}.h5" for i in range(len(partitions))]
    there, labelled = [], 0
    for each in map(predict.read, said):
        there.append(int(selected(each, entry.select).sum()))
        labelled += int((each.label >= 0).sum())
    if not sum(there):
        jets = sum(len(predict.read(path).row) for path in said)
        raise BadValueError(
            f"select = {entry.select!r} of {name}: none of the {jets:,} jets that are tested is "
            f"tagged correctly ({labelled:,} of them have a label of the tagger's classes); take "
            'more jets, train longer, or take select = "all"'
        )
    pool = study.pool()
    counts = first_so_many(there, entry.jets)
    kept = first_so_many(counts, entry.keep)
    return [
        Task(
            partition,
            path,
            study.tagger,
            study.trust,
            study.device,
            entry,
            shows,
            count,
            keep,
            pool,
            groups / part_name(i),
            partial / part_name(i),
            bool(study.name),
        )
        for i, (partition, path, count, keep) in enumerate(
            zip(partitions, said, counts, kept, strict=True)
        )
        if count
    ]


def selected(said: predict.Said, select: str) -> NDArray[np.bool_]:
    """Say which jets of a partition an explanation selects, ``[jet]``."""
    return said.correct if select == CORRECT else np.ones(len(said.row), dtype=bool)


def first_so_many(there: Sequence[int], wanted: int | None) -> list[int]:
    """Return how many of each partition's jets are among the first `wanted` of all."""
    if wanted is None:
        return list(there)
    before = np.concatenate([[0], np.cumsum(there)[:-1]])
    return [int(n) for n in np.clip(wanted - before, 0, there)]


@lru_cache(maxsize=1)
def _pool_jets(pool: Pool) -> JetBatch:
    return pool.read()


def work(task: Task) -> None:
    """Explain one partition, store what is kept and its summaries; these last."""
    jets = task.partition.read()
    said = predict.read(task.predictions)
    inside = selected(said, task.entry.select)
    chosen = np.flatnonzero(inside)[: task.jets]
    found = explain_jets(
        predict.load_tagger(task.tagger, task.trust, task.device),
        jets.take(chosen),
        task.entry.use,
        target=task.entry.target,
        of=task.entry.of,
        pool=_pool_jets(task.pool),
        **task.entry.arguments,
    )
    found = beside(found, jets.take(chosen))
    # a partition that is used whole has been looked through to its end
    end = chosen[-1] + 1 if task.jets < inside.sum() else len(inside)
    dropped = said.label[:end][~inside[:end]]
    found.attrs[PASSED_OVER] = {"all": len(dropped)} | {
        name: int((dropped == i).sum()) for i, name in enumerate(said.classes)
    }
    if task.keep:
        attributions.write(task.group, found.isel(jet=slice(0, task.keep)))
    fill(found, task.shows, task.partial, task.lenient)
