"""Integrals of gradients along a block's paths, refined until each converges.

Each chunk's gradients go into running sums, one for each level of a quadrature.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor

from jetlens.core.errors import BadValueError
from jetlens.explain.base import Scores
from jetlens.explain.paths.lines import Lines
from jetlens.explain.paths.quadrature import Rule
from jetlens.taggers.base import Inputs

_GEOMETRIC = 0.35  # where an integrand is smooth, changes fall below this share at every level
_PATIENCE = 2  # levels in a row at which they do not, before another rule takes over


@dataclass
class Block:
    """What is known of a block's paths so far, a row each.

    Scores are on the tagger's device; what decides about paths is on the processor.

    Attributes
    ----------
    scores
        By collection, of the inputs' shapes.
    ends
        ``[path, 2]``, what is explained where a path begins and ends; NaN before it is known.
    converged
        ``[path]``
    steps
        ``[path]``, the gradients taken.
    """

    lines: Lines
    scores: Inputs = field(init=False)
    ends: Tensor = field(init=False)
    converged: Tensor = field(init=False)
    steps: Tensor = field(init=False)

    def __post_init__(self) -> None:
        many, start = len(self.lines), self.lines.start
        some = next(iter(start.values()))
        self.scores = {name: torch.zeros_like(v) for name, v in start.items()}
        self.ends = torch.full((many, 2), torch.nan, dtype=some.dtype)
        self.converged = torch.zeros(many, dtype=torch.bool)
        self.steps = torch.zeros(many, dtype=torch.long)

    def integrate(self, rule: Rule, tolerance: float, absolute: float) -> Tensor:
        """Refine all paths level by level; return those that do not converge, sorted.

        A path leaves when its scores change by less than ``tolerance * |scores| + absolute`` from
        one level to the next. Where convergence is geometric, the error of the finer level is about
        the square of that change, so completeness, which tests the finer level itself, has to hold
        to the square of `tolerance`. A path whose changes do not fall geometrically is returned at
        once, one that is left at the finest level as well.
        """
        active = torch.arange(len(self.lines))
        if not _has_ends(rule):
            for end in (0, 1):
                self.ends[:, end] = self.lines.values(active, float(end)).to(self.ends)
        sums = {
            n: v.new_zeros((len(active), len(rule), *v.shape[1:]))
            for n, v in self.lines.start.items()
        }
        change = self.ends.new_full((len(active),), torch.inf)
        stalled = torch.zeros(len(active), dtype=torch.long)
        slow: list[Tensor] = []
        for level in range(len(rule)):
            self._accumulate(rule, level, active, sums)
            now = {n: s[active, level] * self.lines.differences(n, active) for n, s in sums.items()}
            before = {n: self.scores[n][active] for n in now}
            for name, values in now.items():
                self.scores[name][active] = values
            self.steps[active] += len(rule.nodes[level])
            if level == 0:
                continue
            new_change = total({n: now[n] - before[n] for n in now}, torch.abs)
            done = new_change <= self.allowed(active, tolerance, absolute)
            done &= self.gaps(active).abs() <= self.allowed(active, tolerance**2, absolute)
            self.converged[active[done]] = True
            stalled = torch.where(new_change > _GEOMETRIC * change, stalled + 1, 0)
            stuck = ~done & (stalled >= _PATIENCE)
            slow.append(active[stuck])
            on = ~(done | stuck)
            active, change, stalled = active[on], new_change[on], stalled[on]
            if not len(active):
                break
        return torch.sort(torch.cat([*slow, active])).values

    def _accumulate(self, rule: Rule, level: int, active: Tensor, sums: Inputs) -> None:
        """Add a level's new nodes to the running sums of this level and of all finer ones."""
        nodes = torch.as_tensor(rule.nodes[level])
        weights = torch.as_tensor(rule.weights[level]).to(next(iter(self.scores.values())))
        for chunk in self.lines.slopes(active, nodes):
            if level == 0 and _has_ends(rule):
                self._keep_ends(active[chunk.paths], nodes[chunk.nodes], chunk.value)
            for name, gradient in chunk.slopes.items():
                shape = gradient.shape[2:]
                summed = weights[:, chunk.nodes] @ gradient.flatten(2)  # [path, level, feature]
                summed = summed.unflatten(2, shape)
                if name in self.lines.masks:
                    sums[name][active[chunk.paths], level:, : shape[0]] += summed
                else:
                    sums[name][active[chunk.paths], level:] += summed

    def _keep_ends(self, paths: Tensor, nodes: Tensor, values: Tensor) -> None:
        for end in (0, 1):
            for i in (nodes == end).nonzero()[:, 0]:
                self.ends[paths, end] = values[:, i].to(self.ends)

    def allowed(self, paths: Tensor, tolerance: float, absolute: float) -> Tensor:
        """Return ``tolerance * |scores| + absolute`` of some paths."""
        size = total({name: values[paths] for name, values in self.scores.items()}, torch.abs)
        return tolerance * size + absolute

    def gaps(self, paths: Tensor) -> Tensor:
        """Return by how much scores add up to more than the difference of outputs ``[path]``."""
        found = total({name: values[paths] for name, values in self.scores.items()})
        return found - (self.ends[paths, 1] - self.ends[paths, 0])

    def close(self) -> Scores:
        """Average over the references of each jet; their own outputs are kept, too.

        Raises
        ------
        BadValueError
            If the target is not finite at an end of a path.
        """
        lines = self.lines
        bad = ~torch.isfinite(self.ends)
        if bad.any():
            path, end = (int(i) for i in bad.nonzero()[0])
            row = int(lines.packed.rows[lines.jets.start + path // lines.count])
            raise BadValueError(
                f"target {lines.target.text!r} is {float(self.ends[path, end])} at "
                f"{('the reference of', '')[end]} jet {row} of the batch: it cannot be explained"
            )
        gap = self.gaps(torch.arange(len(lines)))

        def mean(values: Tensor) -> Tensor:
            average: Tensor = values.unflatten(0, (-1, lines.count)).mean(1)
            return average

        return Scores(
            {name: mean(values) for name, values in self.scores.items()},
            {
                "target_output": mean(self.ends[:, 1]),
                "baseline_output": mean(self.ends[:, 0]),
                "baseline_outputs": self.ends[:, 0].unflatten(0, (-1, lines.count)),
                "completeness_error": mean(gap),
                "converged": self.converged.unflatten(0, (-1, lines.count)).all(1),
                "steps": self.steps.unflatten(0, (-1, lines.count)).sum(1),
            },
        )


def _has_ends(rule: Rule) -> bool:
    first = rule.nodes[0]
    return bool(first.min() == 0 and first.max() == 1)


def total(values: Mapping[str, Tensor], of: Callable[[Tensor], Tensor] | None = None) -> Tensor:
    """Add up all that belongs to each row ``[row]``, on the processor."""
    parts = [(v if of is None else of(v)).flatten(1).sum(1) for v in values.values()]
    return torch.stack(parts).sum(0).cpu()
