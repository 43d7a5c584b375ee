"""A generator of made-up jets in the flavour-tagging layout, cheap enough to test whole runs."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import labelled
from jetlens.core.batch import JetBatch
from jetlens.core.registry import datasets
from jetlens.data.generated import Generated
from jetlens.data.readers import ftag
from jetlens.data.readers.ftag_variables import FLAVOUR_OF_LABEL

NUMBER = {flavour: number for number, flavour in FLAVOUR_OF_LABEL.items()}

RECIPE = """
title = "Made-up jets"
data = { use = "made-up", jets = 300, partition = 60 }
tagger = { use = "gn2", size = "small" }
train = { epochs = 2, batch = 64 }
show = [{ use = "top-origin", replicas = 10 }, { use = "completeness", replicas = 10 }]

[[explain]]
use = "integrated-gradients"
baseline = "neutral"
tolerance = 1e-2
jets = 25
keep = 14
"""


def structured(jets: JetBatch) -> dict[str, np.ndarray]:
    """Return jets as structured arrays of the flavour-tagging layout."""
    own, tracks = jets["jets"], jets["tracks"]
    kinds = [(n, "f4") for n in own.names] + [
        ("HadronConeExclTruthLabelID", "i4"),
        ("eventNumber", "i8"),
    ]
    table = np.zeros(len(jets), dtype=kinds)
    for name in own.names:
        table[name] = own.column(name)
    table["HadronConeExclTruthLabelID"] = [NUMBER[jets.classes[i]] for i in jets.label]
    table["eventNumber"] = jets.event
    each = np.zeros(
        tracks.mask.shape,
        dtype=[(n, "f4") for n in tracks.names]
        + [("valid", "?"), ("ftagTruthOriginLabel", "i4"), ("ftagTruthVertexIndex", "i4")],
    )
    for name in tracks.names:
        each[name] = tracks.column(name)
    each["valid"] = tracks.mask
    each["ftagTruthOriginLabel"] = tracks.truth["origin"]
    each["ftagTruthVertexIndex"] = tracks.truth["vertex"]
    return {"jets": table, "tracks": each}


@dataclass(frozen=True, kw_only=True)
class MadeUp(Generated):
    """Made-up jets, generated in partitions."""

    jets: int = 300
    partition: int = 60
    seconds: float = 0.0

    def tables(self, index: int, count: int) -> dict[str, np.ndarray]:
        time.sleep(self.seconds)
        return structured(labelled.jets(count, seed=self.seed, first=index * self.partition))


def register() -> None:
    """Let recipes name the dataset ``made-up``."""
    datasets.register("made-up")(MadeUp)


def file(path: Path, jets: int = 200, seed: int = 1) -> Path:
    """Write a file of made-up jets."""
    ftag.write(path, structured(labelled.jets(jets, seed=seed)))
    return path


def run(arguments: dict[str, Any]) -> None:
    """Run a recipe of made-up jets in a process of its own."""
    register()
    import jetlens

    jetlens.run(**arguments)


def content(folder: Path, *names: str) -> dict[str, bytes]:
    """Return the bytes of all files below some of a run's folders and files."""
    found = {}
    for name in names:
        start = folder / name
        for path in [start] if start.is_file() else sorted(start.rglob("*")):
            if path.is_file():
                found[str(path.relative_to(folder))] = path.read_bytes()
    return found


def differences(one: dict[str, bytes], other: dict[str, bytes]) -> dict[str, list[int]]:
    """Return, for each file that differs, where: the first bytes of another value, or lengths."""
    found = {}
    for name, content in one.items():
        if content != other[name]:
            pairs = zip(content, other[name], strict=False)
            places = [i for i, (a, b) in enumerate(pairs) if a != b]
            found[name] = [len(content), len(other[name]), len(places), *places[:5]]
    return found
