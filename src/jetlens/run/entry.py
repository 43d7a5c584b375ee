"""``jetlens.run``: a recipe in, a run's folder out."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jetlens.core.errors import BadFileError, BadRecipeError, UnknownNameError
from jetlens.run.progress import Log
from jetlens.run.store import Store

if TYPE_CHECKING:
    from jetlens.run.recipe import Recipe
    from jetlens.run.study import Study

STAGES = ("generate", "train", "explain", "summarise", "report")


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

        Raises
        ------
        BadFileError
            If the run did not go so far.
        """
        if self.variations:
            raise BadFileError(f"{str(self.path)!r} has variations: each of these has its numbers")
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
    from jetlens.run.executor import executor
    from jetlens.run.recipe import Recipe, load, parse_settings

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
    store = Store(Path(out) if out is not None else Path("runs") / name)
    log = Log(quiet)
    check_device(device)
    with executor(workers, scheduler) as works:
        if whole.vary:
            return _vary(whole, store, works, log, device, until)
        return _run_one(whole, store, works, log, device, until)


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


def _run_one(recipe: Recipe, store: Store, works: Any, log: Log, device: str, until: str) -> Run:
    from jetlens.run.stages.check import check
    from jetlens.run.stages.generate import generate
    from jetlens.run.study import Study

    with store.locked():
        study = Study(recipe, store, works, log, device)
        if not store.recipe.is_file():
            recipe.write(store.recipe)
        wanted = STAGES[: STAGES.index(until) + 1]
        generate(study)
        if len(wanted) > 1:
            check(study)
        recipe.write(store.recipe)  # not before: a mistake leaves that of what stands there
        for name in wanted[1:]:
            for stage in _stages(name):
                stage(study)
    return Run(store)


def _stages(name: str) -> list[Callable[[Study], None]]:
    from jetlens.run.stages import explain, predict, report, summarise, train

    def each(stage: Callable[[Study], None]) -> Callable[[Study], None]:
        def repeated(study: Study) -> None:
            for repeat in study.repeats():
                stage(repeat)

        return repeated

    stages: dict[str, list[Callable[[Study], None]]] = {
        "train": [each(train.train)],
        "explain": [each(predict.predict), each(explain.explain)],
        "summarise": [each(summarise.summarise)],
        "report": [report.report],
    }
    return stages[name]


def _vary(recipe: Recipe, store: Store, works: Any, log: Log, device: str, until: str) -> Run:
    from jetlens.run.recipe import build

    store.create()
    recipe.write(store.recipe)
    done: list[Run] = []
    for name, tree in recipe.variations():
        log.say(f"variation {name}")
        own = Store(store.root / name)
        if done:
            share_jets(done[0].store, own)
        done.append(_run_one(build(tree), own, works, log, device, until))
    return Run(store, tuple(done))


def share_jets(there: Store, here: Store) -> None:
    """Let a variation begin with the jets of another: the files are linked, not copied.

    Jets that another setting makes do not fit the key of the generation, which removes them.
    """
    if here.state("generate") or not there.state("generate").get("done"):
        return
    here.jets.mkdir(parents=True, exist_ok=True)
    for file in there.jets.glob("*.h5"):
        link = here.jets / file.name
        if not link.exists():
            try:
                os.link(file, link)
            except OSError:  # another file system
                shutil.copy2(file, link)
    here.copy_state(there, "generate")
