"""The page about a run, its figures and its provenance."""

from __future__ import annotations

import json
import os
import platform
import reprlib
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import tomli_w
import torch

from jetlens import __version__
from jetlens.core.errors import BadFileError
from jetlens.core.files import atomic_folder, write_text
from jetlens.report import page
from jetlens.report.content import Picture
from jetlens.report.facts import UNLABELLED, Explanation, Facts, Worth
from jetlens.report.pictures import Order, picture
from jetlens.report.sections import abstract, sections
from jetlens.run import ensembles
from jetlens.run.progress import Progress
from jetlens.run.shows import results
from jetlens.run.stages import explain, predict, retrain, train
from jetlens.run.study import Study, key
from jetlens.summarise.result import Result
from jetlens.summarise.trainings.retrained import Retrained
from jetlens.taggers import saved

VERSION = 10
STAGE = "report"
HISTORY = "history.json"
PACKAGES = (
    "numpy", "torch", "lightning", "xarray", "zarr", "h5py", "awkward", "fastjet", "pythia8mc",
)  # fmt: skip


def report(study: Study) -> None:
    """Write provenance, figures and page of a study with all its repeats."""
    home = study.home
    made = key(
        VERSION,
        study.recipe.tree(),
        home.fingerprint([*(r.store.results for r in study.repeats()), study.tagger]),
        study.name,
    )
    write_text(home.provenance, json.dumps(gather(study), indent=1) + "\n")
    outputs = [home.report, home.figures]
    if not home.begin(STAGE, made, outputs):
        study.log.say(f"report: {home.report} is up to date")
        return
    facts = collect(study, draw(study))
    made_here = home.work(STAGE, home.report)
    page.write(made_here, study.recipe.title, abstract(facts), sections(facts), __version__)
    home.finish(STAGE, outputs)
    size = home.report.stat().st_size / 1e6
    study.log.say(f"report: {home.report} ({size:.1f} MB)")


def draw(study: Study) -> dict[Path | str, Picture]:
    """Draw all results of the first repeat, wherever tasks are worked on.

    Beside them stand, under their names, the comparisons of the retrainings.
    """
    store = study.store
    folders = [predict.STAGE, *study.recipe.explanations()]
    with atomic_folder(study.home.work(STAGE, study.home.figures)) as figures:
        orders = [
            Order(path, figures, f"{name}-{path.stem}")
            for name in folders
            for path in sorted((store.results / name).glob("*.npz"))
        ]
        if study.recipe.retrain is not None:
            orders.append(Order(retrain.place(store), figures, retrain.STAGE))
        # those of variations stand on the page that compares them
        together = [] if study.name else ensembles.drawn(ensembles.shown([study]))
        orders += [Order(tuple(s.members), figures, s.name) for s in together]
        with Progress("drawing", len(orders)) as progress:
            drawn = study.executor.map(picture, orders, progress)
    return {
        order.result if isinstance(order.result, Path) else order.name: made
        for order, made in zip(orders, drawn, strict=True)
    }


def gather(study: Study) -> dict[str, Any]:
    """Return versions, seeds and content hashes."""
    versions = {"jetlens": __version__, "python": platform.python_version()}
    for package in PACKAGES:
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            continue
    repeats = study.repeats()
    taggers = {f"tagger {r.number + 1}" if r.number else "tagger": r.tagger_key() for r in repeats}
    return {
        "versions": versions,
        "machine": {
            "system": platform.system(),
            "processor": platform.machine(),
            "device": study.device,
            "threads in training": torch.get_num_threads(),
        },
        "seeds": {"recipe": study.recipe.seed, "training": [r.seed for r in repeats]},
        "hashes": {"jets": study.jets_key(), **taggers},
    }


def collect(study: Study, pictures: Mapping[Path | str, Picture]) -> Facts:
    """Gather what the page says."""
    store = study.store
    tagger = saved.load(study.tagger, trust=study.trust)
    test: dict[str, int] = {}
    for said in predict.read_all(store.predictions):
        for i, name in enumerate(said.classes):
            test[name] = test.get(name, 0) + int((said.label == i).sum())
        test[UNLABELLED] = test.get(UNLABELLED, 0) + int((said.label < 0).sum())

    def drawn(folder: Path) -> list[tuple[Result, Picture]]:
        return [(result, pictures[path]) for path, result in results(folder)]

    explanations = []
    missing = explain.left_out(study)
    for name, entry in study.recipe.explanations().items():
        if name in missing:
            continue
        state = store.state(explain.stage_of(name))
        settings = entry.model_dump(exclude_none=True)
        done = drawn(store.results / name)
        explanations.append(Explanation(name, settings, state["jets"], state["kept"], done))
    tree = study.recipe_tree()
    wanted, retrained = study.recipe.retrain, None
    if wanted is not None:
        file = retrain.place(store)
        name, _ = retrain.entry_of(study, wanted)
        retrained = Worth(Retrained.load(file), pictures[file], wanted.jets, name)
    return Facts(
        recipe=tree,
        recipe_text=tomli_w.dumps(tree),
        tagger={
            "use": getattr(type(tagger), "registered_name", type(tagger).__name__),
            "parameters": sum(p.numel() for p in tagger.parameters()),
            "classes": tagger.classes,
            "inputs": tagger.inputs,
        },
        history={} if study.given else read_json(study.tagger / HISTORY),
        test=test,
        performance=drawn(store.results / predict.STAGE),
        explanations=explanations,
        numbers=read_json(store.numbers),
        repeats=[read_json(r.store.numbers) for r in study.repeats()],
        provenance=read_json(study.home.provenance),
        together=[p for name, p in pictures.items() if isinstance(name, str)],
        retrained=retrained,
        variation=study.name,
        seconds=store.state(train.STAGE).get(train.SECONDS, ()),
        left_out=missing,
        assumptions=getattr(study.source(), "assumptions", ""),
    )


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON file of the run."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BadFileError(f"cannot read {os.fspath(path)!r}: {error}") from error
    if not isinstance(found, dict):
        raise BadFileError(
            f"cannot read {os.fspath(path)!r}: expected a JSON object, not {reprlib.repr(found)}"
        )
    return found
