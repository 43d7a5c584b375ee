"""The whole generator beside bare Pythia on the same cards, and two workers beside one."""

from __future__ import annotations

import statistics
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context

from jetlens.data.collisions import pileup_pool
from jetlens.data.generator import generator
from jetlens.data.pythia import EVENTS_AT_ONCE, PythiaJets, PythiaPartition


@dataclass(frozen=True)
class Rates:
    """What was measured, medians over repeats.

    Attributes
    ----------
    bare
        Events a second of ``nextBatch`` alone, the same mixture of cards.
    whole
        Events a second from Pythia to structured arrays of jets and tracks.
    jets
        Jets a second of the same.
    workers
        Jets a second of two processes over those of one.
    """

    bare: float
    whole: float
    jets: float
    workers: float


def main(jets: int = 2000, repeats: int = 3) -> Rates:
    """Measure everything in turn; the pile-up pool is made before."""
    data = PythiaJets(jets=2 * jets, partition=jets)
    pileup_pool(data.pool)
    for name in (data.process, "ttbar"):
        generator(name).seed(1)
    bare, whole, speed = [], [], []
    for _ in range(repeats):
        start = time.perf_counter()
        made = data.partitions()[0].arrays()
        seconds = time.perf_counter() - start
        events = int(made["jets"]["eventNumber"].max()) + 1
        whole.append(events / seconds)
        speed.append(len(made["jets"]) / seconds)
        start = time.perf_counter()
        done = 0
        while done < events:
            count = min(EVENTS_AT_ONCE, events - done)
            tops = round(count * data.share)
            for name, n in ((data.process, count - tops), ("ttbar", tops)):
                if n:
                    generator(name)._pythia.nextBatch(n)
            done += count
        bare.append(events / (time.perf_counter() - start))
    return Rates(
        statistics.median(bare),
        statistics.median(whole),
        statistics.median(speed),
        _workers(data, repeats),
    )


def _generate(partition: PythiaPartition) -> int:
    return len(partition.arrays()["jets"])


def _workers(data: PythiaJets, repeats: int) -> float:
    """Compare two processes with one; both have initialised Pythia before the clock starts."""
    parts = data.partitions()[:2]
    ratios = []
    context = get_context("spawn")
    with ProcessPoolExecutor(1, context) as one, ProcessPoolExecutor(2, context) as two:
        for pool in (one, two):
            list(pool.map(_generate, [PythiaPartition(data, k, 50) for k in (0, 1, 0, 1)]))
        for _ in range(repeats):
            seconds = []
            for pool in (one, two):
                start = time.perf_counter()
                list(pool.map(_generate, parts))
                seconds.append(time.perf_counter() - start)
            ratios.append(seconds[0] / seconds[1])
    return statistics.median(ratios)
