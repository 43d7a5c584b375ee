"""``jetlens.run``: a recipe in, a run's folder out."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jetlens.core.arguments import typed
from jetlens.core.errors import BadFileError, BadRecipeError, BadValueError, UnknownNameError
from jetlens.run.progress import Log
from jetlens.run.store import Store

if TYPE_CHECKING:
    from jetlens.run.executor import Executor
    from jetlens.run.recipe import Recipe
    from jetlens.run.study import Study

STAGES = ("generate", "train", "explain", "summarise", "report")
_TAKES: dict[str, Any] = {
    "recipe": str | Path,
    "out": str | Path | None,
    "preset": str | None,
    "set": Mapping[str, Any] | Sequence[str] | None,
    "seed": int | None,
    "workers": int,
    "scheduler": str | None,
    "device": str,
    "until": str,
}


@dataclass(frozen=True)
class Run:
    """A finished run: its folder and what is in it."""

    store: Store
    variations: tuple[Run, ...] = ()

    @property
    def path(self) -> Path:
        """The run's folder."""
        return self.store.root

    @property
    def report(self) -> Path:
        """The page to look at."""
        return self.store.report

    @property
    def tagger(self) -> Path:
        """The trained tagger's folder, for `jetlens.load`."""
        return self.store.tagger

    @property
    def numbers(self) -> dict[str, dict[str, float]]:
        """The headline numbers by name: ``value``, ``low`` and ``high``.

        Those of a run with variations compare these; each variation has its own, too.

        Raises
        ------
        BadFileError
            If the run did not go so far.
        """
        if not self.store.numbers.is_file():
            raise BadFileError(
                f"no numbers in {str(self.path)!r} yet: they are made by the stage 'summarise', as "
                'by until="summarise" or until="report"'
            )
        found: dict[str, dict[str, float]] = json.loads(
            self.store.numbers.read_text(encoding="utf-8")
        )
        return found


def run(
    recipe: str | Path | Recipe,
    out: str | Path | None = None,
    *,
    preset: str | None = None,
    set: Mapping[str, Any] | Sequence[str] | None = None,
    seed: int | None = None,
    workers: int = 1,
    scheduler: str | None = None,
    device: str = "cpu",
    until: str = "report",
    quiet: bool = True,
) -> Run:
    """Run a study: generate, train, explain, summarise and report; what is done is not redone.

    Parameters
    ----------
    recipe
        A TOML file, or a recipe that is loaded already.
    out
        The run's folder; left out, ``runs/<the recipe's name>``.
    preset
        One of the recipe's presets.
    set
        Changes by dotted key, such as ``{"train.epochs": 2}`` or ``["train.epochs=2"]``.
    seed
        The seed, in place of the recipe's.
    workers
        Processes on this machine.
    scheduler
        The address of a Dask cluster that sees the same files, in place of `workers`.
    device
        Where networks compute, such as ``"cuda"``.
    until
        The last stage to run: ``"generate"``, ``"train"``, ``"explain"``, ``"summarise"`` or
        ``"report"``.
    quiet
        Say nothing on the way.

    Returns
    -------
    The run; where the recipe has ``[vary]``, with a run for each variation.

    Raises
    ------
    JetlensError
        If the recipe, a file or a value is wrong.
    """
    from jetlens.run.executor import end_second_reading, executor

    end_second_reading()
    from jetlens.run.recipe import Recipe
    from jetlens.run.recipe_file import load, parse_settings

    given = {"out": out, "preset": preset, "set": set, "seed": seed, "workers": workers}
    given |= {"scheduler": scheduler, "device": device, "until": until}
    if not isinstance(recipe, Recipe):
        given["recipe"] = recipe
    for key, value in given.items():
        typed(_TAKES[key], value, key)
    if until not in STAGES:
        raise UnknownNameError("stage", until, STAGES)
    if isinstance(recipe, Recipe):
        if preset or set or seed is not None:
            raise BadRecipeError(
                "preset, set and seed change a file; this recipe is loaded already"
            )
        whole, name = recipe, "study"
    else:
        changes = dict(set) if isinstance(set, Mapping) else parse_settings(set or ())
        if seed is not None:
            changes["seed"] = seed
        whole, name = load(recipe, preset=preset, changes=changes), Path(recipe).stem
    if out is not None and not str(out):
        raise BadValueError("out='': expected a folder; '.' is the working folder")
    store = Store(Path(out) if out is not None else Path("runs") / name)
    log = Log(quiet)
    check_device(device)
    with executor(workers, scheduler) as works:
        return _run_all(whole, store, works, log, device, until)


def check_device(device: str) -> None:
    """Refuse a device that this machine does not have."""
    import torch

    from jetlens.core.errors import UnsupportedError

    try:
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        reason = str(error).splitlines()[0]
        raise UnsupportedError(
            f"device {device!r} cannot be used here: expected 'cpu', or 'cuda' if there is a GPU "
            f"({reason})"
        ) from error


def _run_all(
    recipe: Recipe, store: Store, works: Executor, log: Log, device: str, until: str
) -> Run:
    """Run a recipe, or its variations: all jets and checks first, then all trainings."""
    from jetlens.run.stages import (
        compare,
        explain,
        frozen,
        predict,
        report,
        retrain,
        summarise,
        train,
    )
    from jetlens.run.stages.check import foresee
    from jetlens.run.study import Study

    wanted = STAGES[: STAGES.index(until) + 1]
    with contextlib.ExitStack() as locks:
        locks.enter_context(store.locked())
        whole = Study(recipe, store, works, log, device)
        studies = whole.variations()
        if recipe.vary:
            recipe.write(store.recipe)
            for study in studies:
                locks.enter_context(study.home.locked())
        for study in studies if len(wanted) > 1 else ():
            foresee(study)
        for i, study in enumerate(studies):
            _begin(study, [s.home for s in studies[:i]], check_too=len(wanted) > 1)
        if "train" in wanted:
            train.train([r for s in studies for r in s.repeats()], tested="explain" in wanted)
        for study in studies:
            if study.name:
                log.say(f"variation {study.name}")
            repeats = study.repeats()
            if "explain" in wanted:
                for stage in (predict.predict, explain.explain):
                    for repeat in repeats:
                        stage(repeat)
                retrain.retrain(study)
            if "summarise" in wanted:
                for repeat in repeats:
                    summarise.summarise(repeat)
            if "report" in wanted:
                report.report(study)
        if "explain" in wanted:
            frozen.clear(studies[0])
        if recipe.vary and "summarise" in wanted:
            compare.compare(whole, studies, draw="report" in wanted)
    if not recipe.vary:
        return Run(store)
    return Run(store, tuple(Run(s.home) for s in studies))


def _begin(study: Study, others: Sequence[Store], check_too: bool) -> None:
    """Make or take over a study's jets, look at what is asked of the tagger, write the recipe."""
    from jetlens.run.stages.check import check
    from jetlens.run.stages.generate import generate, share

    if not study.home.recipe.is_file():
        study.recipe.write(study.home.recipe)
    share(study, others)
    generate(study)
    if check_too:
        check(study)
    study.recipe.write(study.home.recipe)  # not before: a mistake leaves that of what stands there
