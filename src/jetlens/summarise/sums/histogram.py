"""Weighted histograms whose bins adapt to the data and still merge exactly.

Bins are those of the fixed ladder of nested binnings in `ladder`. A cell (one variable of one
flavour, say) uses the finest binning in which at most `most` of its bins are occupied, and stores
the occupied ones alone. That choice depends on nothing but the set of values, so adding two
histograms gives the histogram of the joined data, however it was cut. A distribution far from zero
has few occupied bins and so keeps fine ones; a wide one pays with the logarithm of its range.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from jetlens.core.errors import BadValueError
from jetlens.summarise.sums.ladder import (
    begin,
    place_of,
    rise_of,
    summed,
    unique,
    unique_inverse,
)

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Histogram:
    """Weighted contents of the occupied bins of many cells.

    Attributes
    ----------
    axes
        The cells' named axes and their labels; a cell's number is its position in C order.
    most
        The largest number of occupied bins in a cell.
    level
        ``[cell]``: bins are ``2**level`` of the finest ones wide.
    cell, place
        ``[bin]``: the cell of each occupied bin, and its place in that cell's binning; sorted.
    content
        ``[bin, replica]``: sums of weights.
    squares
        ``[cell]``: the nominal weights' sum of squares.
    linear
        Whether bins are equally wide in x; then nothing is told apart that is closer than 6e-8, and
        larger values count as 1e8.
    """

    axes: Mapping[str, tuple[str, ...]]
    most: int
    level: Integers
    cell: Integers
    place: Integers
    content: Floats
    squares: Floats
    linear: bool = False

    @classmethod
    def fill(
        cls,
        axes: Mapping[str, Sequence[str]],
        values: Floats,
        cell: Integers,
        jet: Integers,
        weights: Floats,
        most: int,
        amount: Floats | None = None,
        linear: bool = False,
    ) -> Histogram:
        """Fill entries ``[entry]``, each into a cell with its jet's weights ``[jet, replica]``.

        With `amount` ``[entry]``, the contents are sums of weights times that; the bins are the
        same.

        Raises
        ------
        BadValueError
            If a value is NaN.
        """
        if np.isnan(values).any():
            raise BadValueError("a histogram cannot hold NaN")
        cells = int(np.prod([len(labels) for labels in axes.values()]))
        place = place_of(np.asarray(values, dtype=np.float64), linear)
        level = rise_of(*unique(cell, place), cells, most)
        cell_of_bin, place_of_bin, bin_of_entry = unique_inverse(cell, place >> level[cell])
        each = np.ones(len(jet)) if amount is None else amount
        entries = csr_array((each, (bin_of_entry, jet)), shape=(len(cell_of_bin), len(weights)))
        squared: Floats = weights[jet, 0] ** 2
        squares = np.bincount(cell, weights=squared, minlength=cells).astype(np.float64)
        content = np.asarray(entries @ weights, dtype=np.float64)
        named = {axis: tuple(labels) for axis, labels in axes.items()}
        return cls(named, most, level, cell_of_bin, place_of_bin, content, squares, linear)

    def __add__(self, other: Histogram) -> Histogram:
        same = dict(self.axes) == dict(other.axes) and self.most == other.most
        if not same or self.linear != other.linear:
            raise BadValueError("histograms with other cells or bins cannot be added")
        common = np.maximum(self.level, other.level)
        both = [h.coarser(common) for h in (self, other)]
        cell = np.concatenate([h.cell for h in both])
        place = np.concatenate([h.place for h in both])
        rise = rise_of(*unique(cell, place), len(common), self.most)
        content = np.concatenate([h.content for h in both])
        squares = self.squares + other.squares
        bins = summed(cell, place >> rise[cell], content)
        return Histogram(self.axes, self.most, common + rise, *bins, squares, self.linear)

    def coarser(self, level: Integers) -> Histogram:
        """Return the histogram with wider bins, ``[cell]``; no level may be below its own."""
        place = self.place >> (level - self.level)[self.cell]
        bins = summed(self.cell, place, self.content)
        return Histogram(self.axes, self.most, level, *bins, self.squares, self.linear)

    @property
    def shape(self) -> tuple[int, ...]:
        """The cells' shape, one number an axis."""
        return tuple(len(labels) for labels in self.axes.values())

    def effective(self) -> Floats:
        """Return the effective number of entries ``[*cells]``: (sum w)^2 / sum w^2."""
        total = np.bincount(self.cell, self.content[:, 0], len(self.level)).astype(np.float64)
        many = np.divide(total**2, self.squares, out=np.zeros_like(total), where=self.squares > 0)
        return many.reshape(self.shape)

    def edges(self) -> tuple[Floats, Floats]:
        """Return the lower and upper edge of each occupied bin, ``[bin]``."""
        level = self.level[self.cell]
        return self.begin(self.place, level), self.begin(self.place + 1, level)

    def begin(self, place: Integers, level: Integers | int) -> Floats:
        """Return where bins of these places begin."""
        return begin(place << level, self.linear)

    def quantiles(self, probabilities: Sequence[float], total: Floats | None = None) -> Floats:
        """Return quantiles ``[*cells, probability, replica]``, NaN where a cell is empty.

        Entries count as spread evenly over their bin; between them it is NumPy's ``linear`` rule,
        so that bins with one entry each give what the entries themselves would give.

        Parameters
        ----------
        probabilities
            Which quantiles.
        total
            The weight of all entries ``[*cells, replica]``, where some lie beyond all that were
            filled; left out, there are none. Quantiles are NaN where these would be.
        """
        wanted = np.asarray(probabilities, dtype=np.float64)
        low, high = self.edges()
        replicas = self.content.shape[1]
        found = np.full((len(self.level), len(wanted), replicas), np.nan)
        starts = np.searchsorted(self.cell, np.arange(len(self.level) + 1))
        every = None if total is None else total.reshape(len(self.level), replicas)
        for c in np.flatnonzero(np.diff(starts)):
            bins = slice(starts[c], starts[c + 1])
            nominal = self.content[bins, 0].sum()
            entry = self.squares[c] / nominal if nominal > 0 else 0.0  # weight of a typical entry
            for r in range(replicas):
                filled = self.content[bins, r] > 0
                content = self.content[bins, r][filled]
                if not content.size:
                    continue
                upto = np.cumsum(content)
                half = np.minimum(entry, content) / 2
                x0, x1 = low[bins][filled], high[bins][filled]
                inset = (x1 - x0) * half / content
                at = np.stack([upto - content + half, upto - half], axis=1).ravel()
                x = np.stack([x0 + inset, x1 - inset], axis=1).ravel()
                beyond = 0.0 if every is None else max(every[c, r] - upto[-1], 0.0)
                wanted_at = at[0] + wanted * (at[-1] + beyond - at[0])
                found[c, :, r] = np.interp(wanted_at, at, x, right=np.nan if beyond else None)
        return found.reshape(*self.shape, len(wanted), replicas)

    def pick(self, **labels: str) -> Histogram:
        """Return the cells with these labels; their axes fall away."""
        numbers = np.arange(len(self.level)).reshape(self.shape)
        for axis, label in labels.items():
            numbers = numbers.take(
                [list(self.axes[axis]).index(label)], axis=list(self.axes).index(axis)
            )
        keep = numbers.ravel()
        where = np.full(len(self.level), -1)
        where[keep] = np.arange(len(keep))
        bins = where[self.cell] >= 0
        return Histogram(
            {a: v for a, v in self.axes.items() if a not in labels},
            self.most,
            self.level[keep],
            where[self.cell[bins]],
            self.place[bins],
            self.content[bins],
            self.squares[keep],
            self.linear,
        )

    def pack(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        """Return what a file needs: a JSON header and arrays."""
        names = ("level", "cell", "place", "content", "squares")
        axes = {k: list(v) for k, v in self.axes.items()}
        header = {"axes": axes, "most": self.most, "linear": self.linear}
        return header, {n: getattr(self, n) for n in names}

    @classmethod
    def unpack(cls, header: dict[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Histogram:
        """Rebuild from `pack`."""
        axes = {axis: tuple(labels) for axis, labels in header["axes"].items()}
        return cls(axes=axes, most=header["most"], linear=header["linear"], **arrays)
