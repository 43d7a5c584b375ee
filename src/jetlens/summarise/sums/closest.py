"""Of variables that jets must have, the values that come closest: to say what there is instead."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Closest:
    """Values that are asked for, and the closest that any jet has.

    Attributes
    ----------
    wanted
        What is asked for, by variable.
    found
        The closest value of each; None where there was no jet.
    """

    wanted: Mapping[str, float]
    found: Mapping[str, float | None]

    @classmethod
    def among(cls, wanted: Mapping[str, float], values: Mapping[str, Floats]) -> Closest:
        """Look through jets' values ``[jet]`` of each variable."""
        found = {}
        for name, each in values.items():
            known = each[np.isfinite(each)]
            at = np.lexsort((known, np.abs(known - wanted[name])))  # of two as close, the smaller
            found[name] = float(known[at[0]]) if len(at) else None
        return cls(dict(wanted), found)

    def __add__(self, other: Self) -> Closest:
        both = {
            name: np.array([v for v in (self.found[name], other.found[name]) if v is not None])
            for name in self.found
        }
        return self.among(self.wanted, both)

    def told(self) -> str:
        """Say in words which variables no jet has as wanted; empty if there is none."""
        words = [
            f"{name.replace('_', ' ')} {self.wanted[name]:g} (the nearest is {value:g})"
            for name, value in self.found.items()
            if value is not None and not np.isclose(value, self.wanted[name])
        ]
        return " or ".join(words)

    def pack(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        """Return what a file needs: a JSON header, and no arrays."""
        return {"wanted": dict(self.wanted), "found": dict(self.found)}, {}

    @classmethod
    def unpack(cls, header: dict[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Closest:
        """Rebuild from `pack`."""
        return cls(**header)
