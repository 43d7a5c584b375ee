"""Linear maps with weights: forward, and backward through the weights alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
import torch.nn.functional as F
from torch import Tensor

_FEW = 8  # input channels up to which a kernel's rows are taken as channels on the way back


class Operation(Protocol):
    """A linear map of an input by a weight."""

    @property
    def axis(self) -> int:
        """The axis of the inputs' channels, counted from the end."""

    @property
    def padded(self) -> bool:
        """Whether it adds zeros at the edges."""

    def forward(self, x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
        """Return the outputs."""

    def back(self, gradient: Tensor, weight: Tensor, shape: torch.Size) -> Tensor:
        """Return the gradient with respect to the input, of this shape."""

    def scaled(self, weight: Tensor, by: Tensor, of: str) -> Tensor:
        """Return the weight with its outputs' or inputs' (`of`) channels scaled."""

    def response(self, weight: Tensor, inputs: Tensor) -> Tensor:
        """Return the outputs' channels where each input channel has one value everywhere."""


@dataclass(frozen=True)
class Dense:
    """``x @ weight.T + bias``."""

    axis: int = -1
    padded: bool = False

    def forward(self, x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
        """Return the outputs ``[..., out]``."""
        return F.linear(x, weight, bias)

    def back(self, gradient: Tensor, weight: Tensor, shape: torch.Size) -> Tensor:
        """Return the gradient with respect to the input ``[..., in]``."""
        return gradient @ weight

    def scaled(self, weight: Tensor, by: Tensor, of: str) -> Tensor:
        """Return the weight with its outputs' or inputs' (`of`) channels scaled."""
        return weight * (by[:, None] if of == "outputs" else by)

    def response(self, weight: Tensor, inputs: Tensor) -> Tensor:
        """Return the outputs' channels where each input channel has one value everywhere."""
        return weight @ inputs


@dataclass(frozen=True)
class Convolution:
    """A convolution, or a transposed one, over any number of axes."""

    axes: int
    stride: tuple[int, ...]
    padding: tuple[int, ...]
    dilation: tuple[int, ...]
    groups: int = 1
    transposed: bool = False
    output_padding: tuple[int, ...] = ()

    @property
    def axis(self) -> int:
        """The axis of the inputs' channels, counted from the end."""
        return -1 - self.axes

    @property
    def padded(self) -> bool:
        """Whether it adds zeros at the edges."""
        return any(self.padding) or self.transposed

    @property
    def bias_shape(self) -> tuple[int, ...]:
        """How a bias broadcasts to the outputs."""
        return (-1,) + (1,) * self.axes

    def forward(self, x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
        """Return the outputs ``[jet, out, ...]``."""
        out: Tensor = torch.ops.aten.convolution(
            x,
            weight,
            bias,
            self.stride,
            self.padding,
            self.dilation,
            self.transposed,
            self.output_padding or (0,) * self.axes,
            self.groups,
        )
        return out

    def back(self, gradient: Tensor, weight: Tensor, shape: torch.Size) -> Tensor:
        """Return the gradient with respect to the input ``[jet, in, ...]``."""
        if self.axes == 2 and self.groups == 1 and not self.transposed:
            channels, rows = weight.shape[1:3]
            if channels <= _FEW < channels * rows:
                return self._back_by_rows(gradient, weight, shape)
        return self._back(gradient, weight, shape, self.stride, self.padding, self.dilation)

    def _back_by_rows(self, gradient: Tensor, weight: Tensor, shape: torch.Size) -> Tensor:
        """Go back with the kernel's rows as channels, then add them up, each moved by its place.

        Kernels for few input channels run almost empty; this takes the same sums in another order.
        """
        jets, channels, height, width = shape
        out, _, rows, columns = weight.shape
        # contiguous, so that the memory layout that convolutions like best is not given up
        flat = weight.reshape(out, channels * rows, 1, columns)
        lines = gradient.shape[2]
        each = self._back(
            gradient,
            flat,
            torch.Size((jets, channels * rows, lines, width)),
            (1, self.stride[1]),
            (0, self.padding[1]),
            (1, self.dilation[1]),
        )
        return F.fold(
            each.flatten(2),
            (height, width),
            kernel_size=(rows, 1),
            dilation=(self.dilation[0], 1),
            padding=(self.padding[0], 0),
            stride=(self.stride[0], 1),
        )

    def _back(
        self,
        gradient: Tensor,
        weight: Tensor,
        shape: Sequence[int],
        stride: Sequence[int],
        padding: Sequence[int],
        dilation: Sequence[int],
    ) -> Tensor:
        found: Tensor = torch.ops.aten.convolution_backward(
            gradient,
            gradient.new_empty(1).expand(shape),  # only its shape is asked for
            weight,
            None,
            stride,
            padding,
            dilation,
            self.transposed,
            self.output_padding or (0,) * self.axes,
            self.groups,
            (True, False, False),
        )[0]
        return found

    def scaled(self, weight: Tensor, by: Tensor, of: str) -> Tensor:
        """Return the weight with its outputs' or inputs' (`of`) channels scaled."""
        ones = (1,) * self.axes
        if self.transposed:
            if of == "inputs":
                return weight * by.view(-1, 1, *ones)
        elif of == "outputs":
            return weight * by.view(-1, 1, *ones)
        # the second axis holds one group's channels
        grouped: Tensor = weight.unflatten(0, (self.groups, -1))
        return (grouped * by.view(self.groups, 1, -1, *ones)).flatten(0, 1)

    def response(self, weight: Tensor, inputs: Tensor) -> Tensor:
        """Return the outputs' channels where each input channel has one value everywhere."""
        found: Tensor = self.scaled(weight, inputs, "inputs").flatten(1).sum(1)
        return found


def convolution(
    axes: int,
    stride: int | Sequence[int],
    padding: int | Sequence[int],
    dilation: int | Sequence[int],
    groups: int,
) -> Convolution:
    """Return a convolution of what its function was handed."""

    def spread(value: int | Sequence[int]) -> tuple[int, ...]:
        return (value,) * axes if isinstance(value, int) else tuple(value) * (axes // len(value))

    return Convolution(axes, spread(stride), spread(padding), spread(dilation), groups)
