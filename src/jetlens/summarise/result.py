"""What a summary has summed up: additive arrays, adaptive histograms and a few examples."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, Self

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from jetlens.core.errors import BadValueError
from jetlens.core.registry import arguments_of, summaries
from jetlens.summarise.base import Summary
from jetlens.summarise.estimates import Numbers
from jetlens.summarise.sums import stored

_ROUNDING = 1e-11  # of sums that were added in another order


class Part(Protocol):
    """Something beside the plain sums that can be added and stored."""

    def __add__(self, other: Self) -> Self:
        """Return both together."""

    def pack(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        """Return a JSON header and arrays."""


@dataclass(frozen=True, eq=False)
class Result:
    """Sums over jets; ``result + result`` is the result of all of their jets.

    Results are equal where their summaries and sums are, the latter up to the rounding of sums that
    were added in another order.

    Attributes
    ----------
    summary
        The summary that filled it, with its arguments.
    sums
        Arrays on named axes that simply add; where they have a ``replica`` axis, its first entry
        is nominal and the others are bootstrap replicas.
    parts
        Histograms and examples, which add in their own way.
    """

    summary: Summary
    sums: xr.Dataset
    parts: Mapping[str, Any] = field(default_factory=dict)

    def __add__(self, other: Result) -> Result:
        if not isinstance(other, Result):
            return NotImplemented
        if self.summary != other.summary:
            raise BadValueError(
                f"results of {self.summary} and {other.summary} cannot be added: "
                "expected the same summary with the same arguments"
            )
        for name, values in self.sums.coords.items():
            if not np.array_equal(values, other.sums.coords[name]):
                raise BadValueError(
                    f"results with another {name!r} cannot be added: {list(values.values)} and "
                    f"{list(other.sums.coords[name].values)}"
                )
        added = {k: (v.dims, v.values + other.sums[k].values) for k, v in self.sums.items()}
        return Result(
            self.summary,
            xr.Dataset(added, coords=self.sums.coords, attrs=self.sums.attrs),
            {name: part + other.parts[name] for name, part in self.parts.items()},
        )

    def __radd__(self, other: object) -> Result:
        return self if other == 0 else NotImplemented  # sum() begins with 0

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Result) or self.summary != other.summary:
            return False
        ours, theirs = self.sums, other.sums
        if not ours.drop_vars(ours).identical(theirs.drop_vars(theirs)):  # names and coordinates
            return False
        sums = ({k: v.dims for k, v in each.items()} for each in (ours, theirs))
        if next(sums) != next(sums) or set(self.parts) != set(other.parts):
            return False
        return all(_alike(v.values, theirs[k].values) for k, v in ours.items()) and all(
            _same(part.pack(), other.parts[name].pack()) for name, part in self.parts.items()
        )

    __hash__ = None  # type: ignore[assignment]

    @property
    def name(self) -> str:
        """The registered name of the summary."""
        return self.summary.registered_name

    @property
    def arguments(self) -> dict[str, Any]:
        """The summary's name and arguments, in a recipe's words."""
        return arguments_of(self.summary)

    def numbers(self) -> Numbers:
        """Return the headline numbers: value, and 68 % interval (low, high) over events."""
        return self.summary.numbers(self)

    def save(self, path: Path | str) -> None:
        """Write one file (NumPy's ``npz`` with a JSON header, no pickle), atomically."""
        stored.save(stored.Stored(self.arguments, self.sums, self.parts), path)

    @classmethod
    def load(cls, path: Path | str) -> Result:
        """Read what `save` wrote.

        Raises
        ------
        BadFileError
            If the file is not a whole result.
        """
        found = stored.load(path)
        arguments = dict(found.arguments)
        return cls(summaries.make(arguments.pop("use"), **arguments), found.sums, found.parts)


def merge(results: Iterable[Result]) -> Result:
    """Add results up in their order, holding two at a time.

    Raises
    ------
    BadValueError
        If there is none.
    """
    total: Result | None = None
    for result in results:
        total = result if total is None else total + result
    if total is None:
        raise BadValueError("nothing to summarise: there was no partition")
    return total


def _same(a: tuple[dict[str, Any], dict[str, Any]], b: tuple[dict[str, Any], Any]) -> bool:
    return a[0] == b[0] and all(_alike(values, b[1][name]) for name, values in a[1].items())


def _alike(a: NDArray[Any], b: NDArray[Any]) -> bool:
    """Say whether two arrays are the same, up to the rounding of sums and of places in histograms.

    Such a place is a large whole number, of a value that may itself be a sum.
    """
    if a.shape != b.shape or a.dtype.kind != b.dtype.kind:
        return False
    if a.dtype.kind not in "if":
        return bool(np.array_equal(a, b))
    # residuals are themselves roundings, of numbers of about one: these are as good as equal
    largest = np.abs(a, where=np.isfinite(a), out=np.zeros_like(a)).max(initial=1)
    least = _ROUNDING * largest if a.dtype.kind == "f" else 0
    return bool(np.allclose(a, b, rtol=_ROUNDING, atol=least, equal_nan=True))
