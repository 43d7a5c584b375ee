"""Conservation: how much relevance was absorbed, by jet, layer and cause."""

from __future__ import annotations

import torch
from torch import Tensor

CAUSES = ("bias", "stabiliser", "constants", "softmax", "one-signed", "target")
"""Why relevance does not reach the inputs: biases; stabilisers of denominators; constants that are
joined to the signal (class tokens, padding); the softmax rule; neurons without contributions of a
sign that the rule gives relevance to; and targets that are not a sum of outputs."""


class Ledger:
    """What was absorbed on the way back through one chunk of jets.

    Parameters
    ----------
    numbers
        ``0, 1, 2, ...`` for the jets; the tensor of which `Signal.jets` are views.
    """

    def __init__(self, numbers: Tensor) -> None:
        self.numbers = numbers
        self.entries: dict[tuple[str, str], Tensor] = {}

    def add(self, layer: str, cause: str, amount: Tensor) -> None:
        """Enter an amount ``[jet]``."""
        before = self.entries.get((layer, cause))
        self.entries[layer, cause] = amount.detach() if before is None else before + amount

    def total(self, values: Tensor, jets: Tensor) -> Tensor:
        """Return the sum of `values` for each jet ``[jet]``; `jets` says whose each number is."""
        axis = self._axis(jets)
        if axis is not None:
            others = [d for d in range(values.ndim) if d != axis]
            return values.sum(others) if others else values
        zeros = values.new_zeros(len(self.numbers))
        return zeros.index_add_(0, jets.reshape(-1), values.reshape(-1))

    def dot(self, values: Tensor, factor: Tensor, jets: Tensor) -> Tensor:
        """Return the sum of ``values * factor`` for each jet; `factor` broadcasts to `values`."""
        axis = self._axis(jets)
        if axis is not None:
            factor = factor.reshape((1,) * (values.ndim - factor.ndim) + factor.shape)
            over = [d for d in range(values.ndim) if d != axis and factor.shape[d] == 1]
            if over:  # sums first, so that the product is small
                values = values.sum(over, keepdim=True)
                for d in over:
                    jets = jets.narrow(d, 0, 1)
        return self.total(values * factor, jets)

    def _axis(self, jets: Tensor) -> int | None:
        """Return the axis along which the jets stand in order, if there is such a one."""
        moving = [d for d in range(jets.ndim) if jets.shape[d] > 1 and jets.stride(d) != 0]
        if len(self.numbers) == 1 or not moving:
            whole = [d for d in range(jets.ndim) if jets.shape[d] == len(self.numbers)]
            return whole[0] if len(self.numbers) == 1 and whole else None
        plain = (
            len(moving) == 1
            and jets.stride(moving[0]) == 1
            and jets.shape[moving[0]] == len(self.numbers)
            and jets.data_ptr() == self.numbers.data_ptr()
        )
        return moving[0] if plain else None


def stabilised(values: Tensor, epsilon: float) -> Tensor:
    """Return ``values + epsilon sign(values)`` in fresh memory, with sign(0) = +1."""
    return torch.copysign(values.new_tensor(epsilon), values).add_(values)
