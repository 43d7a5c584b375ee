"""Jets from Pythia 8 collisions in a parametrised detector."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from jetlens.core.batch import JetBatch
from jetlens.core.errors import BadValueError
from jetlens.core.registry import datasets
from jetlens.data import readers
from jetlens.data.base import Dataset, Generated
from jetlens.data.processes import process

EVENTS_AT_ONCE = 300
_EVENT_BITS = 24  # events of one partition
_TTBAR = "ttbar"


@datasets.register("pythia")
@dataclass(frozen=True, kw_only=True)
class PythiaJets(Generated):
    """Jets of proton collisions, generated with Pythia 8 and a parametrised detector.

    Parameters
    ----------
    process
        A card of `jetlens.data.processes`, such as ``"flavour"``.
    jets
        Number of jets in all.
    mu
        Mean number of pile-up collisions an event.
    ttbar
        Share of the events that are top pairs instead; left out, what the card says.
    seed
        Seed; partition k depends on the settings, the seed and k alone.
    partition
        Jets a partition.
    pool
        Size of the pool of minimum-bias events that pile-up is drawn from, with repetition.
    """

    process: str = "flavour"
    jets: int = 40_000
    mu: float = 5.0
    ttbar: float | None = None
    seed: int = 1
    partition: int = 2_000
    pool: int = 4_000

    def __post_init__(self) -> None:
        process(self.process)
        for name in ("jets", "partition", "pool"):
            if getattr(self, name) < 1:
                raise BadValueError(f"{name} = {getattr(self, name)}: expected 1 or more")
        if not 0 <= self.mu <= 200:
            raise BadValueError(f"mu = {self.mu}: expected a mean of 0 to 200 pile-up collisions")
        if self.ttbar is not None and not 0 <= self.ttbar <= 1:
            raise BadValueError(f"ttbar = {self.ttbar}: expected a share of events from 0 to 1")
        if self.seed < 0:
            raise BadValueError(f"seed = {self.seed}: expected 0 or more")

    @property
    def share(self) -> float:
        """The share of top pairs that holds."""
        return process(self.process).ttbar if self.ttbar is None else self.ttbar

    def partitions(self) -> list[PythiaPartition]:
        """Return the partitions; the last one may be smaller."""
        return [
            PythiaPartition(self, k, min(self.partition, self.jets - first))
            for k, first in enumerate(range(0, self.jets, self.partition))
        ]

    def reopen(self, files: Sequence[Path]) -> Dataset:
        """Return the files' jets, read as anyone's file of this layout."""
        return readers.open(files, format="ftag")


@dataclass(frozen=True)
class PythiaPartition:
    """Partition `index` of a dataset, `jets` jets."""

    dataset: PythiaJets
    index: int
    jets: int

    def read(self) -> JetBatch:
        """Generate the jets as a `JetBatch`."""
        from jetlens.data.readers.ftag import to_batch

        return to_batch(self.arrays(), first=self.index * self.dataset.partition)

    def arrays(self) -> dict[str, NDArray[np.void]]:
        """Generate the jets as structured arrays of the ATLAS flavour-tagging layout.

        Returns
        -------
        ``jets`` ``[jet]`` and ``tracks`` ``[jet, 40]``: the same bytes on every call.
        """
        # the generator's own libraries are loaded where jets are made, not where names are listed
        from jetlens.data.collisions import pileup_pool
        from jetlens.data.ftag_arrays import to_arrays
        from jetlens.data.generator import concatenate, generator
        from jetlens.data.simulation import simulate

        settings = self.dataset
        rng = np.random.default_rng([settings.seed, self.index])
        names = (settings.process, _TTBAR)
        for name in names:
            generator(name).seed(int(rng.integers(1, 900_000_000)))
        pool = pileup_pool(settings.pool) if settings.mu > 0 else None
        made: list[dict[str, NDArray[np.void]]] = []
        jets = events = 0
        while jets < self.jets:
            count = _next_batch(events, jets, self.jets)
            tops = int(rng.binomial(count, settings.share))
            of_each = zip(names, (count - tops, tops), strict=True)
            record = concatenate([generator(n).events(c) for n, c in of_each if c])
            arrays = to_arrays(simulate(record, pool, settings.mu, rng), settings.mu)
            # the kinds of events are mixed, so that where the last batch is cut favours none
            shuffled = rng.permutation(record.events) + events + (self.index << _EVENT_BITS)
            arrays["jets"]["eventNumber"] = shuffled[arrays["jets"]["eventNumber"]]
            order = np.argsort(arrays["jets"]["eventNumber"], kind="stable")
            made.append({name: array[order] for name, array in arrays.items()})
            jets += len(order)
            events += record.events
        return {k: np.concatenate([m[k] for m in made])[: self.jets] for k in made[0]}


def _next_batch(events: int, jets: int, wanted: int) -> int:
    """Return how many events to generate next, so that few are thrown away at the end."""
    if jets == 0:
        expected = wanted / 2.5 if events == 0 else EVENTS_AT_ONCE
    else:
        expected = (wanted - jets) * events / jets
    return int(min(EVENTS_AT_ONCE, 1.02 * expected + 4))
