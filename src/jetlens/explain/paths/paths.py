"""Gradients along straight paths: a queue of (path, step) rows, cut by token budget.

A path leads from a reference to a jet. Its rows share chunks with those of other paths of about the
same length; each chunk takes one summed gradient, and what comes out goes into running sums.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from jetlens.core.errors import BadValueError
from jetlens.explain.base import Scores
from jetlens.explain.paths.quadrature import Rule
from jetlens.explain.paths.references import References
from jetlens.explain.shared.slopes import fixed, slopes
from jetlens.explain.targets import Target
from jetlens.taggers.base import Inputs, Tagger
from jetlens.taggers.chunks import Packed, runs

_BLOCK = 2**22  # numbers in the running sum of a block of jets
_GEOMETRIC = 0.35  # where an integrand is smooth, changes fall below this share at every level
_PATIENCE = 3  # levels in a row at which they do not, before another rule takes over


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

    @property
    def budget(self) -> int:
        """Particles in a chunk."""
        return self.tokens or self.packed.budget

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
        count = self.references.count
        flat = {name: v.flatten(0, 1) for name, v in start.items()}
        return Block(self, jets, inputs, masks, flat, count)

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
        return Scores(
            scores,
            {n: torch.cat([b.per_jet[n] for b in blocks]) if blocks else _EMPTY[n] for n in names},
        )


_EMPTY = {
    "baseline_output": torch.zeros(0),
    "completeness_error": torch.zeros(0),
    "converged": torch.zeros(0, dtype=torch.bool),
    "steps": torch.zeros(0),
}


@dataclass
class Block:
    """Paths of a block of jets, and what is known of them so far.

    A path is a (jet, reference) pair; ``path // count`` is its jet. Sums have a row a path. Inputs,
    references and scores are on the tagger's device; what decides about paths is on the processor.
    """

    paths: Paths
    jets: slice
    inputs: Inputs
    masks: Inputs
    start: Inputs
    count: int
    scores: Inputs = field(init=False)
    ends: Tensor = field(init=False)
    converged: Tensor = field(init=False)
    steps: Tensor = field(init=False)

    def __post_init__(self) -> None:
        some = next(iter(self.start.values()))
        self.scores = {name: torch.zeros_like(v) for name, v in self.start.items()}
        self.ends = torch.full((len(some), 2), torch.nan, dtype=some.dtype)
        self.converged = torch.zeros(len(some), dtype=torch.bool)
        self.steps = torch.zeros(len(some), dtype=torch.long)
        self.tokens = self.paths.packed.tokens[self.jets].repeat_interleave(self.count)

    def integrate(
        self, rule: Rule, tolerance: float, absolute: float, paths: Tensor | None = None
    ) -> Tensor:
        """Refine the paths' scores level by level; return those that converge too slowly.

        A path leaves when its scores change by less than ``tolerance * |scores| + absolute`` from
        one level to the next, and their sum is complete to the same. Where convergence is
        geometric, the error of the finer level is about the square of that change, so there
        completeness, which tests the finer level itself, has to hold to the square of `tolerance`.
        A path whose changes do not fall geometrically is returned for another rule, as is what is
        left at the finest level.
        """
        active = torch.arange(len(self.steps)) if paths is None else paths
        self._find_ends(active, rule)
        sums = {
            n: v.new_zeros((len(active), len(rule), *v.shape[1:])) for n, v in self.start.items()
        }
        where = torch.arange(len(active))  # the row of `sums` that belongs to an active path
        geometric = rule.name == "clenshaw-curtis"
        tight = tolerance**2 if geometric else tolerance
        change = self.ends.new_full((len(active),), torch.inf)
        stalled = torch.zeros(len(active), dtype=torch.long)
        slow: list[Tensor] = []
        for level in range(len(rule)):
            self._accumulate(rule, level, active, where, sums)
            now = {n: s[where, level] * self._difference(n, active) for n, s in sums.items()}
            before = {n: self.scores[n][active] for n in now}
            for name, values in now.items():
                self.scores[name][active] = values
            self.steps[active] += len(rule.nodes[level])
            if level == 0:
                continue
            size = _total(now, torch.abs)
            new_change = _total({n: now[n] - before[n] for n in now}, torch.abs)
            gap = (_total(now) - (self.ends[active, 1] - self.ends[active, 0])).abs()
            agrees = new_change <= tolerance * size + absolute
            done = agrees & (gap <= tight * size + absolute)
            self.converged[active[done]] = True
            stalled = torch.where(new_change > _GEOMETRIC * change, stalled + 1, 0)
            stuck = ~done & (stalled >= _PATIENCE) & geometric
            slow.append(active[stuck])
            on = ~(done | stuck)
            active, where, change, stalled = active[on], where[on], new_change[on], stalled[on]
            if not len(active):
                break
        return torch.sort(torch.cat([*slow, active])).values

    def _difference(self, name: str, paths: Tensor) -> Tensor:
        return self.inputs[name][paths // self.count] - self.start[name][paths]

    def _find_ends(self, active: Tensor, rule: Rule) -> None:
        """Evaluate the target at both ends, unless the rule's first level does, or it is known."""
        if _has_ends(rule) or bool(torch.isfinite(self.ends[active]).all()):
            return
        with torch.no_grad():
            for end in (0, 1):
                for rows in runs(self.tokens[active], self.paths.budget):
                    chunk = active[rows]
                    inputs, masks, chosen, _ = self._rows(chunk, torch.tensor([float(end)]))
                    self.ends[chunk, end] = self._target(inputs, masks, chosen).to(self.ends)

    def _target(self, inputs: Inputs, masks: Inputs, chosen: Tensor) -> Tensor:
        return self.paths.target.score(self.paths.tagger, inputs, masks, chosen)

    def _rows(self, chunk: Tensor, nodes: Tensor) -> tuple[Inputs, Inputs, Tensor, dict[str, int]]:
        """Lay out a chunk's (path, node) rows, no longer than its longest jet."""
        jets = chunk // self.count
        whole = self.jets.start + jets
        rows, masks, longest = {}, {}, {}
        for name, values in self.inputs.items():
            end, start = values[jets], self.start[name][chunk]
            if name in self.masks:
                longest[name] = int(self.paths.packed.lengths[name][whole].max())
                end, start = end[:, : longest[name]], start[:, : longest[name]]
                mask = self.masks[name][jets][:, : longest[name]]
                masks[name] = mask[:, None].expand(-1, len(nodes), -1).flatten(0, 1)
            alpha = nodes.to(end).reshape(1, -1, *[1] * (end.ndim - 1))
            rows[name] = torch.lerp(start[:, None], end[:, None], alpha).flatten(0, 1)
        chosen = self.paths.chosen[whole].repeat_interleave(len(nodes))
        return rows, masks, chosen, longest

    def _accumulate(
        self, rule: Rule, level: int, active: Tensor, where: Tensor, sums: Inputs
    ) -> None:
        """Add a level's new nodes to the running sums of this level and of all finer ones."""
        some = next(iter(self.start.values()))
        nodes = torch.as_tensor(rule.nodes[level])
        weights = torch.as_tensor(rule.weights[level]).to(some)
        tokens = self.tokens[active]
        heaviest = int(tokens.max()) if len(tokens) else 1
        at_once = max(1, min(len(nodes), self.paths.budget // heaviest))
        for first in range(0, len(nodes), at_once):
            part = slice(first, first + at_once)
            for rows in runs(tokens, self.paths.budget, len(nodes[part])):
                chunk = active[rows]
                inputs, masks, chosen, longest = self._rows(chunk, nodes[part])
                found = slopes(
                    self.paths.tagger,
                    self.paths.target,
                    inputs,
                    masks,
                    fixed(chosen),
                )
                self._keep_ends(rule, level, nodes[part], chunk, found.value)
                for name, gradient in found.slopes.items():
                    shape = gradient.shape[1:]
                    stacked = gradient.reshape(len(chunk), -1, shape.numel())
                    summed = (weights[:, part] @ stacked).reshape(len(chunk), -1, *shape)
                    if name in longest:
                        sums[name][where[rows], level:, : longest[name]] += summed
                    else:
                        sums[name][where[rows], level:] += summed

    def _keep_ends(
        self, rule: Rule, level: int, nodes: Tensor, chunk: Tensor, output: Tensor
    ) -> None:
        if level == 0 and _has_ends(rule):
            each = output.reshape(len(chunk), len(nodes)).to(self.ends)
            for end in (0, 1):
                for i in (nodes == end).nonzero()[:, 0]:
                    self.ends[chunk, end] = each[:, i]

    def close(self) -> Scores:
        """Average over the references of each jet.

        Raises
        ------
        BadValueError
            If the target is not finite at an end of a path.
        """
        bad = ~torch.isfinite(self.ends)
        if bad.any():
            path, end = (int(i) for i in bad.nonzero()[0])
            row = int(self.paths.packed.rows[self.jets.start + path // self.count])
            raise BadValueError(
                f"target {self.paths.target.text!r} is {float(self.ends[path, end])} at "
                f"{('the reference of', '')[end]} jet {row} of the batch: it cannot be explained"
            )
        gap = _total(self.scores) - (self.ends[:, 1] - self.ends[:, 0])

        def mean(values: Tensor) -> Tensor:
            average: Tensor = values.unflatten(0, (-1, self.count)).mean(1)
            return average

        return Scores(
            {name: mean(values) for name, values in self.scores.items()},
            {
                "baseline_output": mean(self.ends[:, 0]),
                "completeness_error": mean(gap),
                "converged": self.converged.unflatten(0, (-1, self.count)).all(1),
                "steps": self.steps.unflatten(0, (-1, self.count)).sum(1),
            },
        )


def _has_ends(rule: Rule) -> bool:
    first = rule.nodes[0]
    return bool(first.min() == 0 and first.max() == 1)


def _total(values: Mapping[str, Tensor], of: Callable[[Tensor], Tensor] | None = None) -> Tensor:
    parts = [(v if of is None else of(v)).flatten(1).sum(1) for v in values.values()]
    return torch.stack(parts).sum(0).cpu()
