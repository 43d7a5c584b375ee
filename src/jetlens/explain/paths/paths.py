"""All paths from references to packed jets: cut into blocks, and their results put together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from jetlens.core.table import Table
from jetlens.explain.base import Scores
from jetlens.explain.paths.block import Block
from jetlens.explain.paths.lines import Lines
from jetlens.explain.paths.references import References
from jetlens.explain.targets import Target
from jetlens.taggers.base import Tagger
from jetlens.taggers.chunks import Packed

_BLOCK = 2**22  # numbers in the running sum of a block of jets


@dataclass(frozen=True)
class Paths:
    """All paths of some packed jets.

    Attributes
    ----------
    chosen
        ``[jet]``, the class that is explained.
    frozen
        By collection, positions of features that do not move along the path.
    """

    tagger: Tagger
    target: Target
    packed: Packed
    chosen: Tensor
    references: References
    frozen: Mapping[str, Sequence[int]]
    tokens: int | None = None

    def blocks(self) -> Iterator[slice]:
        """Cut the jets into blocks whose running sums fit into memory with ease."""
        width = sum(v[0].numel() for v in self.packed.inputs.values()) if len(self.packed) else 1
        most = max(1, _BLOCK // (width * self.references.count))
        for start in range(0, len(self.packed), most):
            yield slice(start, min(start + most, len(self.packed)))

    def open(self, jets: slice) -> Block:
        """Lay out the paths of a block of jets."""
        inputs, masks = self.packed.cut(jets)
        start = self.references.of(jets, inputs, masks)
        for name, positions in self.frozen.items():
            start[name] = start[name].clone()
            start[name][..., positions] = inputs[name][:, None][..., positions]
        return Block(
            Lines(
                self.tagger,
                self.target,
                self.packed,
                jets,
                self.chosen,
                inputs,
                masks,
                start={name: v.flatten(0, 1) for name, v in start.items()},
                count=self.references.count,
                budget=self.tokens or self.packed.budget,
            )
        )

    def join(self, blocks: Sequence[Scores]) -> Scores:
        """Put the blocks' results together, as long as the longest."""
        shapes = {k: v.shape[1:] for k, v in self.packed.inputs.items()}
        scores = {k: v.new_zeros(v.shape) for k, v in self.packed.inputs.items()}
        begin = 0
        for block in blocks:
            for name, values in block.scores.items():
                place = scores[name][begin : begin + len(values)]
                if len(shapes[name]) == 2:
                    place[:, : values.shape[1]] = values
                else:
                    place[:] = values
            begin += len(next(iter(block.scores.values())))
        names = blocks[0].per_jet if blocks else _EMPTY
        found = {
            n: torch.cat([b.per_jet[n] for b in blocks]) if blocks else _EMPTY[n] for n in names
        }
        each, count = found.pop("baseline_outputs"), self.references.count
        told = Table(each.reshape(len(self.packed), count), {"baseline": None})
        return Scores(scores, found, {"baseline_outputs": told} if count > 1 else {})


_EMPTY = {
    "target_output": torch.zeros(0),
    "baseline_output": torch.zeros(0),
    "baseline_outputs": torch.zeros(0),
    "completeness_error": torch.zeros(0),
    "converged": torch.zeros(0, dtype=torch.bool),
    "steps": torch.zeros(0),
}
