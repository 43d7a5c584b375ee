"""The tagger: trained on the train part, stopped on the validation part."""

from __future__ import annotations

import fnmatch
import json
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from jetlens.core.batch import JetBatch
from jetlens.core.errors import BadRecipeError, JetlensError
from jetlens.core.registry import taggers
from jetlens.run.executor import Serial
from jetlens.run.progress import Progress
from jetlens.run.stages import frozen, frozen_folder
from jetlens.run.stages.frozen_folder import FEATURES
from jetlens.run.stages.train_one import Task, fit_one
from jetlens.run.study import Study, key
from jetlens.taggers.base import Tagger
from jetlens.taggers.train import times
from jetlens.taggers.training.preparation import decided
from jetlens.taggers.training.settings import TrainSettings

T = TypeVar("T")

VERSION = 1
STAGE = "train"
SECONDS = "seconds_per_epoch"
"""What is known of a training that is done: how long each epoch took."""
_RESAMPLED = {
    "weight": "resampled by weight",
    "thin": "resampled by dropping jets",
    "none": "not resampled",
}


def train(studies: Sequence[Study], tested: bool = True) -> None:
    """Train the taggers of studies and their repeats; a training that was killed goes on.

    Parameters
    ----------
    studies
        The studies.
    tested
        Whether the taggers will be tested, too.
    """
    every = [(s, _task(s)) for s in studies]
    missing = [(s, task) for s, task in every if task is not None]
    used = {s.store.state(STAGE).get(FEATURES) for s, task in every if task is None}
    if not missing:
        frozen_folder.tidy(studies[0], used)
        studies[0].log.say("tagger: trained already")
        return
    first = missing[0][0]
    tasks = frozen.share([s for s, _ in missing], [task for _, task in missing], tested, used)
    lengths = " or ".join(sorted({task.settings.length for task in tasks}))
    resampled = " or ".join(sorted({_RESAMPLED[task.settings.resample] for task in tasks}))
    many = f"{len(tasks)} tagger{'s' * (len(tasks) > 1)}"
    first.log.say(f"training {many}, {lengths}; classes {resampled} in (pt, eta)")
    with Progress("training", len(tasks)) as progress:
        each(first, fit_one, tasks, progress)
    for (study, _), task in zip(missing, tasks, strict=True):
        told = times(task.out)
        seconds = json.loads(told.read_text(encoding="utf-8")) if told.is_file() else []
        known: dict[str, Any] = {"seed": task.settings.seed, SECONDS: seconds}
        if task.features is not None:
            known[FEATURES] = task.features.folder.name
        study.store.finish(STAGE, [study.store.tagger], **known)
    first.log.say("trained")


def each(study: Study, work: Callable[[T], None], tasks: Sequence[T], progress: Progress) -> None:
    """Work through trainings, side by side on one thread each where there are workers.

    A single one runs in this process, with all its threads, and so do those on a GPU.
    """
    if len(tasks) == 1 or study.device != "cpu" or isinstance(study.executor, Serial):
        for task in tasks:
            work(task)
            progress.advance()
    else:
        study.executor.map(work, tasks, progress)


def _task(study: Study) -> Task | None:
    """Return what is to be trained, or None if that is done."""
    store, recipe = study.store, study.recipe
    settings = resolved(study)
    made = key(
        VERSION,
        recipe.tagger.model_dump(),
        settings.key(),
        study.split_key,
        study.jets_key(),
    )
    if not store.begin(STAGE, made, [store.tagger]):
        return None
    data = study.held()
    first = data.partitions()[0].read()
    config, inputs, classes = architecture(study, first)
    settings = decided(settings, first)
    out = store.work(STAGE, store.tagger)
    return Task(config, data, settings, out, inputs, classes, recipe.split, study.division)


def architecture(
    study: Study, jets: JetBatch
) -> tuple[dict[str, Any], dict[str, list[str]], Sequence[str]]:
    """Return the tagger's name and arguments, its inputs and its classes, for jets like these."""
    config = study.recipe.tagger.model_dump()
    kind: type[Tagger] = taggers.get(config["use"])  # type: ignore[assignment]
    inputs = config.pop("inputs", None)
    if not inputs:
        try:
            inputs = kind.inputs_for(jets)
        except JetlensError as error:
            raise BadRecipeError(f"tagger: {error}") from None
    inputs = {name: matching(jets, name, features) for name, features in inputs.items()}
    config = {**kind.arguments_for(jets, inputs), **config}
    return config, inputs, config.pop("classes", None) or jets.classes


def matching(jets: JetBatch, name: str, features: Sequence[str]) -> list[str]:
    """Return a collection's features of which some are named by patterns, such as ``"tau*"``.

    Raises
    ------
    BadRecipeError
        If nothing fits a pattern.
    """
    found: dict[str, None] = {}
    for feature in features:
        patterned = any(c in feature for c in "*?[")
        fitting = fnmatch.filter(jets[name].names, feature) if patterned else [feature]
        if not fitting:
            there = ", ".join(jets[name].names)
            raise BadRecipeError(f"tagger.inputs.{name}: {feature!r} fits none of {there}")
        found |= dict.fromkeys(fitting)
    return list(found)


def resolved(study: Study) -> TrainSettings:
    """Return the recipe's training settings with this repeat's seed and the run's device."""
    given = study.recipe.train
    update: dict[str, Any] = {}
    if "seed" not in given.model_fields_set or study.number:
        update["seed"] = study.seed
    if "accelerator" not in given.model_fields_set:
        kind, _, index = study.device.partition(":")
        update["accelerator"] = "gpu" if kind == "cuda" else kind
        if index:
            update["devices"] = f"{index},"
    if update.get("accelerator") == "cpu" and "devices" not in given.model_fields_set:
        update["devices"] = 1
    return given.model_copy(update=update)
