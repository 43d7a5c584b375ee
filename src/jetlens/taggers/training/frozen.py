"""What a tagger's frozen part makes of jets: evaluated once for each, kept for all epochs."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from jetlens.core.batch import JetBatch
from jetlens.core.errors import BadValueError
from jetlens.core.files import told
from jetlens.taggers.base import Tagger, at_rest
from jetlens.taggers.chunks import Packed
from jetlens.taggers.training.cost import Counting
from jetlens.taggers.training.examples import Examples, encode_examples

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
    """

    file: Path
    memory: int

    def examples(
        self, tagger: Tagger, batches: Iterable[JetBatch], jets: int
    ) -> tuple[Examples, int]:
        """Return the examples whose inputs are those of the tagger's `rest`, in the jets' order.

        Parameters
        ----------
        tagger
            The tagger. Its frozen part is evaluated without dropout, where the tagger is.
        batches
            The jets, prepared.
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
        counting, counted, done = Counting(), 0, 0
        for batch in batches:
            for start in range(0, len(batch), _AT_ONCE):
                some = encode_examples(tagger, batch.take(slice(start, start + _AT_ONCE)))
                if some.packed.masks:
                    raise BadValueError(
                        f"{', '.join(some.packed.masks)}: what is frozen of a tagger is kept for "
                        "images and jets' variables, not for lists; set train.cache = false"
                    )
                for chunk in some.packed.chunks():
                    inputs = some.packed.cut(chunk)[0]
                    if counted:
                        found = _evaluated(tagger, inputs)
                    else:
                        with counting:
                            found = _evaluated(tagger, inputs)
                        counted = len(next(iter(inputs.values())))
                        kept = self._room(found, jets)
                    for name, values in found.items():
                        kept[name][done : done + len(values)] = values
                    done += len(next(iter(inputs.values())))
                for task, of_task in truth.items():
                    of_task.append(some.truth[task])
                label.append(some.label)
                weight.append(some.weight)
        packed = Packed(kept, {}, torch.arange(done), {}, {})
        known = {task: torch.cat(parts) for task, parts in truth.items()}
        examples = Examples(packed, known, torch.cat(label), torch.cat(weight))
        return examples, counting.total // counted

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


def _evaluated(tagger: Tagger, inputs: dict[str, Tensor]) -> dict[str, Tensor]:
    like = next(tagger.parameters())  # in a training they may be of half precision; inputs are not
    with at_rest(tagger), torch.no_grad():
        found = tagger.frozen({k: v.to(like) for k, v in inputs.items()}, {})
    return {k: v.cpu() for k, v in found.items()}
