"""Explanations without a recipe: any tagger, any jets, one method."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import tomli_w

from jetlens.core.arguments import parameters
from jetlens.core.batch import JetBatch
from jetlens.core.errors import BadValueError
from jetlens.core.files import write_text
from jetlens.core.registry import explainers
from jetlens.data import readers
from jetlens.explain.gradient import PHYSICAL
from jetlens.explain.nudge import Nudge
from jetlens.explain.steps.base import StepExplainer
from jetlens.run.executor import executor
from jetlens.run.overrides import apply, setting
from jetlens.run.progress import Log
from jetlens.run.store import Store
from jetlens.run.study import Study
from jetlens.taggers.base import Tagger
from jetlens.taggers.saved import load


def explain_files(
    tagger: Path,
    jets: Sequence[str],
    method: str,
    out: Path,
    *,
    target: str = "predicted",
    seed: int | None = None,
    trust: bool = False,
    options: Sequence[str] = (),
    workers: int = 1,
    scheduler: str | None = None,
    device: str = "cpu",
    quiet: bool = True,
) -> None:
    """Explain all jets of some files; all attributions are stored, summarised and reported.

    The jets themselves are the references of baselines that come from jets.

    Parameters
    ----------
    tagger
        A tagger's folder.
    jets
        Files or patterns.
    method
        An explainer's name.
    out
        The folder to fill: ``attributions.zarr``, ``results``, ``figures``, ``report.html``.
    target
        What is explained.
    seed
        The seed of what is drawn at random.
    trust
        Read the tagger even if it is a pickle, which can run any program.
    options
        Arguments of the method, such as ``"baseline=zero"`` or ``"constraints.inside=0.4"``.
    workers, scheduler, device, quiet
        As of `jetlens.run`.
    """
    from jetlens.run.entry import check_device
    from jetlens.run.recipe_file import build
    from jetlens.run.stages import check, explain, predict, report, summarise

    check_device(device)
    given: dict[str, Any] = {}
    apply(given, dict(setting(text, "--option") for text in options))
    for key, said in {"use": "--method", "target": "--target"}.items():
        if key in given:
            raise BadValueError(
                f"--option {key}={given[key]}: expected an argument; {said} says it"
            )
    loaded = load(tagger, trust=trust)
    first = readers.open(list(jets)).partitions()[0].read()
    if first.classes and not {*first.classes} & {*loaded.classes}:
        Log(quiet).say(
            f"no class of the jets ({', '.join(first.classes)}) is one of the tagger's "
            f"({', '.join(loaded.classes)}): they are explained as jets without a label"
        )
    tree: dict[str, Any] = {
        "title": f"{method} of {tagger.name}",
        "data": {"use": "files", "files": [str(Path(f).absolute()) for f in jets]},
        "explain": [{"use": method, "target": target, "keep": KEEP_ALL, **given}],
        "show": list(_shows(method, given, first, loaded)),
    }
    if seed is not None:
        tree["seed"] = seed
    recipe = build(tree)
    store, log = Store(out), Log(quiet)
    with executor(workers, scheduler) as works, store.locked():
        study = Study(recipe, store, works, log, device, given=tagger, trust=trust)
        check.check(study)
        record(study)
        for stage in (predict.predict, explain.explain, summarise.summarise, report.report):
            stage(study)


def record(study: Study) -> None:
    """Write what was done as a recipe's tables; one that names a given tagger cannot be run."""
    place = os.path.relpath(study.tagger, study.home.root)
    words = f"# jetlens explain --tagger {shlex.quote(place)}, not trained here\n"
    write_text(study.home.recipe, words + tomli_w.dumps(study.recipe_tree()))


KEEP_ALL = 2**31 - 1


Shows = Iterator[dict[str, Any]]


def _shows(method: str, given: Mapping[str, Any], jets: JetBatch, tagger: Tagger) -> Shows:
    """Choose the summaries that this method and these jets have what is needed for."""
    made = explainers.get(method)
    steps = isinstance(made, type) and issubclass(made, StepExplainer)
    if steps or "unit" in parameters(made):
        for name, features in tagger.inputs.items():
            if not jets[name].is_image:
                yield from _of_gradients(name, features, given.get("unit") == PHYSICAL)
        if made is Nudge:
            yield {"use": "nudge-scan"}
        return
    for promise, summary in (("complete", "completeness"), ("conserves", "conservation")):
        if getattr(made, promise, False):
            yield {"use": summary}
    for name, collection in jets.collections.items():
        if collection.mask is None:
            continue
        yield {"use": "box", "collection": name}
        if "origin" in collection.truth:
            yield {"use": "top-origin", "collection": name}
            if (jets.with_classes(tagger.classes).label >= 0).any():
                yield {"use": "heatmap", "collection": name}
        return


def _of_gradients(name: str, features: Sequence[str], physical: bool) -> Shows:
    """Choose the summaries of gradients of one collection; those per GeV, ... have no ranking."""
    if not physical:
        yield {"use": "wanted-change", "collection": name}
    yield {"use": "correlations", "collection": name}
    if {"deta", "dphi"} <= {*features}:
        yield {"use": "vector-field", "collection": name}
