"""What rules are handed of the forward pass that they are part of."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any, Protocol

from torch import Tensor

from jetlens.core.errors import UnsupportedError
from jetlens.explain.relevance.ledger import Ledger
from jetlens.explain.relevance.plan import Plan


class Run(Protocol):
    """One forward pass of some jets; within it (``with run:``) functions are given their rules.

    Attributes
    ----------
    plan
        The rules.
    ledger
        What is absorbed on the way back.
    inside
        The kind of function that is being re-expressed by others, if one is.
    """

    plan: Plan
    ledger: Ledger
    inside: tuple[str, ...]

    def __enter__(self) -> Any: ...

    def __exit__(self, *raised: Any) -> Any: ...

    def constant(self, value: Tensor, jets: Tensor, layer: str) -> Tensor:
        """Let a constant join the signal: the relevance that it gets is absorbed."""

    def layer(self, name: str, *weights: Any) -> str:
        """Return what a layer is called: its module's path, or the function and its number."""

    def within(self, kind: str, weight: Tensor | None) -> AbstractContextManager[None]:
        """Re-express a function by functions that have rules, as one layer of its own kind."""

    def refusal(self, name: str, why: str | None = None) -> UnsupportedError:
        """Return the error for a function that relevance cannot be propagated through."""
