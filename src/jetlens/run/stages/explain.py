"""Explanations: partitions of the test part are explained and summarised as they stream by.

Which jets are explained follows from the tagger's predictions before anything is sent to a worker,
so that the first so many of each class are the same jets wherever they are worked on.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from jetlens.core import moves
from jetlens.core.arguments import parameters
from jetlens.core.errors import BadValueError
from jetlens.core.registry import explainers, summaries
from jetlens.run import attributions
from jetlens.run.attributions import part_name
from jetlens.run.pool import POOL
from jetlens.run.progress import Progress
from jetlens.run.recipe import Explain
from jetlens.run.shows import Shows, merge_parts
from jetlens.run.spread import counts, cut, left_by, shared_out
from jetlens.run.stages import predict
from jetlens.run.stages.explain_partition import Task, explained, selected, work
from jetlens.run.stages.trial import misfit
from jetlens.run.store import remove
from jetlens.run.study import Study, key
from jetlens.summarise.jets.moved import nothing_moved
from jetlens.summarise.result import Result

VERSION = 5
LEFT_OUT = "left_out"
"""What is known of a stage whose method is not asked of this tagger, or cannot explain it: why."""
COMPLETENESS = "completeness"
"""The summary that tells how many jets converged."""
PARTS, LEAST = 8, 4
"""Tasks that few jets are cut into, and jets of each at least, about."""


def explain(study: Study) -> None:
    """Explain what each entry of the recipe asks for."""
    for name, entry in study.recipe.explanations().items():
        _explain_entry(study, name, entry)


def left_out(study: Study) -> dict[str, str]:
    """Return the explanations that this study's tagger does not have, each with the reason."""
    states = {name: study.store.state(stage_of(name)) for name in study.recipe.explanations()}
    return {name: state[LEFT_OUT] for name, state in states.items() if LEFT_OUT in state}


def stage_of(name: str) -> str:
    """Return the name of an explanation's stage."""
    return f"explain-{name}"


def shows_of(study: Study, entry: Explain) -> Shows:
    """Return the summaries of scores; they select what the explanation selected.

    Of a method that promises completeness, how far it is reached is always among them.
    """
    shows = study.shows(scores=True)
    promised = getattr(explainers.get(entry.use), "complete", False)
    if promised and not any(use == COMPLETENESS for use, _ in shows):
        shows += ((COMPLETENESS, {}),)
    return tuple(
        (use, {"select": entry.select} | arguments)
        if "select" in parameters(summaries.get(use))
        else (use, arguments)
        for use, arguments in shows
    )


def _explain_entry(study: Study, name: str, entry: Explain) -> None:
    store, stage = study.store, stage_of(name)
    shows = shows_of(study, entry)
    made = key(
        VERSION,
        entry.model_dump(),
        shows,
        study.split_key,
        POOL,
        study.jets_key(),
        study.tagger_key(),
    )
    results, kept = store.results / name, store.attributions / name
    stores = entry.keep and LEFT_OUT not in store.state(stage)
    outputs = [results, *([kept] if stores else [])]
    if not store.begin(stage, made, outputs):
        study.log.say(f"{name}: explained already")
        return
    reason = _not_asked(study, entry) or _misfit(study, name, entry)
    groups, partial = store.work(stage, kept), store.work(stage, store.root / "partial")
    if not reason:
        tasks, total, stored = _tasks(study, name, entry, shows, groups, partial)
        reason = _not_moved(study, name, entry, tasks)
    if reason:
        store.work(stage, results).mkdir(parents=True, exist_ok=True)
        remove(kept)
        store.finish(stage, [results], **{LEFT_OUT: reason})
        told = f"{name} is left out: {reason}"
        if study.log.is_news(f"{study.name} {told}"):
            study.log.say(told)
        return
    outputs = [results, *([kept] if entry.keep else [])]
    missing = [t for t in tasks if not t.partial.exists()]
    study.log.say(f"{name}: explaining {total} jets")
    if entry.keep:
        attributions.mark_group(store.attributions)
        attributions.mark_group(groups)
    with Progress(f"explaining {total} jets", len(missing)) as progress:
        study.executor.map(work, missing, progress)
    unfit = merge_parts([t.partial for t in tasks], shows, store.work(stage, results))
    news = [show for show in unfit if study.log.is_news(f"{name} {show}")]
    if news:
        study.log.say(f"{name}: summaries that do not fit it or this tagger: {', '.join(news)}")
    if "constraints" in parameters(explainers.get(entry.use)):
        idle = _idle(store.work(stage, results))
        if idle and study.log.is_news(f"{name} {idle}"):
            study.log.say(f"{name}: constraints without effect: {idle}")
        if nothing := _nothing(store.work(stage, results)):
            study.log.say(f"{name}: {nothing}")
    if not entry.keep:
        remove(kept)
    store.finish(stage, outputs, jets=total, kept=stored)
    study.log.say(f"{name}: {total} jets explained")


def _idle(folder: Path) -> str:
    """Say which constraints of moved jets had nothing to act on, and why, by any of the results."""
    for path in sorted(folder.glob("*.npz")):
        idle = json.loads(Result.load(path).sums.attrs.get("idle", "{}"))
        if idle:
            return "; ".join(f"{constraint} ({why})" for constraint, why in idle.items())
    return ""


def _nothing(folder: Path) -> str:
    """Say why no jet was moved, by any of the results; empty if some were."""
    said = (nothing_moved(Result.load(path).sums) for path in sorted(folder.glob("*.npz")))
    return next((words for words in said if words), "")


def _misfit(study: Study, name: str, entry: Explain) -> str:
    """Say why a variation's tagger cannot be explained so; of a single study it is an error."""
    if not study.name:
        return ""
    if study.number > 0:  # retrainings have one architecture, and the first was asked before
        return str(study.home.state(stage_of(name)).get(LEFT_OUT, ""))
    tagger = predict.load_tagger(study.tagger, study.trust, study.device)
    reason = misfit(tagger, entry, study.jets().partitions()[0].read(), study.fits)
    return f"it does not fit this tagger: {reason}" if reason else ""


def _not_moved(study: Study, name: str, entry: Explain, tasks: Sequence[Task]) -> str:
    """Say that no jet is of the classes that are to be moved; of a single study it is an error."""
    move = entry.arguments.get("move", moves.ALL)
    if isinstance(move, str):
        return ""
    jets = 0
    for task in tasks:
        said, own = explained(task)
        label, decided = said.label[own], said.logits[own].argmax(1)
        if moves.selected(move, said.classes, label, decided).any():
            return ""
        jets += len(own)
    reason = moves.none_of(move, jets)
    if study.name:
        return reason
    raise BadValueError(f"move = {move!r} of {name}: {reason}; take more jets, or other classes")


def _not_asked(study: Study, entry: Explain) -> str:
    """Say which retrainings are explained, where this one is not."""
    if entry.trainings is None or study.number < entry.trainings:
        return ""
    return f"it is asked of {entry.trainings} of {study.recipe.repeats} trainings, the first"


def _tasks(
    study: Study, name: str, entry: Explain, shows: Shows, groups: Path, partial: Path
) -> tuple[list[Task], int, int]:
    """Return the tasks of all partitions with jets to explain; how many are explained, and kept."""
    partitions = study.tested().partitions()
    said = [study.store.predictions / f"{part_name(i)}.h5" for i in range(len(partitions))]
    there = [_counted(predict.read(path), entry.select) for path in said]
    total = np.sum(there, axis=0)
    if not total.sum():
        every = np.sum([_counted(predict.read(path), "all") for path in said], axis=0)
        jets, labelled = int(np.sum(every)), int(np.sum(every[:-1]))
        raise BadValueError(
            f"select = {entry.select!r} of {name}: none of the {jets:,} jets that are tested is "
            f"tagged correctly ({labelled:,} of them have a label of the tagger's classes); take "
            'more jets, train longer, or take select = "all"'
        )
    pool = study.pool()
    wanted = shared_out(total, entry.jets)
    explained = np.minimum(total, wanted)
    keep = shared_out(explained, entry.keep)
    left, kept = left_by(there, wanted), left_by(there, keep)
    own = [int(np.minimum(n, some).sum()) for n, some in zip(there, left, strict=True)]
    tasks = []
    for i, ranges in enumerate(cut(own, PARTS, LEAST)):
        for k, (begin, end) in enumerate(ranges):
            part = part_name(i) + f"-{k:03d}" * (len(ranges) > 1)
            tasks.append(
                Task(
                    partitions[i],
                    said[i],
                    study.tagger,
                    study.trust,
                    study.device,
                    entry,
                    shows,
                    left[i],
                    kept[i],
                    (begin, end),
                    pool,
                    groups / part,
                    partial / part,
                    study.lenient,
                )
            )
    return tasks, int(explained.sum()), int(np.minimum(explained, keep).sum())


def _counted(said: predict.Said, select: str) -> NDArray[np.int64]:
    """Return how many jets an explanation selects, of each class and (at the end) of none."""
    return counts(said.label, len(said.classes), selected(said, select))
