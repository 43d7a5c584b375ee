"""A tagger's inputs ranked by their relevance over validation jets."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jetlens.core.errors import BadRecipeError
from jetlens.core.files import write_text
from jetlens.data.base import Partition
from jetlens.explain.entry import explain
from jetlens.run.recipe import Explain, Retrain
from jetlens.run.stages.explain import first_so_many
from jetlens.run.stages.predict import load_tagger
from jetlens.run.study import Pool, Study
from jetlens.summarise.relevance import Input, Relevance
from jetlens.summarise.result import Result, merge


@dataclass(frozen=True)
class Ranked:
    """Some validation jets whose relevance is asked for."""

    partition: Partition
    jets: int
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
        counts = first_so_many([len(p.read()) for p in partitions], wanted.jets)
        pool = study.pool()
        asked = [
            Ranked(p, n, study.tagger, study.device, entry, pool)
            for p, n in zip(partitions, counts, strict=True)
            if n
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
    found = explain(
        load_tagger(asked.tagger, False, asked.device),
        asked.partition.read().take(slice(0, asked.jets)),
        asked.entry.use,
        target=asked.entry.target,
        of=asked.entry.of,
        pool=asked.pool.read(),
        **asked.entry.arguments,
    )
    return Relevance(select=asked.entry.select).fill(found)
