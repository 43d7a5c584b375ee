"""Headline numbers: where results lie, and names for the numbers that are read from them."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from jetlens.core.files import write_text
from jetlens.run.stages import predict
from jetlens.run.study import Study
from jetlens.summarise.estimates import Numbers


def write_numbers(path: Path, numbers: Numbers) -> None:
    """Write numbers as JSON, atomically."""
    write_text(path, json.dumps(numbers, indent=1, allow_nan=False) + "\n")


def result_folders(study: Study) -> Iterator[tuple[str, Path]]:
    """Go through the folders of results, each with what goes before its numbers' names."""
    yield "", study.store.results / predict.STAGE
    entries = study.recipe.explanations()
    for name in entries:
        yield "" if len(entries) == 1 else f"{name}.", study.store.results / name


def qualified(parts: Iterable[tuple[Mapping[str, Any], Numbers]], prefix: str = "") -> Numbers:
    """Return the numbers of several summaries under names of their own.

    Where a summary is there twice, and one of its names, all names of the second's numbers say
    which arguments differ, as in ``top_origin.b.from_b@normalise=abs``.

    Parameters
    ----------
    parts
        Each summary's name and arguments, with its numbers.
    prefix
        What goes before all names.
    """
    found: Numbers = {}
    first: dict[str, Mapping[str, Any]] = {}
    for own, numbers in parts:
        usual = first.setdefault(own["use"], own)
        differ = [f"{k}={_word(v)}" for k, v in own.items() if usual.get(k) != v]
        told = any(prefix + name in found for name in numbers) and differ
        after = f"@{','.join(differ)}" if told else ""
        for name, number in numbers.items():
            if all(map(math.isfinite, number.values())):  # else too few jets for its interval
                found[f"{prefix}{name}{after}"] = number
    return found


def _word(value: Any) -> str:
    if isinstance(value, Mapping):
        return "+".join(f"{name}:{_word(each)}" for name, each in value.items())
    if isinstance(value, float):
        return f"{value:g}"
    return "+".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
