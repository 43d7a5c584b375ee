"""Rough paths: intervals are halved where the gradient jumps, and nowhere else.

The gradient of a ReLU network is smooth but for jumps. Where one is between two nodes can be told
from what is explained there, and an interval without one needs no further nodes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import torch
from torch import Tensor

from jetlens.explain.paths.block import Block, total
from jetlens.explain.paths.lines import Lines
from jetlens.taggers.base import Inputs

_FIRST = 16  # intervals to begin with
_DONE = 0.5  # share of the error that is asked for in all intervals of a path that has converged
_SMALL = 0.25  # the same, in those that are not halved any more
_ROUNDING = 8  # what is explained, and its slope, are no better than so many roundings
_HELD = 2**24  # numbers of gradients that are held at a time
_OPEN = 128  # gradients that a path may hold, of intervals that may be halved


def bisect(block: Block, paths: Tensor, tolerance: float, absolute: float, budget: int) -> None:
    """Integrate some paths of a block until they converge, or have taken `budget` gradients.

    A path has converged when the errors of its intervals, added in quadrature for their signs are
    random, are half of ``tolerance * |scores| + absolute``, and its scores are complete to that.
    Intervals whose errors would be a quarter of it if all were alike are left as they are.

    Parameters
    ----------
    block
        Its scores, steps and convergence are set; the ends of its paths are known.
    paths
        Which of its paths, sorted.
    """
    paths = paths[budget - block.steps[paths] > _FIRST]
    width = sum(v[0].numel() for v in block.scores.values())
    most = max(1, _HELD // (_OPEN * width))
    for first in range(0, len(paths), most):
        _bisect(block, paths[first : first + most], tolerance, absolute, budget)


def _bisect(block: Block, paths: Tensor, tolerance: float, absolute: float, budget: int) -> None:
    lines, many = block.lines, len(paths)
    opened = _begin(lines, paths)
    settled = {n: v.new_zeros((many, *v.shape[1:])) for n, v in block.scores.items()}
    count = torch.full((many,), _FIRST)  # intervals of each path
    block.steps[paths] += _FIRST + 1
    while len(opened.path):
        here = opened.path.unique()
        for name, found in opened.added(torch.ones_like(opened.path, dtype=torch.bool), many):
            block.scores[name][paths[here]] = (settled[name] + found)[here]
        asked = block.allowed(paths, tolerance, absolute)
        errors = opened.errors(count)
        whole = errors.new_zeros(many).index_add_(0, opened.path, errors**2).sqrt()
        wrong = errors > (_SMALL * asked / count.sqrt())[opened.path]
        sure = (whole <= _DONE * asked) | (torch.bincount(opened.path[wrong], minlength=many) == 0)
        sure &= block.gaps(paths).abs() <= asked
        block.converged[paths[here]] = sure[here]
        left = budget - block.steps[paths]
        going = wrong & ~sure[opened.path]
        going &= _rank(opened.path, errors.where(going, -1)) < left[opened.path]
        for name, found in opened.added(~going, many):
            settled[name] += found
        opened = opened.halves(going, lines, paths)
        new = torch.bincount(opened.path, minlength=many) // 2
        block.steps[paths] += new
        count += new


@dataclass(frozen=True)
class _Intervals:
    """Intervals that may be halved, in the order of their paths.

    Attributes
    ----------
    path
        ``[interval]``, its place among the paths that are integrated.
    begin, width
        ``[interval]``
    values
        ``[interval, 2]``, what is explained at its begin and end.
    slopes
        ``[interval, 2, ...]`` by collection, gradients there times the length of the path.
    integrals
        ``[interval, ...]`` by collection, its part of the scores.
    told
        ``[interval]``, 1 where the place of a jump can be told from `values`, 0 where it cannot.
    """

    path: Tensor
    begin: Tensor
    width: Tensor
    values: Tensor
    slopes: Inputs
    integrals: Inputs = field(init=False)
    told: Tensor = field(init=False)

    def __post_init__(self) -> None:
        """Give each end the share of the interval that has its gradient.

        Where the gradient is constant but for one jump, the change of what is explained says how
        much that is. Where it does not change along the path, both ends count the same.
        """
        ends = [{n: v[:, end] for n, v in self.slopes.items()} for end in (0, 1)]
        begin, end = (total(each).double() for each in ends)
        size = total(ends[0], torch.abs).double()
        mean = self._change() / self.width
        noise = self._noise() / self.width + _roundings(self.values) * size
        drop = begin - end
        told = drop**2 / (drop**2 + noise**2).clamp(min=torch.finfo(drop.dtype).tiny)
        middle = (begin + end) / 2
        share = (0.5 + told * (mean - middle) / drop.where(drop != 0, 1)).clamp(0, 1)
        weights = torch.stack([share, 1 - share], 1) * self.width[:, None]
        integrals = {n: (_along(weights, v) * v).sum(1) for n, v in self.slopes.items()}
        object.__setattr__(self, "integrals", integrals)
        object.__setattr__(self, "told", told)

    def _change(self) -> Tensor:
        return (self.values[:, 1] - self.values[:, 0]).double()

    def _noise(self) -> Tensor:
        return _roundings(self.values) * self.values.abs().amax(1).double()

    def errors(self, count: Tensor) -> Tensor:
        """Return how wrong the integrals may be ``[interval]``.

        If a jump was elsewhere, by as much as the gradient's change over a quarter of the interval.
        Where the values tell its place there has to be another jump for that, which is the less
        likely the narrower the interval is beside the path's others. If the integrals lack more of
        the change of what is explained, by that.
        """
        change = {n: v[:, 1] - v[:, 0] for n, v in self.slopes.items()}
        jump = total(change, torch.abs).double() * self.width / 4
        another = (count[self.path] * self.width).clamp(max=1)
        gap = (total(self.integrals).double() - self._change()).abs()
        gap = gap.where(gap > self._noise(), 0)
        return torch.maximum(jump * torch.lerp(torch.ones_like(another), another, self.told), gap)

    def added(self, some: Tensor, paths: int) -> Iterator[tuple[str, Tensor]]:
        """Add up the integrals of some ``[path, ...]``, by collection."""
        for name, found in self.integrals.items():
            here = some.to(found.device)
            sums = found.new_zeros((paths, *found.shape[1:]))
            yield name, sums.index_add_(0, self.path.to(found.device)[here], found[here])

    def halves(self, some: Tensor, lines: Lines, paths: Tensor) -> _Intervals:
        """Return the halves of some, for which each a gradient is taken in the middle."""
        path, width = self.path[some], self.width[some] / 2
        middle = self.begin[some] + width
        values, slopes = _evaluate(lines, paths[path], middle[:, None])
        return _Intervals(
            path.repeat_interleave(2),
            torch.stack([self.begin[some], middle], 1).flatten(),
            width.repeat_interleave(2),
            _pairs(_between(self.values[some], values)),
            {n: _pairs(_between(v[some.to(v.device)], slopes[n])) for n, v in self.slopes.items()},
        )


def _begin(lines: Lines, paths: Tensor) -> _Intervals:
    nodes = torch.linspace(0, 1, _FIRST + 1, dtype=torch.float64)
    values, slopes = _evaluate(lines, paths, nodes)
    return _Intervals(
        torch.arange(len(paths)).repeat_interleave(_FIRST),
        nodes[:-1].repeat(len(paths)),
        nodes.new_full((_FIRST * len(paths),), 1 / _FIRST),
        _pairs(values),
        {name: _pairs(v) for name, v in slopes.items()},
    )


def _evaluate(lines: Lines, paths: Tensor, nodes: Tensor) -> tuple[Tensor, Inputs]:
    """Return what is explained ``[path, node]``, and its slopes ``[path, node, ...]``."""
    many = nodes.shape[-1]
    values = next(iter(lines.start.values())).new_zeros((len(paths), many), device="cpu")
    slopes = {n: v.new_zeros((len(paths), many, *v.shape[1:])) for n, v in lines.start.items()}
    for chunk in lines.slopes(paths, nodes):
        values[chunk.paths, chunk.nodes] = chunk.value.to(values)
        for name, found in chunk.slopes.items():
            here = slopes[name][chunk.paths, chunk.nodes]
            (here[:, :, : found.shape[2]] if name in lines.masks else here).copy_(found)
    for name, found in slopes.items():
        found *= lines.differences(name, paths)[:, None]
    return values, slopes


def _rank(path: Tensor, errors: Tensor) -> Tensor:
    """Return each interval's place among those of its path, the largest error first."""
    order = torch.argsort(errors, descending=True, stable=True)
    order = order[torch.argsort(path[order], stable=True)]
    place = torch.empty_like(order)
    place[order] = torch.arange(len(order))
    return place - torch.searchsorted(path, path)


def _pairs(nodes: Tensor) -> Tensor:
    """Return the begin and end of each interval ``[row x interval, 2, ...]`` between nodes."""
    return torch.stack([nodes[:, :-1], nodes[:, 1:]], 2).flatten(0, 1)


def _between(ends: Tensor, middle: Tensor) -> Tensor:
    return torch.stack([ends[:, 0], middle[:, 0], ends[:, 1]], 1)


def _along(shares: Tensor, like: Tensor) -> Tensor:
    return shares.to(like)[(...,) + (None,) * (like.ndim - 2)]


def _roundings(values: Tensor) -> float:
    return _ROUNDING * torch.finfo(values.dtype).eps
