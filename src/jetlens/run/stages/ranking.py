"""A tagger's inputs ranked by their relevance over validation jets."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jetlens.core.errors import BadRecipeError
from jetlens.core.files import write_text
from jetlens.data.base import Partition
from jetlens.explain.entry import explain
from jetlens.run.pool import Pool
from jetlens.run.recipe import Explain, Retrain
from jetlens.run.spread import counts, first_of_each, left_by, shared_out
from jetlens.run.stages.predict import load_tagger
from jetlens.run.study import Study
from jetlens.summarise.relevance import Input, Relevance
from jetlens.summarise.result import Result, merge


@dataclass(frozen=True)
class Ranked:
    """Some validation jets whose relevance is asked for."""

    partition: Partition
    jets: NDArray[np.int64]  # of each class, as `left_by`
    tagger: Path
    device: str
    entry: Explain
    pool: Pool


def ranked(study: Study, wanted: Retrain, entry: Explain, file: Path) -> list[Input]:
    """Return the inputs by their relevance over validation jets; what is found is kept in a file.

    Raises
    ------
    BadRecipeError
        If the validation part has no jets.
    """
    if not file.is_file():
        partitions = study.part("validation").partitions()
        there = [_counted(p) for p in partitions]
        asked = []
        if there:
            left = left_by(there, shared_out(np.sum(there, axis=0), wanted.jets))
            pool = study.pool()
            asked = [
                Ranked(p, n, study.tagger, study.device, entry, pool)
                for p, own, n in zip(partitions, there, left, strict=True)
                if np.minimum(own, n).any()
            ]
        if not asked:
            raise BadRecipeError(
                f"retrain: the inputs are ranked on the validation part, which has no jets; its "
                f"share is {study.recipe.split[1]:g} of the events"
            )
        total = merge(study.executor.map(relevance, asked))
        summary: Any = total.summary
        write_text(file, json.dumps(summary.ranking(total)))
    return [(name, feature) for name, feature in json.loads(file.read_text(encoding="utf-8"))]


def relevance(asked: Ranked) -> Result:
    """Explain some jets and sum their relevance up."""
    jets = asked.partition.read()
    found = explain(
        load_tagger(asked.tagger, False, asked.device),
        jets.take(first_of_each(jets.label, asked.jets)),
        asked.entry.use,
        target=asked.entry.target,
        of=asked.entry.of,
        pool=asked.pool.read(),
        **asked.entry.arguments,
    )
    return Relevance(select=asked.entry.select).fill(found)


def _counted(partition: Partition) -> NDArray[np.int64]:
    jets = partition.read()
    return counts(jets.label, len(jets.classes))
