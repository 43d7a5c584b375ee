"""A layer with weights, as rules see it."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from jetlens.explain.relevance.layers.operations import Operation
from jetlens.explain.relevance.plan import Plan
from jetlens.explain.relevance.rules import Rule
from jetlens.explain.relevance.run import Run


@dataclass(frozen=True)
class Layer:
    """A layer with weights, met in a forward pass.

    Attributes
    ----------
    input
        What it was applied to, carrying relevance.
    jets
        Whose each number of the output is.
    kinds
        What it is: see `jetlens.explain.relevance.composites.KINDS`.
    """

    run: Run
    name: str
    rule: Rule
    operation: Operation
    weight: Tensor
    bias: Tensor | None
    input: Tensor
    jets: Tensor
    kinds: frozenset[str]

    @property
    def plan(self) -> Plan:
        """The plan, which keeps what is computed from weights."""
        return self.run.plan

    def back(self, gradient: Tensor, weight: Tensor) -> Tensor:
        """Go back through a weight to the input."""
        return self.operation.back(gradient, weight, self.input.shape)

    def absorb(self, cause: str, gradient: Tensor, constant: Tensor | None) -> Tensor | None:
        """Enter what a constant part of the denominator ``[channel]`` took."""
        if constant is None:
            return None
        ledger, behind = self.run.ledger, -1 - self.operation.axis
        taken = ledger.dot(gradient, constant.view(-1, *[1] * behind), self.jets)
        ledger.add(self.name, cause, taken)
        return taken
