"""What is read off a discriminant's histograms by class: curves, areas, working points."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from jetlens.summarise.estimates import ratio, wilson
from jetlens.summarise.sums.binned import aligned
from jetlens.summarise.sums.roc import area, efficiencies, efficiency_at

if TYPE_CHECKING:
    from jetlens.summarise.sums.histogram import Histogram

Floats = NDArray[np.float64]


def per_cent(share: float) -> str:
    """Return an efficiency in per cent, as it stands in names of numbers: ``77``, ``0.5``."""
    return np.format_float_positional(100 * share, precision=6, fractional=False, trim="-")


@dataclass(frozen=True, kw_only=True)
class WorkingPoint:
    """Rejection of a background at a signal efficiency, with its 68 % binomial interval."""

    background: str
    efficiency: float
    rejection: float
    low: float
    high: float


@dataclass(frozen=True)
class Curves:
    """The signal against each background.

    Attributes
    ----------
    signal
        The class that is tagged.
    fine
        The discriminant by ``class``, in many bins: what values are read off.
    coarse
        The same in few bins, with all replicas: what their spread is read off.
    uneven
        Whether some jets count many times as much as others: then those that pass a cut have an
        effective number that may be far from their share of all jets' own.
    """

    signal: str
    fine: Histogram
    coarse: Histogram
    uneven: bool = False

    @property
    def backgrounds(self) -> tuple[str, ...]:
        """The classes other than the signal."""
        return tuple(c for c in self.fine.axes["class"] if c != self.signal)

    def roc(self, background: str) -> tuple[Floats, Floats]:
        """Return the efficiencies of signal and background at every cut, from tight to loose."""
        signal, other = self._pair(self.fine, background)
        return efficiencies(signal[:, 0], other[:, 0])

    def area(self, background: str) -> tuple[float, Floats]:
        """Return the area under the curve and its replicas ``[replica]``."""
        value, replicas = (area(*self._pair(h, background)) for h in (self.fine, self.coarse))
        return float(value[0]), replicas

    def efficiency_at(self, background: str, mistag: float) -> tuple[float, Floats]:
        """Return the signal efficiency at a background's, and its replicas ``[replica]``.

        NaN where one of the classes is empty.
        """
        value, replicas = (
            efficiency_at(*self._pair(h, background), mistag) for h in (self.fine, self.coarse)
        )
        return float(value[0]), replicas

    def rejection_at(self, background: str, efficiency: float) -> tuple[float, Floats]:
        """Return a background's rejection at a signal efficiency, and its replicas ``[replica]``.

        NaN where one of the classes is empty, or nothing of the background passes.
        """
        found = []
        for histogram in (self.fine, self.coarse):
            signal, other = self._pair(histogram, background)
            # the signal's efficiency takes the place of a mistag
            found.append(ratio(1.0, efficiency_at(other, signal, efficiency)))
        return float(found[0][0]), found[1]

    def working_points(self, efficiencies: Sequence[float]) -> list[WorkingPoint]:
        """Return the rejections at each efficiency; binomial (Wilson) intervals, infinite ends too.

        The cut itself counts as known: its own uncertainty is not in the interval.
        """
        found = []
        for c, name in enumerate(self.fine.axes["class"]):
            if name == self.signal:
                continue
            signal, background = self.roc(name)
            if np.isnan([signal[-1], background[-1]]).any():
                continue
            total = self.fine.content[self.fine.cell == c, 0].sum()
            jets = total**2 / self.fine.squares[c]  # effective number of weighted jets
            for efficiency in efficiencies:
                passed = float(np.interp(efficiency, signal, background))
                inside = self._passing(name, efficiency) if self.uneven else 0.0
                low, high = wilson(passed, inside / passed if passed * inside > 0 else jets)
                found.append(
                    WorkingPoint(
                        background=name,
                        efficiency=efficiency,
                        rejection=_over(passed),
                        low=_over(high),
                        high=_over(low),
                    )
                )
        return found

    def _passing(self, background: str, efficiency: float) -> float:
        """Return the effective number of a background's jets that pass, by the replicas' spread."""
        signal, other = self._pair(self.coarse, background)
        kept, _ = efficiencies(signal[:, 0], other[:, 0])
        passed = np.flip(other, 0)[: np.searchsorted(kept, efficiency)].sum(axis=0)
        return float(np.nan_to_num(ratio(passed[0] ** 2, passed[1:].var())))

    def _pair(self, histogram: Histogram, background: str) -> tuple[Floats, Floats]:
        """Return contents of signal and background ``[bin, replica]``."""
        names = list(histogram.axes["class"])
        content = aligned(histogram)[1]
        return content[names.index(self.signal)], content[names.index(background)]


def _over(efficiency: float) -> float:
    return 1 / efficiency if efficiency > 0 else float("inf")
