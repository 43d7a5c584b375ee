"""Sums in the cells of a plane of two variables, whose bins adapt and still merge exactly."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from jetlens.core.errors import BadValueError
from jetlens.summarise.sums.entries import add_up
from jetlens.summarise.sums.ladder import UNIT, begin, place_of, rise_of

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True)
class Window:
    """A part of the plane in cells of one size, shared by what is compared.

    Attributes
    ----------
    first
        Places (at the finest level) of the first column and row.
    level
        The levels of columns and rows.
    cells
        How many columns and rows there are.
    """

    first: tuple[int, int]
    level: tuple[int, int]
    cells: tuple[int, int]

    @property
    def edges(self) -> tuple[Floats, Floats]:
        """The edges of columns and rows."""
        x, y = (
            begin(((f >> lev) + np.arange(n + 1)) << lev, True)
            for f, lev, n in zip(self.first, self.level, self.cells, strict=True)
        )
        return x, y


@dataclass(frozen=True, eq=False)
class Plane:
    """Sums of several quantities in the occupied cells of a plane.

    Columns and rows are bins of the linear `ladder`, each axis with the finest ones of which at
    most `most` are occupied.

    Attributes
    ----------
    quantities
        What is summed up, the weights themselves first.
    most
        The largest number of occupied columns, and of rows.
    level
        ``[2]``: columns and rows are ``2**level`` of the finest ones wide.
    place
        ``[cell, 2]``: the occupied cells' columns and rows; sorted.
    content
        ``[cell, quantity, replica]``.
    """

    quantities: tuple[str, ...]
    most: int
    level: Integers
    place: Integers
    content: Floats

    @classmethod
    def fill(
        cls,
        x: Floats,
        y: Floats,
        quantities: Mapping[str, Floats],
        weights: Floats,
        most: int,
    ) -> Plane:
        """Fill jets ``[jet]`` with weights ``[jet, replica]``.

        Parameters
        ----------
        x, y
            Their values.
        quantities
            What is summed up beside the weights, ``[jet]`` each.
        weights
            The jets' weights, the nominal ones first.
        most
            The largest number of occupied columns, and of rows.
        """
        place = np.stack([place_of(v, linear=True) for v in (x, y)], axis=1)
        level = _levels(place, most)
        found, cell = _distinct(place >> level)
        jet = np.arange(len(x))
        sums = [add_up(cell, jet, weights, (len(found),))]
        sums += [add_up(cell, jet, weights, (len(found),), q) for q in quantities.values()]
        return cls(("weight", *quantities), most, level, found, np.stack(sums, axis=1))

    def __add__(self, other: Plane) -> Plane:
        if self.quantities != other.quantities or self.most != other.most:
            raise BadValueError("planes of other quantities or bins cannot be added")
        common = np.maximum(self.level, other.level)
        place = np.concatenate([p.place >> (common - p.level) for p in (self, other)])
        rise = _levels(place, self.most)
        found, cell = _distinct(place >> rise)
        content = np.concatenate([self.content, other.content])
        into = csr_array(
            (np.ones(len(cell)), (cell, np.arange(len(cell)))), shape=(len(found), len(cell))
        )
        flat = np.asarray(into @ content.reshape(len(cell), int(np.prod(content.shape[1:]))))
        summed = flat.reshape(len(found), *content.shape[1:])
        return Plane(self.quantities, self.most, common + rise, found, summed)

    def window(self, share: float, most: int) -> Window:
        """Return the window of the inner share of the weights along each axis.

        Parameters
        ----------
        share
            Of the distribution along either axis.
        most
            The largest number of columns, and of rows.
        """
        first, level, cells = [], [], []
        for axis in range(2):
            lev = int(self.level[axis])
            place, into = np.unique(self.place[:, axis], return_inverse=True)
            upto = np.cumsum(np.bincount(into, self.content[:, 0, 0], len(place)))
            if not len(place) or not upto[-1] > 0:
                return Window((UNIT[0],) * 2, (UNIT[1],) * 2, (1, 1))
            ends = np.searchsorted(upto, upto[-1] * np.array([1 - share, 1 + share]) / 2)
            low, high = (int(place[min(e, len(place) - 1)]) for e in ends)
            rise = 0
            while (high >> rise) - (low >> rise) >= most:
                rise += 1
            first.append((low >> rise) << (lev + rise))
            level.append(lev + rise)
            cells.append((high >> rise) - (low >> rise) + 1)
        return Window((first[0], first[1]), (level[0], level[1]), (cells[0], cells[1]))

    def dense(self, window: Window) -> Floats:
        """Return contents ``[y, x, quantity, replica]`` in a window; what lies beyond is left out.

        A window's cells are as wide as the plane's own, or wider.
        """
        own = self.place << self.level
        where = (own >> np.array(window.level)) - (np.array(window.first) >> window.level)
        inside = ((where >= 0) & (where < np.array(window.cells))).all(axis=1)
        columns, rows = window.cells
        out = np.zeros((rows, columns, *self.content.shape[1:]))
        np.add.at(out, (where[inside, 1], where[inside, 0]), self.content[inside])
        return out

    def coarse(self, most: float) -> Floats:
        """Return contents ``[cell, quantity, replica]`` in at most `most` occupied wider cells."""
        place, content = self.place, self.content
        while len(place) > max(most, 1):
            place, cell = _distinct(place >> 1)
            summed = np.zeros((len(place), *content.shape[1:]))
            np.add.at(summed, cell, content)
            content = summed
        return content

    def pack(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        """Return what a file needs: a JSON header and arrays."""
        header = {"quantities": list(self.quantities), "most": self.most}
        return header, {n: getattr(self, n) for n in ("level", "place", "content")}

    @classmethod
    def unpack(cls, header: dict[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Plane:
        """Rebuild from `pack`."""
        return cls(tuple(header["quantities"]), header["most"], **arrays)


def together(planes: Sequence[Plane]) -> Plane:
    """Return the sum of planes, for a window that suits all of them."""
    total = planes[0]
    for plane in planes[1:]:
        total = total + plane
    return total


def _levels(place: Integers, most: int) -> Integers:
    """Return how far columns and rows must rise so that at most `most` are occupied."""
    found = []
    for axis in range(2):
        distinct = np.unique(place[:, axis])
        found.append(rise_of(np.zeros(len(distinct), dtype=np.int64), distinct, 1, most)[0])
    return np.array(found, dtype=np.int64)


def _distinct(place: Integers) -> tuple[Integers, Integers]:
    """Return the sorted, distinct cells ``[cell, 2]``, and which of them each entry is in."""
    found, cell = np.unique(place, axis=0, return_inverse=True)
    return found.reshape(-1, 2), cell.reshape(-1)
