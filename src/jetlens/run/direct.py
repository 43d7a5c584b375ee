"""Explanations without a recipe: any tagger, any jets, one method."""

from __future__ import annotations

import os
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import tomli_w

from jetlens.core.files import write_text
from jetlens.core.registry import explainers
from jetlens.data import readers
from jetlens.run.executor import executor
from jetlens.run.overrides import setting
from jetlens.run.progress import Log
from jetlens.run.store import Store
from jetlens.run.study import Study
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
        Arguments of the method, such as ``"baseline=zero"``.
    workers, scheduler, device, quiet
        As of `jetlens.run`.
    """
    from jetlens.run.entry import check_device
    from jetlens.run.recipe import build
    from jetlens.run.stages import check, explain, predict, report, summarise

    check_device(device)
    classes = load(tagger, trust=trust).classes
    data = readers.open(list(jets))
    first = data.partitions()[0].read()
    tree: dict[str, Any] = {
        "title": f"{method} of {tagger.name}",
        "data": {"use": "files", "files": [str(Path(f).absolute()) for f in jets]},
        "explain": [
            {"use": method, "target": target, "keep": KEEP_ALL, **dict(map(setting, options))}
        ],
        "show": list(_shows(method, first, classes)),
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


def _shows(method: str, jets: Any, classes: Sequence[str]) -> Any:
    """Choose the summaries that this method and these jets have what is needed for."""
    for promise, summary in (("complete", "completeness"), ("conserves", "conservation")):
        if getattr(explainers.get(method), promise, False):
            yield {"use": summary}
    for name, collection in jets.collections.items():
        if collection.mask is None:
            continue
        yield {"use": "box", "collection": name}
        if "origin" in collection.truth:
            yield {"use": "top-origin", "collection": name}
            if (jets.with_classes(classes).label >= 0).any():
                yield {"use": "heatmap", "collection": name}
        return
