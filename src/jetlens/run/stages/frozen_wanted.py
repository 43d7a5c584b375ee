"""Which jets have to go through which frozen parts of taggers, and what of that is not done yet."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray

from jetlens.core.registry import taggers
from jetlens.data.base import Bare, Dataset, Part
from jetlens.data.scaling import Scaling
from jetlens.run.attributions import part_name
from jetlens.run.stages.frozen_folder import place
from jetlens.run.stages.train_one import Task
from jetlens.run.study import Study, key
from jetlens.taggers.base import Tagger
from jetlens.taggers.train import build, part_of, scaling_of
from jetlens.taggers.training.draw import DrawnPartition, Rows, check_rows
from jetlens.taggers.training.features import Features, key_of, stem_of


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
    before
        What a shallower frozen part will have made of these jets, if one does.
    """

    task: Task
    features: Features
    partition: DrawnPartition
    name: str
    device: str
    before: Features | None = None


@dataclass
class Wanted:
    """A frozen part, a training that has it, and the rows of all jets that are put through it."""

    study: Study
    task: Task
    features: Features
    rows: list[NDArray[np.int64]] = field(default_factory=list)

    def pieces(self, others: Iterable[Wanted] = ()) -> list[Piece]:
        """Return what is not there yet, a piece for each partition.

        Parameters
        ----------
        others
            What is wanted beside it: the deepest from which this one can go on is gone on from.

        Raises
        ------
        BadValueError
            If two jets have the same row.
        """
        rows = np.unique(np.concatenate(self.rows))
        before = max(filter(self._goes_on, others), key=lambda o: o.features.depth, default=None)
        there = np.concatenate(before.rows) if before else np.empty(0, np.int64)
        found, met = [], [np.empty(0, np.int64)]
        whole = self.task.data
        for i, (partition, jets) in enumerate(zip(whole.partitions(), Bare(whole), strict=True)):
            own = np.sort(jets.row[np.isin(jets.row, rows)])
            met.append(own)
            name = part_name(i)
            if len(own) and not np.isin(own, self.features.rows(name)).all():
                cut = DrawnPartition(partition, Rows(own))
                made = before.features if before and np.isin(own, there).all() else None
                found.append(Piece(self.task, self.features, cut, name, self.study.device, made))
        check_rows(np.concatenate(met))  # by its row a jet is found again
        return found

    def _goes_on(self, other: Wanted) -> bool:
        """Say whether this one can go on from what the other makes."""
        own, its = self.features, other.features
        return bool(own.stem) and own.stem == its.stem and own.depth > its.depth


def may_share(task: Task) -> bool:
    """Say whether it may have a frozen part, which is evaluated in single precision."""
    settings, kind = task.settings, taggers.get(task.config["use"])
    freezes = getattr(kind, "frozen", Tagger.frozen) is not Tagger.frozen
    return freezes and settings.cache and settings.precision in ("32-true", "bf16-mixed")


class Known:
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
            tagger = built(task, Scaling())
            self.found[made] = None
            if tagger.freezes:
                measured = key(*scaled, tagger.scaled, tagger.places)
                if measured not in self.scalings:
                    whole = Part(task.data, "train", task.split, task.division)
                    self.scalings[measured] = scaling_of(tagger, whole, settings)
                tagger.scaling = self.scalings[measured]
                folder = place(study) / key_of(tagger, jets)
                stem = stem_of(tagger, jets)
                self.found[made] = Features(folder, tagger.scaling, stem, tagger.depth)
        return self.found[made]


def built(task: Task, scaling: Scaling) -> Tagger:
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
