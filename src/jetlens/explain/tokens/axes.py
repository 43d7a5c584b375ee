"""Where jets and heads are among the axes of a call of attention."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class Axes:
    """Where jets and heads are among the axes in front of queries and keys.

    Attributes
    ----------
    jets
        The axis of the jets.
    inner
        How many heads are folded into that axis behind each jet; 1 if none are.
    outer
        How many are folded into it in front of the jets.
    """

    jets: int
    inner: int = 1
    outer: int = 1

    @property
    def together(self) -> int | None:
        """How many of the first axis belong to one jet; None if jets cannot be cut along it."""
        return self.inner if self.jets == 0 and self.outer == 1 else None

    def unfold(self, x: Tensor) -> Tensor:
        """Return ``[..., row, column]`` as ``[jet, head, row, column]``."""
        a = self.jets
        jets = x.shape[a] // (self.inner * self.outer)
        split: Tensor = x.unflatten(a, (self.outer, jets, self.inner))
        return split.movedim(a + 1, 0).flatten(1, -3)


def candidates(lead: Sequence[int], jets: int) -> list[Axes]:
    """Return the ways in which axes can be those of jets and heads, the likeliest first."""
    whole = [Axes(a) for a, n in enumerate(lead) if n == jets]
    folded = [
        axes
        for a, n in enumerate(lead)
        if n != jets and n and n % jets == 0
        for axes in (Axes(a, inner=n // jets), Axes(a, outer=n // jets))
    ]
    return whole + folded
