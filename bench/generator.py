"""The whole generators beside bare Pythia on the same cards, and two workers beside one."""

from __future__ import annotations

import statistics
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context

import numpy as np

from jetlens.data.detector.collisions import pileup_pool
from jetlens.data.events.gather import AT_ONCE, EVENT_BITS
from jetlens.data.events.generator import generator
from jetlens.data.generated import GeneratedPartition
from jetlens.data.pythia import EVENTS_AT_ONCE, PythiaJets
from jetlens.data.two_fat_jets import TwoFatJets


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


@dataclass(frozen=True)
class Pairs:
    """What was measured of events of two large jets, medians over repeats.

    Attributes
    ----------
    bare
        Events a second of ``nextBatch`` alone: the same cards, settings, seeds and early vetoes.
    whole
        Events a second from Pythia to a `JetBatch`.
    kept
        Events of two large jets a second of the same.
    """

    bare: float
    whole: float
    kept: float


def two_fat_jets(jets: int = 1000, repeats: int = 3) -> Pairs:
    """Measure the dataset of two large jets; everything is initialised before."""
    data = TwoFatJets(jets=jets, partition=jets)
    kinds = range(len(data.masses) + len(data.backgrounds))
    for k in kinds:
        data.source(k)
    bare, whole, kept = [], [], []
    for _ in range(repeats):
        start = time.perf_counter()
        made = data.partitions()[0].read()
        seconds = time.perf_counter() - start
        kind, number = made.event >> EVENT_BITS, made.event & ((1 << EVENT_BITS) - 1)
        events = [int(number[kind == k].max()) + 1 for k in kinds]
        whole.append(sum(events) / seconds)
        kept.append(jets / seconds)
        start = time.perf_counter()
        seeds = np.random.default_rng([data.seed, 0]).integers(1, 900_000_000, len(kinds))
        for k, count in enumerate(events):
            pythia = data.source(k)[1]
            pythia.seed(int(seeds[k]))
            for done in range(0, count, AT_ONCE):
                pythia._pythia.nextBatch(min(AT_ONCE, count - done))
        bare.append(sum(events) / (time.perf_counter() - start))
    return Pairs(statistics.median(bare), statistics.median(whole), statistics.median(kept))


def _generate(partition: GeneratedPartition) -> int:
    return len(partition.arrays()["jets"])


def _workers(data: PythiaJets, repeats: int) -> float:
    """Compare two processes with one; both have initialised Pythia before the clock starts."""
    parts = data.partitions()[:2]
    ratios = []
    context = get_context("spawn")
    with ProcessPoolExecutor(1, context) as one, ProcessPoolExecutor(2, context) as two:
        for pool in (one, two):
            list(pool.map(_generate, [GeneratedPartition(data, k, 50) for k in (0, 1, 0, 1)]))
        for _ in range(repeats):
            seconds = []
            for pool in (one, two):
                start = time.perf_counter()
                list(pool.map(_generate, parts))
                seconds.append(time.perf_counter() - start)
            ratios.append(seconds[0] / seconds[1])
    return statistics.median(ratios)
