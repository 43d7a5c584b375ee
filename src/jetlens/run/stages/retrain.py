"""Taggers trained again on their most relevant inputs alone: what a ranking of inputs is worth.

The ranking is that of the first tagger over validation jets: the test part decides nothing.
Each retraining is kept by a key of its own, so that none is done twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from jetlens.core.batch import JetBatch
from jetlens.core.errors import BadRecipeError, look_up
from jetlens.core.registry import summaries
from jetlens.data.base import Dataset, Part
from jetlens.evaluate.predict import predict
from jetlens.evaluate.retrain import Inputs, kept, needed, orders
from jetlens.run.progress import Progress
from jetlens.run.recipe import Explain, Retrain
from jetlens.run.stages import train, train_one
from jetlens.run.stages.ranking import ranked
from jetlens.run.store import Store, remove
from jetlens.run.study import PERFORMANCE, Study, key
from jetlens.summarise.estimates import Numbers
from jetlens.summarise.relevance import Input
from jetlens.summarise.result import Result, merge
from jetlens.summarise.trainings.retrained import Retrained
from jetlens.taggers import saved

VERSION = 1
STAGE = "retrain"


@dataclass(frozen=True)
class Task:
    """One retraining: what is trained, and the file of its performance on the test part."""

    training: train_one.Task
    test: Dataset
    device: str
    performance: dict[str, Any]
    path: Path


def place(store: Store) -> Path:
    """Return the file of what the retrainings found."""
    return store.results / f"{Retrained.name}.npz"


def entry_of(study: Study, wanted: Retrain) -> tuple[str, Explain]:
    """Return the explanation that ranks the inputs, with its name.

    Raises
    ------
    BadRecipeError
        If there is none of that name.
    """
    entries = study.recipe.explanations()
    if wanted.explain is None:
        return next(iter(entries.items()))
    return wanted.explain, look_up("explanation in retrain.explain", wanted.explain, entries)


def check(study: Study, jets: JetBatch) -> None:
    """Check that there are inputs to leave out.

    Raises
    ------
    BadRecipeError
        If the tagger has a single input, or more are to be kept than there are.
    """
    wanted = study.recipe.retrain
    if wanted is None:
        return
    inputs = _inputs(train.architecture(study, jets)[1], jets)
    if len(inputs) < 2:
        raise BadRecipeError(
            f"retrain: the tagger has a single input, {_said(inputs[0])}, so that none can be left "
            "out; expected a tagger of several (an image counts as one), or no table retrain"
        )
    for k in wanted.keep or ():
        if k >= len(inputs):
            raise BadRecipeError(
                f"retrain.keep = {list(wanted.keep or ())}: the tagger has {len(inputs)} inputs; "
                f"expected numbers from 1 to {len(inputs) - 1}"
            )


def _inputs(inputs: Inputs, jets: JetBatch) -> list[Input]:
    return [
        pair
        for name, features in inputs.items()
        for pair in ([(name, None)] if jets[name].is_image else [(name, f) for f in features])
    ]


def _said(given: Input) -> str:
    collection, feature = given
    return collection if feature is None else f"{collection}.{feature}"


def numbers(study: Study) -> Numbers:
    """Return what the retrainings found, if the recipe asks for any."""
    return {} if study.recipe.retrain is None else Retrained.load(place(study.home)).numbers()


def retrain(study: Study) -> None:
    """Rank the inputs of the first tagger, and train it again on the first k of them."""
    wanted, home = study.recipe.retrain, study.home
    if wanted is None:
        return
    name, entry = entry_of(study, wanted)
    shows = study.shows(scores=False)
    performance = next(arguments for use, arguments in shows if use == PERFORMANCE)
    trained = [replace(study, number=k) for k in range(wanted.repeats)]
    settings = [train.resolved(s).key() for s in trained]
    config = study.recipe.tagger.model_dump()
    made = key(
        VERSION, wanted.model_dump(), entry.model_dump(), performance, settings, config,
        study.recipe.split, study.jets_key(), study.tagger_key(),
    )  # fmt: skip
    outputs = [place(home)]
    if not home.begin(STAGE, made, outputs):
        study.log.say("retrained already")
        return
    study.log.say(f"ranking the inputs by {name}")
    first = study.jets().partitions()[0].read()
    config, inputs, classes = train.architecture(study, first)
    ranking = ranked(study, wanted, entry, home.work(STAGE, home.root / "ranking.json"))
    before_all = needed(config, inputs, classes)
    lines = orders(ranking, wanted.random, study.seed, before_all)
    keep = [*(wanted.keep or range(1, len(ranking))), len(ranking)]
    plan = [
        [[_task(study, s, kept(inputs, order[:k]), performance) for s in trained] for k in keep]
        for _, order in lines
    ]
    _run(study, [task for line in plan for same in line for task in same])
    found = Retrained.of(
        [(kind, [_said(i) for i in order]) for kind, order in lines],
        keep,
        [[[Result.load(t.path) for t in same] for same in line] for line in plan],
        before_all,
    )
    found.save(home.work(STAGE, place(home)))
    home.finish(STAGE, outputs, ranking=[_said(i) for i in ranking])
    study.log.say("retrained")


def _task(study: Study, trained: Study, inputs: Inputs, performance: dict[str, Any]) -> Task:
    """Return a retraining; its file's name is a hash of all that it depends on."""
    settings, data = train.resolved(trained), study.held()
    config, _, classes = train.architecture(study, data.partitions()[0].read())
    made = key(
        VERSION, config, inputs, list(classes), performance, study.recipe.split, study.jets_key(),
        settings.key(),
    )  # fmt: skip
    out = study.home.root / "retrained" / made
    training = train_one.Task(config, data, settings, out, inputs, classes, study.recipe.split)
    path = out.with_suffix(".npz")
    test = Part(data, "test", study.recipe.split)
    return Task(training, test, study.device, performance, path)


def _run(study: Study, tasks: Sequence[Task]) -> None:
    """Train and test what is not there yet; the same inputs of two orders are trained once."""
    missing = list({t.path: t for t in tasks if not t.path.exists()}.values())
    if missing:
        study.log.say(f"retraining {len(missing)} taggers on some of their inputs")
    with Progress("retraining", len(missing)) as progress:
        train.each(study, work, missing, progress)
    wanted = {t.path for t in tasks}
    for path in (study.home.root / "retrained").iterdir():
        if path not in wanted:  # of other settings
            remove(path)


def work(task: Task) -> None:
    """Train a tagger, fill its performance on the test part, and leave that alone."""
    train_one.fit_one(task.training)
    tagger = saved.load(task.training.out).to(task.device)
    summary = summaries.make(PERFORMANCE, **task.performance)
    merge(summary.fill(predict(tagger, jets)) for jets in task.test).save(task.path)
    remove(task.training.out)
