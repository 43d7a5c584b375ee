"""Straight paths from references to jets, and what the tagger says along them.

Rows (path, node) of paths of about the same length share chunks, cut by their particles.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

import torch
from torch import Tensor

from jetlens.explain.shared.slopes import fixed, slopes
from jetlens.explain.targets import Target
from jetlens.taggers.base import Inputs, Tagger
from jetlens.taggers.chunks import Packed, runs


class Chunk(NamedTuple):
    """Gradients at some nodes of some paths."""

    paths: slice
    """Of the paths asked for."""
    nodes: slice
    """Of the nodes asked for."""
    value: Tensor
    """``[path, node]``, what is explained."""
    slopes: Inputs
    """d value / d input by collection ``[path, node, ...]``, as long as the longest jet."""


@dataclass(frozen=True)
class Lines:
    """Straight paths of a block of packed jets.

    A path is a (jet, reference) pair; ``path // count`` is its jet.

    Attributes
    ----------
    jets
        Those of the block among the packed ones.
    chosen
        ``[packed jet]``, the class that is explained.
    inputs, masks
        The block's jets.
    start
        By collection ``[path, ...]``, where the paths begin; they end at the jets' inputs.
    count
        References a jet.
    budget
        Particles in a chunk.
    """

    tagger: Tagger
    target: Target
    packed: Packed
    jets: slice
    chosen: Tensor
    inputs: Inputs
    masks: Inputs
    start: Inputs
    count: int
    budget: int
    tokens: Tensor = field(init=False)
    """``[path]``, the work that a row of it brings."""

    def __post_init__(self) -> None:
        tokens = self.packed.tokens[self.jets].repeat_interleave(self.count)
        object.__setattr__(self, "tokens", tokens)

    def __len__(self) -> int:
        return len(self.tokens)

    def differences(self, name: str, paths: Tensor) -> Tensor:
        """Return end minus start of some paths, of one collection."""
        return self.inputs[name][paths // self.count] - self.start[name][paths]

    def values(self, paths: Tensor, node: float) -> Tensor:
        """Return what is explained ``[path]`` at one node of some paths."""
        found = []
        with torch.no_grad():
            for some in runs(self.tokens[paths], self.budget):
                rows = self._rows(paths[some], torch.tensor([[node]]))
                found.append(self.target.score(self.tagger, *rows))
        return torch.cat(found)

    def slopes(self, paths: Tensor, nodes: Tensor) -> Iterator[Chunk]:
        """Differentiate what is explained at some nodes of some paths, a chunk at a time.

        Paths are sorted by length, and may be named more than once. Nodes are the same for all of
        them ``[node]``, or each one's own ``[path, node]``.
        """
        tokens = self.tokens[paths]
        heaviest = int(tokens.max()) if len(tokens) else 1
        each = nodes.expand(len(paths), -1)
        at_once = max(1, min(each.shape[1], self.budget // heaviest))
        for first in range(0, each.shape[1], at_once):
            part = slice(first, min(first + at_once, each.shape[1]))
            for some in runs(tokens, self.budget, part.stop - part.start):
                inputs, masks, chosen = self._rows(paths[some], each[some, part])
                found = slopes(self.tagger, self.target, inputs, masks, fixed(chosen))
                shape = (len(paths[some]), part.stop - part.start)
                by_node = {name: v.unflatten(0, shape) for name, v in found.slopes.items()}
                yield Chunk(some, part, found.value.unflatten(0, shape), by_node)

    def _rows(self, paths: Tensor, nodes: Tensor) -> tuple[Inputs, Inputs, Tensor]:
        """Lay out (path, node) rows of nodes ``[path, node]``, no longer than their longest jet."""
        jets = paths // self.count
        whole = self.jets.start + jets
        rows, masks = {}, {}
        for name, values in self.inputs.items():
            end, start = values[jets], self.start[name][paths]
            if name in self.masks:
                longest = int(self.packed.lengths[name][whole].max())
                end, start = end[:, :longest], start[:, :longest]
                mask = self.masks[name][jets][:, :longest]
                masks[name] = mask[:, None].expand(-1, nodes.shape[1], -1).flatten(0, 1)
            alpha = nodes.to(end)[(...,) + (None,) * (end.ndim - 1)]
            rows[name] = torch.lerp(start[:, None], end[:, None], alpha).flatten(0, 1)
        return rows, masks, self.chosen[whole].repeat_interleave(nodes.shape[1])
