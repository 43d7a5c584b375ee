"""What frozen parts of taggers make of jets, evaluated once for all that use it.

Trainings that draw other jets, or more of them, and those with other seeds share it, and so does
what their taggers say of the test part. It lies in the run's folder until the taggers are tested.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray

from jetlens.core.registry import taggers
from jetlens.data.base import Bare, Dataset, Part, Partition
from jetlens.data.scaling import Scaling
from jetlens.run.attributions import part_name
from jetlens.run.progress import Progress
from jetlens.run.store import Store, remove
from jetlens.run.study import Study, key
from jetlens.taggers.base import Tagger
from jetlens.taggers.train import build, part_of, scaling_of
from jetlens.taggers.training.draw import DrawnPartition, Rows
from jetlens.taggers.training.features import Features, key_of
from jetlens.taggers.training.frozen import evaluate

if TYPE_CHECKING:
    from jetlens.run.stages.train import Task

FEATURES = "features"
"""What is known of a training: the folder of what the tagger's frozen part made of the jets."""

_ready: dict[str, Tagger] = {}
"""The tagger whose frozen part this process used last, by the folder that it fills."""


@dataclass(frozen=True)
class Piece:
    """Some jets of one partition, to be put through a tagger's frozen part.

    Attributes
    ----------
    task
        A training of such a tagger.
    features
        Where it goes.
    partition, name
        The jets, and the piece's name.
    device
        Where it is computed.
    """

    task: Task
    features: Features
    partition: Partition
    name: str
    device: str


@dataclass
class Wanted:
    """A frozen part, a training that has it, and the rows of all jets that are put through it."""

    study: Study
    task: Task
    features: Features
    rows: list[NDArray[np.int64]] = field(default_factory=list)


def share(studies: Sequence[Study], tasks: Sequence[Task], tested: bool) -> list[Task]:
    """Put all jets through the frozen parts of taggers once; return trainings that know of it.

    Parameters
    ----------
    studies, tasks
        The studies, and the training of each.
    tested
        Whether the test part's jets are put through, too.
    """
    wanted: dict[str, Wanted] = {}
    known = _Known()
    shared = []
    for study, task in zip(studies, tasks, strict=True):
        if _may_share(task):
            found = known.features(study, task)
            if found is not None:
                own = wanted.setdefault(found.folder.name, Wanted(study, task, found))
                own.rows += known.rows(study, task, tested)
                task = replace(task, features=found)
        shared.append(task)
    pieces = [piece for own in wanted.values() for piece in _pieces(own)]
    if pieces:
        first = studies[0]
        first.log.say(f"frozen parts of {len(wanted)} taggers: each jet goes through them once")
        with Progress("frozen parts", len(pieces)) as progress:
            first.executor.map(put_through, pieces, progress)
    return shared


def of(study: Study, name: str | None) -> Features | None:
    """Return what the frozen part of a study's tagger made of jets, if it is still there.

    Parameters
    ----------
    study
        The study, or a repeat.
    name
        The folder, as its training knows it, if it does.
    """
    folder = _place(study) / str(name)
    return Features(folder) if name and folder.is_dir() else None


def clear(home: Store) -> None:
    """Remove all that a run kept."""
    remove(home.root / ".stages" / FEATURES)
    _ready.clear()


def put_through(piece: Piece) -> None:
    """Put some jets through a frozen part, and write what comes out."""
    features = piece.features
    made = f"{features.folder} {piece.device}"
    if made not in _ready:
        _ready.clear()
        _ready[made] = _built(piece.task, features.scaling).to(piece.device)
    begun = time.perf_counter()
    jets = piece.partition.read()
    found, flops = evaluate(_ready[made], jets)
    features.write(piece.name, jets.row, found, flops, time.perf_counter() - begun)


def _place(study: Study) -> Path:
    """Return the folder of the run, of which the study may be a variation."""
    home = study.home.root
    return (home.parent if study.name else home) / ".stages" / FEATURES


def _may_share(task: Task) -> bool:
    """Say whether it may have a frozen part, which is evaluated in single precision."""
    settings, kind = task.settings, taggers.get(task.config["use"])
    freezes = getattr(kind, "frozen", Tagger.frozen) is not Tagger.frozen
    return freezes and settings.cache and settings.precision in ("32-true", "bf16-mixed")


class _Known:
    """Scalings, keys and rows that are known already: most trainings have those of another."""

    def __init__(self) -> None:
        self.scalings: dict[str, Scaling] = {}
        self.found: dict[str, Features | None] = {}
        self.used: dict[str, list[NDArray[np.int64]]] = {}

    def rows(self, study: Study, task: Task, tested: bool) -> list[NDArray[np.int64]]:
        """Return the rows of the jets that a training reads, and of those that it is tested on."""
        drawn = study.split_key, task.classes, task.settings.per_class, task.settings.seed
        made = key(study.jets_key(), *drawn)
        if made not in self.used:
            self.used[made] = _rows(task, tested)
        return self.used[made]

    def features(self, study: Study, task: Task) -> Features | None:
        """Return where the features of a training belong; None if nothing of it is frozen."""
        settings, jets = task.settings, study.jets_key()
        scaled = jets, task.inputs, study.split_key, settings.scaling, settings.log
        made = key(*scaled, task.config, task.classes, settings.seed)
        if made not in self.found:
            tagger = _built(task, Scaling())
            self.found[made] = None
            if tagger.freezes:
                measured = key(*scaled, tagger.scaled, tagger.places)
                if measured not in self.scalings:
                    whole = Part(task.data, "train", task.split, task.division)
                    self.scalings[measured] = scaling_of(tagger, whole, settings)
                tagger.scaling = self.scalings[measured]
                self.found[made] = Features(_place(study) / key_of(tagger, jets), tagger.scaling)
        return self.found[made]


def _built(task: Task, scaling: Scaling) -> Tagger:
    """Return a training's tagger as it is before it is trained."""
    with torch.random.fork_rng(devices=()):
        return build(task.config, task.inputs, task.classes, scaling, task.settings.seed)


def _rows(task: Task, tested: bool) -> list[NDArray[np.int64]]:
    """Return the rows of the jets that a training reads, and of those that it is tested on."""
    where = task.split, task.division
    used: list[Dataset] = [
        part_of(task.data, part, *where, task.classes, task.settings)
        for part in ("train", "validation")
    ]
    every = [jets for part in used for jets in Bare(part)]
    found = [jets.row[jets.with_classes(task.classes).label >= 0] for jets in every]
    if tested:
        found += [jets.row for jets in Bare(Part(task.data, "test", *where))]
    return found


def _pieces(wanted: Wanted) -> list[Piece]:
    """Return what is not there yet, a piece for each partition."""
    rows = np.unique(np.concatenate(wanted.rows))
    found = []
    whole = wanted.task.data
    for i, (partition, jets) in enumerate(zip(whole.partitions(), Bare(whole), strict=True)):
        own = np.sort(jets.row[np.isin(jets.row, rows)])
        name = part_name(i)
        if len(own) and not np.isin(own, wanted.features.rows(name)).all():
            cut = DrawnPartition(partition, Rows(own))
            found.append(Piece(wanted.task, wanted.features, cut, name, wanted.study.device))
    return found
