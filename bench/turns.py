"""Several ways of doing a thing, timed in turn."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping

from jetlens.core.batch import JetBatch
from jetlens.explain.base import Context, PackedExplainer
from jetlens.explain.targets import resolve
from jetlens.taggers.base import Tagger
from jetlens.taggers.chunks import Packed


def medians(ways: Mapping[str, Callable[[], object]], repeats: int) -> dict[str, float]:
    """Return the median seconds of each way; they take turns, and the first turn warms up."""
    seconds: dict[str, list[float]] = {way: [] for way in ways}
    for turn in range(repeats + 1):
        for way, run in ways.items():
            start = time.perf_counter()
            run()
            if turn:
                seconds[way].append(time.perf_counter() - start)
    return {way: statistics.median(s) for way, s in seconds.items()}


def explained(
    explainer: PackedExplainer, tagger: Tagger, packed: Packed, batch: JetBatch, target: str
) -> Callable[[], object]:
    """Return a run of an explainer on packed jets."""
    context = Context(batch, None, batch.label)
    wanted = resolve(target, tagger)
    return lambda: explainer.found(tagger, packed, wanted, context)
