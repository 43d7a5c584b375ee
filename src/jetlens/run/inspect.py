"""What is in a jet file, a recipe, a tagger, a run or a folder of attributions, in words."""

from __future__ import annotations

import difflib
import json
from pathlib import Path
from typing import Any

import numpy as np

from jetlens.core import registry
from jetlens.core.batch import JetBatch
from jetlens.core.errors import BadFileError
from jetlens.data import readers
from jetlens.data.base import Dataset
from jetlens.data.readers.energyflow import EnergyFlowFiles
from jetlens.run import attributions
from jetlens.run.recipe import Used
from jetlens.run.store import Store

LOOKED_AT = 5_000  # jets
_BOOKKEEPING = ("key", "done", "begun", "moving")


def describe(path: Path) -> str:
    """Describe a path.

    Raises
    ------
    BadFileError
        If it is not there, or is nothing that jetlens knows.
    """
    if not path.exists():
        near = [p.name for p in path.parent.iterdir()] if path.parent.is_dir() else []
        hint = difflib.get_close_matches(path.name, near, n=1)
        raise BadFileError(
            f"no file {str(path)!r}" + (f": did you mean {hint[0]!r}?" if hint else "")
        )
    if path.is_dir():
        if (path / "tagger.json").is_file():
            return _tagger(path)
        if Store(path).recipe.is_file():
            return _run(Store(path))
        if (path / "zarr.json").is_file():
            return _attributions(path)
        raise BadFileError(
            f"{str(path)!r} is no tagger (tagger.json), run (recipe.toml) or attributions "
            "(zarr.json)"
        )
    if path.suffix == ".npz" and not EnergyFlowFiles.recognises(path):
        return _result(path)
    known: Any = registry.readers
    if any(known.get(name).recognises(path) for name in known):
        return _jets(readers.open(path), path)
    if path.suffix == ".toml":
        return _recipe(path)
    raise BadFileError(
        f"nothing that can be inspected is in {str(path)!r}: expected a file of jets "
        f"({', '.join(known)}), a recipe (.toml), a result (.npz), or the folder of a tagger, of a "
        "run or of attributions"
    )


def _recipe(path: Path) -> str:
    from jetlens.run.recipe_file import load

    recipe = load(path)
    lines = [
        f"{path}: recipe of {recipe.title!r}",
        f"  data: {_used(recipe.data)}",
        f"  tagger: {_used(recipe.tagger)}",
        f"  train: {recipe.train.length} at most, {recipe.train.batch} jets a step",
        *(f"  explain: {_used(entry)}" for entry in recipe.explain),
    ]
    shown = dict.fromkeys(entry.use for entry in recipe.show)
    for table, names in (("show", shown), ("presets", recipe.presets), ("vary", recipe.vary)):
        if names:
            lines.append(f"  {table}: {', '.join(names)}")
    if recipe.vary:
        lines[0] += f" of {len(recipe.variations())} variations"
    return "\n".join(lines)


def _used(entry: Used) -> str:
    """Return a registered name with what is set beside it."""
    given = entry.model_dump(exclude_defaults=True)
    return ", ".join([given.pop("use"), *(f"{name} = {value!r}" for name, value in given.items())])


def _jets(data: Dataset, path: Path) -> str:
    partitions = data.partitions()
    first = partitions[0].read()
    lines = [f"{path}: jets"]
    if len(partitions) > 1:
        lines.append(f"the first {len(first)} of {len(partitions)} partitions' jets:")
    some = first.take(slice(0, LOOKED_AT))
    lines += [f"  {len(first)} jets of {len(np.unique(first.event))} events", *_labels(some)]
    for name, collection in some.collections.items():
        mask = collection.mask
        if mask is not None:
            lines.append(
                f"  {name}: up to {mask.shape[1]} a jet, {mask.sum(1).mean():.1f} on average, "
                f"{int((~mask.any(1)).sum())} jets without any"
            )
        else:
            lines.append(f"  {name}:")
        for feature in collection.features:
            values = collection.column(feature.name)
            if mask is not None:
                values = values[mask]
            values = values * feature.shown_factor
            unit = feature.unit if feature.shown_unit is None else feature.shown_unit
            finite = values[np.isfinite(values)]
            spread = (
                f"{finite.min():.4g} to {finite.max():.4g}, median {np.median(finite):.4g}"
                if finite.size
                else "no values"
            )
            bad = values.size - finite.size
            lines.append(
                f"    {feature.name}{f' [{unit}]' if unit else ''}: {spread}"
                + (f"; {bad} not finite" if bad else "")
            )
        if collection.truth:
            lines.append(f"    truth: {', '.join(collection.truth)}")
    return "\n".join(lines)


def _labels(jets: JetBatch) -> list[str]:
    counts = {c: int((jets.label == i).sum()) for i, c in enumerate(jets.classes)}
    counts["not known"] = int((jets.label < 0).sum())
    return ["  labels: " + ", ".join(f"{n} {c}" for c, n in counts.items() if n)]


def _tagger(path: Path) -> str:
    from jetlens.taggers.saved import load

    tagger = load(path)
    kind = getattr(type(tagger), "registered_name", type(tagger).__name__)
    lines = [
        f"{path}: tagger {kind}",
        f"  {sum(p.numel() for p in tagger.parameters()):,} parameters",
        f"  classes: {', '.join(tagger.classes)}",
    ]
    lines += [f"  {name}: {', '.join(features)}" for name, features in tagger.inputs.items()]
    lines += [f"  task {task}: {', '.join(c) or 'pairs'}" for task, c in tagger.tasks.items()]
    return "\n".join(lines)


def _run(store: Store) -> str:
    lines = [f"{store.root}: run"]
    for marker in sorted((store.root / ".stages").glob("*.json")):
        state = store.state(marker.stem)
        if "done" in state or "begun" in state:
            facts = {k: v for k, v in state.items() if k not in _BOOKKEEPING}
            told = ", ".join(f"{k} {v}" for k, v in facts.items())
            word = "done" if state.get("done") else "begun"
            lines.append(f"  {marker.stem}: {word}{f' ({told})' if told else ''}")
    if store.numbers.is_file():
        numbers = _numbers(store.numbers)
        lines.append(f"  {len(numbers)} numbers:")
        lines += [f"    {name} = {value:.4g}" for name, value in list(numbers.items())[:20]]
    if store.report.is_file():
        lines.append(f"  report: {store.report}")
    variations = [p for p in sorted(store.root.iterdir()) if Store(p).recipe.is_file()]
    if variations:
        lines[0] += f" of {len(variations)} variations"
    return "\n".join([*lines, *(_run(Store(p)) for p in variations)])


def _numbers(path: Path) -> dict[str, float]:
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        return {name: float(number["value"]) for name, number in told.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadFileError(f"{str(path)!r} is damaged: {error!r}") from error


def _attributions(path: Path) -> str:
    groups = attributions.parts(path)
    if not groups:
        below = [p for p in sorted(path.iterdir()) if attributions.parts(p)]
        return "\n\n".join(_attributions(p) for p in below) or f"{path}: no attributions"
    found = attributions.read(path)
    sizes = ", ".join(f"{n} {d}" for d, n in found.sizes.items())
    lines = [f"{path}: attributions in {len(groups)} partition(s)", f"  {sizes}"]
    lines += [f"  {k}: {v}" for k, v in found.attrs.items() if isinstance(v, str | int)]
    lines += [f"  {name} {v.dims}" for name, v in found.data_vars.items()]
    return "\n".join(lines)


def _result(path: Path) -> str:
    from jetlens.summarise.result import Result

    result = Result.load(path)
    lines = [f"{path}: result of {result.arguments}"]
    for name, n in result.numbers().items():
        lines.append(f"  {name} = {n['value']:.4g} ({n['low']:.4g} to {n['high']:.4g})")
    return "\n".join(lines)
