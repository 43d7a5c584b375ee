"""Numbers for each jet on axes of their own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from jetlens.core.attention import Tokens


@dataclass(frozen=True)
class Table:
    """More numbers for each jet, on axes with names.

    Attributes
    ----------
    values
        ``[jet, ...]``, an array or a tensor.
    axes
        The other axes in order: their dimension and the names or numbers along it, or whose tokens
        they are; None where places have no names.
    attrs
        What is said of the numbers.
    """

    values: Any
    axes: Mapping[str, Sequence[str] | Sequence[float] | Tokens | None]
    attrs: Mapping[str, Any] = field(default_factory=dict)

    @property
    def coordinates(self) -> dict[str, Any]:
        """The coordinates along the axes."""
        found: dict[str, Any] = {}
        for axis, names in self.axes.items():
            if isinstance(names, Tokens):
                found |= names.coordinates(axis)
            elif names is not None:
                numbers = len(names) and not any(isinstance(n, str) for n in names)
                found[axis] = np.array(list(names), dtype=float if numbers else str)
        return found
