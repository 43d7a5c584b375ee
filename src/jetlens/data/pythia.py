"""Jets from Pythia 8 collisions in a parametrised detector."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from jetlens.core.errors import BadValueError
from jetlens.core.registry import datasets
from jetlens.data.checks import check_whole
from jetlens.data.generated import Generated
from jetlens.data.processes import process
from jetlens.data.tables.made_up import filled

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
    mu: float = 5.0
    ttbar: float | None = None
    pool: int = 4_000

    def __post_init__(self) -> None:
        super().__post_init__()
        process(self.process)
        check_whole("pool", self.pool)
        if not 0 <= self.mu <= 200:
            raise BadValueError(f"mu = {self.mu}: expected a mean of 0 to 200 pile-up collisions")
        if self.ttbar is not None and not 0 <= self.ttbar <= 1:
            raise BadValueError(f"ttbar = {self.ttbar}: expected a share of events from 0 to 1")

    @property
    def share(self) -> float:
        """The share of top pairs that holds."""
        return process(self.process).ttbar if self.ttbar is None else self.ttbar

    def tables(self, index: int, count: int) -> dict[str, NDArray[np.void]]:
        """Generate ``jets`` and ``tracks`` ``[jet, 40]`` of the ATLAS flavour-tagging layout."""
        # the generator's own libraries are loaded where jets are made, not where names are listed
        from jetlens.data.detector.collisions import pileup_pool
        from jetlens.data.detector.ftag_arrays import to_arrays
        from jetlens.data.detector.simulation import simulate
        from jetlens.data.events.generator import concatenate, generator

        rng = np.random.default_rng([self.seed, index])
        names = (self.process, _TTBAR)
        for name in names:
            generator(name).seed(int(rng.integers(1, 900_000_000)))
        pool = pileup_pool(self.pool) if self.mu > 0 else None
        made: list[dict[str, NDArray[np.void]]] = []
        jets = events = 0
        while jets < count:
            batch = _next_batch(events, jets, count)
            tops = int(rng.binomial(batch, self.share))
            of_each = zip(names, (batch - tops, tops), strict=True)
            record = concatenate([generator(n).events(c) for n, c in of_each if c])
            arrays = to_arrays(simulate(record, pool, self.mu, rng), self.mu)
            # the kinds of events are mixed, so that where the last batch is cut favours none
            shuffled = rng.permutation(record.events) + events + (index << _EVENT_BITS)
            arrays["jets"]["eventNumber"] = shuffled[arrays["jets"]["eventNumber"]]
            order = np.argsort(arrays["jets"]["eventNumber"], kind="stable")
            made.append({name: array[order] for name, array in arrays.items()})
            jets += len(order)
            events += record.events
        return {k: np.concatenate([m[k] for m in made])[:count] for k in made[0]}

    def foreseen(self, count: int) -> dict[str, NDArray[np.void]]:
        """Return the tables that jets will be in, filled with numbers that mean nothing."""
        from jetlens.data.detector.ftag_arrays import empty

        return filled(empty(count))


def _next_batch(events: int, jets: int, wanted: int) -> int:
    """Return how many events to generate next, so that few are thrown away at the end."""
    if jets == 0:
        expected = wanted / 2.5 if events == 0 else EVENTS_AT_ONCE
    else:
        expected = (wanted - jets) * events / jets
    return int(min(EVENTS_AT_ONCE, 1.02 * expected + 4))
