"""Labelled jets as a tagger takes them, with the truth of its tasks."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from jetlens.core.batch import JetBatch
from jetlens.core.collection import Collection
from jetlens.core.errors import UnknownNameError
from jetlens.taggers.base import Inputs, Tagger
from jetlens.taggers.chunks import Packed, pack
from jetlens.taggers.encode import encode


class Batch(NamedTuple):
    """Jets of one pass; `truth` by task ``[jet, particle]``, -1 where there is none."""

    inputs: Inputs
    masks: Inputs
    truth: dict[str, Tensor]
    label: Tensor
    weight: Tensor


Step = list[Batch]
"""The batch of one training step, in the parts that it is passed in."""


@dataclass(frozen=True)
class Examples:
    """Encoded jets with label, weight and the truth of each task, in packed order."""

    packed: Packed
    truth: dict[str, Tensor]
    label: Tensor
    weight: Tensor

    def __len__(self) -> int:
        return len(self.packed)

    def batch(self, rows: Tensor) -> Batch:
        """Return some of the jets, no longer than these need."""
        inputs, masks = self.packed.cut(rows)
        truth = {}
        for task, known in self.truth.items():
            name = task.partition(".")[0]
            known = known[rows]
            truth[task] = known[:, : masks[name].shape[1]] if name in masks else known
        return Batch(inputs, masks, truth, self.label[rows], self.weight[rows])


def encode_examples(tagger: Tagger, jets: JetBatch) -> Examples:
    """Scale and pack labelled jets, with the truth of the tagger's tasks; all in main memory.

    Raises
    ------
    UnknownNameError
        If the jets lack an input or a task's truth.
    """
    packed = pack(tagger, *encode(tagger, jets, torch.device("cpu")))
    rows = packed.rows
    truth = {}
    for task in tagger.tasks:
        name = task.partition(".")[0]
        known = torch.as_tensor(truth_of(jets, task)[rows.numpy()], dtype=torch.long)
        if name in packed.places and known.ndim == 2:
            known = known.take_along_dim(packed.places[name], dim=1)
            known = known.masked_fill(~packed.masks[name], -1)
        truth[task] = known
    return Examples(
        packed,
        truth,
        torch.as_tensor(jets.label)[rows],
        torch.as_tensor(jets.weight, dtype=next(iter(packed.inputs.values())).dtype)[rows],
    )


def truth_of(jets: JetBatch, task: str) -> np.ndarray:
    """Return the truth of a task, ``[jet]`` or ``[jet, particle]``.

    Raises
    ------
    UnknownNameError
        If the jets lack it.
    """
    name, _, short = task.partition(".")
    truth = jets[name].truth
    if short not in truth:
        raise UnknownNameError(
            f"truth of {name} to train the task {task!r} (the tagger's `auxiliary` says which "
            "tasks there are)",
            short,
            truth,
        )
    return np.asarray(truth[short])


def slim(tagger: Tagger, jets: JetBatch) -> JetBatch:
    """Keep what the tagger needs: its features and its tasks' truth."""
    collections: dict[str, Collection] = {}
    for name in {*tagger.inputs, *(t.partition(".")[0] for t in tagger.tasks)}:
        own = jets[name]
        where = own.positions(tagger.inputs.get(name, ()))
        collections[name] = replace(
            own,
            values=np.take(own.values, where, axis=own.feature_axis),
            features=tuple(own.features[i] for i in where),
            truth={
                t.partition(".")[2]: truth_of(jets, t)
                for t in tagger.tasks
                if t.partition(".")[0] == name
            },
        )
    return replace(jets, collections=collections)
