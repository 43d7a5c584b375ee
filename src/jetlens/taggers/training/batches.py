"""Labelled jets in batches, in an order that depends on seed and epoch alone.

Where the jets fit into the pool they are read and encoded once. Where they do not, each epoch reads
the partitions in an order of its own and draws batches from a pool that is refilled, so that memory
does not grow with their number.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, count, islice

import numpy as np
import torch
from torch import Tensor
from torch.nn.modules.batchnorm import _BatchNorm

from jetlens.core.batch import JetBatch, concatenate
from jetlens.core.hashing import mix
from jetlens.data.base import Dataset
from jetlens.taggers.base import Tagger
from jetlens.taggers.state import device_of
from jetlens.taggers.training.examples import Batch, Examples, Step, encode_examples, slim
from jetlens.taggers.training.frozen import Once
from jetlens.taggers.training.lengths import SORTED, like_lengths, parts


class Batches:
    """The batches of each epoch.

    Parameters
    ----------
    tagger
        It says which inputs and truth are needed, and scales the inputs.
    data
        The jets' partitions.
    prepare
        Applied to each partition's jets: labels, weights, resampling.
    jets
        How many there are after that.
    size
        Jets in a batch.
    pool
        Jets held at a time.
    seed
        With the epoch, it sets the order. None keeps the jets' own, and the last batch is whatever
        is left; otherwise what is left of an epoch is not used in it.
    together
        Batches' worth of jets that are sorted by length together.
    stretches
        How many steps each epoch has: passes over the jets go on from one epoch to the next. Left
        out, an epoch is a pass.
    once
        How the tagger's frozen part is evaluated once for all epochs; left out, it is not. With it
        there is one pool, of all jets, however many they are.

    Attributes
    ----------
    frozen_cost
        What the frozen part costs for a jet, in floating-point operations, when it was evaluated.
    """

    def __init__(
        self,
        tagger: Tagger,
        data: Dataset,
        prepare: Callable[[JetBatch], JetBatch],
        jets: int,
        *,
        size: int,
        pool: int,
        seed: int | None,
        together: int = SORTED,
        stretches: Sequence[int] | None = None,
        once: Once | None = None,
    ) -> None:
        self.stretches = stretches
        self.tagger, self.data, self.prepare, self.once = tagger, data, prepare, once
        self.jets, self.pool, self.seed, self.together = jets, pool, seed, together
        self.size = max(1, min(size, jets))
        # what is normalised over a batch is normalised over the whole of it
        self.divides = not any(isinstance(m, _BatchNorm) for m in tagger.modules())
        self.frozen_cost = 0
        self._held: Examples | None = None

    def __len__(self) -> int:
        """Return the number of batches in a pass over the jets."""
        whole = self.jets / self.size
        return math.ceil(whole) if self.seed is None else math.floor(whole)

    def epoch(self, number: int, rank: int = 0, world: int = 1) -> Epoch:
        """Return the batches of one epoch; of several processes, each takes every `world`-th."""
        return Epoch(self, number, rank, world)

    def outputs(self, batch: Batch) -> dict[str, Tensor]:
        """Return what the tagger says of one of these batches."""
        inputs = batch.inputs
        if self.once is None:
            inputs = self.tagger.frozen(inputs, batch.masks)
        return self.tagger.rest(inputs, batch.masks)

    def passed(self, number: int) -> Iterator[tuple[Examples, Tensor]]:
        """Yield the batches of one pass over the jets, as rows of a pool."""
        order = None
        if self.seed is not None:
            order = np.random.default_rng([int(mix(self.seed)), number])
        for examples in self.pools(order):
            for rows in like_lengths(examples.packed.tokens, self.size, order, self.together):
                if order is None or len(rows) == self.size:
                    yield examples, rows

    def pools(self, order: np.random.Generator | None) -> Iterator[Examples]:
        """Read the partitions, in their own order or a random one, and yield pools of jets."""
        if self._held is not None:
            yield self._held
            return
        partitions = list(self.data.partitions())
        if self.once is not None and self.jets:
            read = (self.prepare(p.read()) for p in partitions)
            self._held, self.frozen_cost = self.once.examples(self.tagger, read, self.jets)
            yield self._held
            return
        if order is not None and self.jets > self.pool:
            order.shuffle(partitions)
        waiting: list[JetBatch] = []
        for i, partition in enumerate(partitions):
            waiting.append(slim(self.tagger, self.prepare(partition.read())))
            last = i == len(partitions) - 1
            if (sum(map(len, waiting)) < self.pool or self.jets <= self.pool) and not last:
                continue
            jets = concatenate(waiting)
            waiting = []
            if not len(jets):
                continue
            if not last:  # what does not fill a batch waits for the next pool
                whole = len(jets) // self.size * self.size
                waiting = [jets.take(slice(whole, None))]
                jets = jets.take(slice(0, whole))
            examples = encode_examples(self.tagger, jets)
            if self.jets <= self.pool:
                self._held = examples
            yield examples


@dataclass(frozen=True)
class Epoch:
    """The batches of one epoch, for one of several processes."""

    batches: Batches
    number: int
    rank: int
    world: int

    def __len__(self) -> int:
        batches = self.batches
        if batches.stretches is not None:
            return batches.stretches[self.number]
        if batches.seed is None:
            return len(range(self.rank, len(batches), self.world))
        return len(batches) // self.world  # processes step together

    def __iter__(self) -> Iterator[Step]:
        device = device_of(self.batches.tagger).type
        for examples, rows in self._own():
            passes = [torch.arange(len(rows))]
            if self.batches.divides:
                passes = parts(examples.packed.tokens[rows], device)
            yield [examples.batch(rows[some]) for some in passes]

    def _own(self) -> Iterator[tuple[Examples, Tensor]]:
        """Take this process's batches of one pass, or of the passes that the stretch lies in."""
        first, batches = 0, self.batches.passed(self.number)
        if self.batches.stretches is not None:
            before = sum(self.batches.stretches[: self.number]) * self.world
            number, first = divmod(before, len(self.batches))
            batches = chain.from_iterable(map(self.batches.passed, count(number)))
        last = first + len(self) * self.world
        yield from islice(batches, first + self.rank, last, self.world)
