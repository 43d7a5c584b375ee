"""A number of a simulation that says where it comes from."""

from __future__ import annotations

from typing import Any, NamedTuple


class Constant(NamedTuple):
    """A number (or a small table of numbers) of a simulation, its unit and its source."""

    value: Any
    unit: str
    source: str
