"""Headline numbers: flat, each with its interval."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from jetlens.core.files import write_text
from jetlens.run.shows import results
from jetlens.run.stages import predict
from jetlens.run.stages.explain import named
from jetlens.run.study import Study
from jetlens.summarise.base import Numbers
from jetlens.summarise.result import Result


def summarise(study: Study) -> None:
    """Write ``results/numbers.json`` from all results."""
    found: Numbers = {}
    for prefix, folder in result_folders(study):
        for name, number in qualified([r for _, r in results(folder)]):
            found[prefix + name] = number
    write_text(study.store.numbers, json.dumps(found, indent=1, allow_nan=False) + "\n")
    study.log.say(f"results: {len(found)} numbers")


def result_folders(study: Study) -> Iterator[tuple[str, Path]]:
    """Go through the folders of results, each with what goes before its numbers' names."""
    yield "", study.store.results / predict.STAGE
    entries = named(study.recipe.explain)
    for name, _ in entries:
        yield "" if len(entries) == 1 else f"{name}.", study.store.results / name


def qualified(parts: list[Result]) -> Iterator[tuple[str, dict[str, float]]]:
    """Go through the numbers of several results.

    Where a summary is there twice, the names of the second's numbers say which arguments differ, as
    in ``top_origin.b.from_b@normalise=abs``.
    """
    first: dict[str, dict[str, Any]] = {}
    taken: set[str] = set()
    for result in parts:
        own = result.arguments
        usual = first.setdefault(result.name, own)
        differ = [f"{k}={_word(v)}" for k, v in own.items() if usual.get(k) != v]
        for name, number in result.numbers().items():
            if not all(map(math.isfinite, number.values())):
                continue  # too few jets to define its interval
            full = f"{name}@{','.join(differ)}" if name in taken and differ else name
            yield full, number
            taken.add(name)


def _word(value: Any) -> str:
    return "+".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
