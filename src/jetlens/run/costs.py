"""What the trainings of a study's variations cost, beside how well they tag."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from jetlens.run.stages import train
from jetlens.run.stages.report import read_json
from jetlens.run.study import Study
from jetlens.summarise.estimates import Numbers
from jetlens.summarise.trainings.costs import (
    FLOPS,
    IMAGES,
    QUANTITIES,
    SECONDS,
    TRAINED,
    Costs,
    Spent,
)
from jetlens.taggers import saved


def costs(studies: Sequence[Study], numbers: Numbers, rows: str) -> Costs:
    """Put together what variations cost and how well they do.

    Parameters
    ----------
    studies
        The variations.
    numbers
        What their comparison found, with ``auc.<variation>`` and ``accuracy.<variation>``.
    rows
        What is trained on, in a word.
    """
    found = []
    for study in studies:
        place = ",".join(study.places.values())
        each = [_of(repeat) for repeat in study.repeats()]
        known = [name for name in each[0] if all(name in other for other in each)]
        own = {q: numbers[f"{q}.{place}"] for q in QUANTITIES if f"{q}.{place}" in numbers}
        spent = {name: [other[name] for other in each] for name in known}
        keys = study.tested_key(), study.jets_key()
        found.append(Spent(dict(study.places), spent, own, *keys))
    return Costs(tuple(found), rows)


def _of(study: Study) -> Mapping[str, float]:
    """Return what one training cost, by name."""
    history: dict[str, Any] = read_json(study.tagger / f"{saved.HISTORY}.json")
    found = {IMAGES: float(sum(history["jets"]["kept"].values()))}
    found |= {name: float(history["cost"][name]) for name in (TRAINED, FLOPS)}
    seconds = study.store.state(train.STAGE)[train.SECONDS]
    return found | ({SECONDS: float(sum(seconds))} if seconds else {})
