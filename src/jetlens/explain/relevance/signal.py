"""What is known of a tensor that carries relevance."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from torch import Tensor

Bounds = tuple[Tensor, Tensor]
_ATTRIBUTE = "jetlens_signal"


@dataclass(frozen=True)
class Signal:
    """Knowledge about a tensor that travels with it.

    Attributes
    ----------
    jets
        The jet that each number belongs to, of the tensor's shape. The functions that move the
        tensor's numbers move these too, so that they are right wherever the axis of jets went; as
        a view of ``0, 1, 2, ...`` with stride 0 along all other axes they take no memory.
    nonnegative
        Whether no number is below zero.
    gate
        Whether it is a weight between 0 and 1 for other signals, which then take all relevance.
    bounds
        Least and largest value that the inputs could have had here, up to the first layer.
    behind
        The layers with weights after which no other has come; none: it is an input still.
    hidden
        Whether some numbers may be minus infinity, which hides them from a softmax.
    base
        The tensor of the network that it is a view of.
    made
        How a layer or a normalisation made it, for folding the two into one.
    """

    jets: Tensor
    nonnegative: bool = False
    gate: bool = False
    bounds: Bounds | None = None
    behind: frozenset[str] = frozenset()
    hidden: bool = False
    base: Tensor | None = None
    made: Any = None

    def plain(self, **changes: Any) -> Signal:
        """Return what is still known after a function of no special kind."""
        return replace(
            self,
            **{
                "nonnegative": False,
                "gate": False,
                "bounds": None,
                "hidden": False,
                "base": None,
                "made": None,
            }
            | changes,
        )

    def alone(self) -> Signal:
        """Return what is known of the same numbers in memory of their own."""
        return replace(self, base=None, made=None)


def signal(tensor: Any) -> Signal | None:
    """Return what is known of a tensor, or None if it carries no relevance."""
    return getattr(tensor, _ATTRIBUTE, None) if isinstance(tensor, Tensor) else None


def known(tensor: Tensor) -> Signal:
    """Return what is known of a tensor that carries relevance."""
    found: Signal = getattr(tensor, _ATTRIBUTE)
    return found


def mark(tensor: Tensor, about: Signal) -> Tensor:
    """Say what is known of a tensor, and return it."""
    setattr(tensor, _ATTRIBUTE, about)
    return tensor


def shares(one: Tensor, other: Tensor) -> bool:
    """Whether two tensors lie in the same memory."""
    memory: int = one.untyped_storage().data_ptr()
    return memory != 0 and memory == other.untyped_storage().data_ptr()
