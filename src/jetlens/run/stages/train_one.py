"""One training, wherever it is worked on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jetlens.data.base import Dataset
from jetlens.taggers import saved
from jetlens.taggers.train import train as fit
from jetlens.taggers.training.features import Features
from jetlens.taggers.training.settings import TrainSettings


@dataclass(frozen=True)
class Task:
    """One tagger to train; it can be sent to a worker.

    Attributes
    ----------
    config
        The tagger's name and arguments.
    data
        The jets.
    settings
        How it is trained.
    out
        The tagger's folder.
    inputs, classes, split, division, features
        As of `jetlens.taggers.train.train`.
    """

    config: Mapping[str, Any]
    data: Dataset
    settings: TrainSettings
    out: Path
    inputs: Mapping[str, Sequence[str]]
    classes: Sequence[str]
    split: tuple[float, float, float]
    division: int = 0
    features: Features | None = None


def fit_one(task: Task) -> None:
    """Train one tagger, if that is not done."""
    if (task.out / saved.DESCRIPTION).is_file():
        return  # whole, in a run that was killed before the others were done
    fit(
        task.config,
        task.data,
        task.settings,
        task.out,
        inputs=task.inputs,
        classes=task.classes,
        split=task.split,
        division=task.division,
        features=task.features,
    )
