"""What a tagger's frozen part makes of jets: evaluated once for each, kept for all epochs."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from jetlens.core.batch import JetBatch
from jetlens.core.errors import BadValueError
from jetlens.core.files import told
from jetlens.taggers.base import Inputs, Tagger
from jetlens.taggers.chunks import Packed, budget, pack, runs
from jetlens.taggers.encode import encode
from jetlens.taggers.state import at_rest, device_of, dtype_of
from jetlens.taggers.training.cost import Counting
from jetlens.taggers.training.examples import Examples, truth_of
from jetlens.taggers.training.features import Features

_AT_ONCE = 128
"""Jets that are encoded together: their images need not all fit into memory."""


@dataclass(frozen=True)
class Once:
    """Evaluates a tagger's frozen part once for each jet.

    Attributes
    ----------
    file
        Where it is kept while the training lasts if it is large; the name of the collection and, of
        several processes, the number of all but the first are added.
    memory
        From how many bytes on it is large.
    features
        What was made of the jets already, if it was.
    """

    file: Path
    memory: int
    features: Features | None = None

    def examples(
        self, tagger: Tagger, batches: Iterable[JetBatch], jets: int
    ) -> tuple[Examples, int]:
        """Return the examples whose inputs are those of the tagger's `rest`, in the jets' order.

        Parameters
        ----------
        tagger
            The tagger. Its frozen part is evaluated without dropout, where the tagger is.
        batches
            The jets, prepared; if their features are there, they need not have the inputs.
        jets
            How many there are.

        Returns
        -------
        The examples; and what the frozen part costs for a jet, in floating-point operations.

        Raises
        ------
        BadValueError
            If the tagger takes lists of particles: each jet's would have a length of its own.
        BadFileError
            If the disk is full.
        """
        kept: dict[str, Tensor] = {}
        truth: dict[str, list[Tensor]] = {task: [] for task in tagger.tasks}
        label: list[Tensor] = []
        weight: list[Tensor] = []
        flops, done = 0, 0
        for batch in batches:
            for start in range(0, len(batch), _AT_ONCE):
                some = batch.take(slice(start, start + _AT_ONCE))
                if self.features is None:
                    found, counted = evaluate(tagger, some, count=not flops)
                    flops = flops or counted
                else:
                    found, flops = self.features.read(some.row), self.features.flops
                kept = kept or self._room(found, jets)
                for name, values in found.items():
                    kept[name][done : done + len(values)] = values
                done += len(some)
                for task, of_task in truth.items():
                    of_task.append(torch.as_tensor(truth_of(some, task), dtype=torch.long))
                label.append(torch.as_tensor(some.label))
                weight.append(torch.as_tensor(some.weight, dtype=dtype_of(tagger)))
        packed = Packed(kept, {}, torch.arange(done), {}, {})
        known = {task: torch.cat(parts) for task, parts in truth.items()}
        return Examples(packed, known, torch.cat(label), torch.cat(weight)), flops

    def _room(self, like: Mapping[str, Tensor], jets: int) -> dict[str, Tensor]:
        """Return empty tensors for all jets; in files, if they are large."""
        shapes = {name: (jets, *values.shape[1:]) for name, values in like.items()}
        size = sum(math.prod(s) * like[n].element_size() for n, s in shapes.items())
        if size <= self.memory:
            return {n: torch.empty(s, dtype=like[n].dtype) for n, s in shapes.items()}
        made = {}
        rank = torch.distributed.get_rank() if torch.distributed.is_initialized() else 0
        own = f".{rank}" if rank else ""  # processes that train together do not write to one file
        for name, shape in shapes.items():
            file = self.file.with_name(f"{self.file.name}.{name}{own}")
            with told(file):
                # written in full first: a full disk is told here, and not by a crash later
                with file.open("wb") as out:
                    block = bytes(2**24)
                    left = math.prod(shape) * like[name].element_size()
                    while left > 0:
                        left -= out.write(block[:left])
                flat = torch.from_file(
                    str(file), shared=True, size=math.prod(shape), dtype=like[name].dtype
                )
            made[name] = flat.view(shape)
        return made


def evaluate(tagger: Tagger, jets: JetBatch, count: bool = True) -> tuple[Inputs, int]:
    """Return what a tagger's frozen part makes of jets, in main memory, and what a jet costs.

    Parameters
    ----------
    tagger
        The tagger. It is left as it was.
    jets
        One or more.
    count
        Whether floating-point operations are counted; it takes a little time. If not, they are 0.

    Raises
    ------
    BadValueError
        If the tagger takes lists of particles.
    """
    return _in_chunks(tagger, _cut(tagger, jets), count)


def evaluate_onward(tagger: Tagger, made: Inputs, depth: int) -> tuple[Inputs, int]:
    """Return what a tagger's frozen part makes of jets, of what another's made, and what it costs.

    Parameters
    ----------
    tagger
        The tagger. It is left as it was.
    made
        What the first `depth` layers made, ``[jet, token, ...]`` by collection; one jet or more.
    depth
        How many layers these are.
    """
    first = next(iter(made.values()))
    each = torch.full((len(first),), max(math.prod(first.shape[1:-1]), 1))
    chunks = runs(each, budget(device_of(tagger)))
    return _in_chunks(tagger, ({k: v[c] for k, v in made.items()} for c in chunks), True, depth)


def _cut(tagger: Tagger, jets: JetBatch) -> Iterator[Inputs]:
    """Return jets as the tagger takes them, chunk by chunk."""
    for start in range(0, len(jets), _AT_ONCE):
        some = jets.take(slice(start, start + _AT_ONCE))
        packed = pack(tagger, *encode(tagger, some, torch.device("cpu")))
        if packed.masks:
            raise BadValueError(
                f"{', '.join(packed.masks)}: what is frozen of a tagger is kept for images and "
                "jets' variables, not for lists; set train.cache = false"
            )
        for chunk in packed.chunks():
            yield packed.cut(chunk)[0]


def _in_chunks(
    tagger: Tagger, chunks: Iterable[Inputs], count: bool, depth: int = 0
) -> tuple[Inputs, int]:
    """Return what the frozen part makes of chunks, from a depth on, and what a jet costs."""
    parts: list[Inputs] = []
    flops = 0
    for inputs in chunks:
        with Counting() if count and not parts else nullcontext() as counting:
            parts.append(_frozen(tagger, inputs, depth))
        if counting is not None:
            flops = counting.total // len(next(iter(parts[0].values())))
    return {name: torch.cat([part[name] for part in parts]) for name in parts[0]}, flops


def _frozen(tagger: Tagger, inputs: Inputs, depth: int = 0) -> Inputs:
    # in a training parameters may be of half precision; inputs are not
    device, kind = device_of(tagger), next(tagger.parameters()).dtype
    given = {k: v.to(device, kind) for k, v in inputs.items()}
    with at_rest(tagger), torch.no_grad():
        found = tagger.onward(given, depth) if depth else tagger.frozen(given, {})
    return {k: v.cpu() for k, v in found.items()}
