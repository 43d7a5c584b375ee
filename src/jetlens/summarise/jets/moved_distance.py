"""How far moved jets are from true classes: after the step, and after a control's."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from jetlens.summarise.estimates import LEAST
from jetlens.summarise.jets.classes import ClassSummary
from jetlens.summarise.jets.moved import SCALE
from jetlens.summarise.result import Result
from jetlens.summarise.sums.histogram import Histogram
from jetlens.summarise.sums.nearest import verdicts
from jetlens.summarise.sums.transport import (
    Places,
    bin_width,
    changes,
    control_distances,
    hidden,
    moved_distances,
    own_distances,
)

Floats = NDArray[np.float64]


class DistanceSummary(ClassSummary):
    """A summary of histograms of observables, by true class, before and after jets are moved."""

    def names(self, result: Result) -> tuple[str, ...]:
        """Return the observables of a result, then the inputs (``constituents.pt``)."""
        found: tuple[str, ...] = result.parts["fine"].axes["observable"]
        return found

    def groups(self, result: Result) -> tuple[str, ...]:
        """Return what each of them is about: of the same, they are nearly one observable."""
        return tuple(result.sums.attrs.get("groups", self.names(result)))

    def distances(self, result: Result) -> Floats:
        """Return Wasserstein distances ``[observable, toward, before and scale, class, replica]``.

        The first replica is the nominal one, of finer bins, onto which the others are shifted.
        """
        many, steps = (result.sums.sizes[d] for d in ("toward", SCALE))
        fine, coarse = (result.parts[p] for p in ("fine", "coarse"))
        found = [
            moved_distances(fine.pick(observable=n), coarse.pick(observable=n), many, steps)
            for n in self.names(result)
        ]
        return np.stack(found)

    def own_distances(self, result: Result) -> Floats:
        """Return the distances to the class stepped toward alone.

        ``[observable, toward, before and scale, replica]``
        """
        return own_distances(self.distances(result))

    def control(self, result: Result) -> Floats | None:
        """Return those after the control's steps; none where jets were not moved by such."""
        if not result.sums.attrs.get("controlled"):
            return None
        many, steps = (result.sums.sizes[d] for d in ("toward", SCALE))
        return _control(result.parts["fine"], result.parts["coarse"], many, steps)

    def bin_width(self, result: Result) -> Floats:
        """Return the widths ``[observable]`` of the bins that nominal distances are made with."""
        fine = result.parts["fine"]
        return np.array([bin_width(fine.pick(observable=n)) for n in self.names(result)])

    def changes(
        self, result: Result, own: Floats, scale: Places, control: Floats | None = None
    ) -> tuple[Floats, Floats, Floats]:
        """Return changes of distances ``[observable, toward]`` by a step, with 95 % intervals.

        Or by how much they are larger than those of the control.
        """
        return changes(own, scale, self._hidden(result), control)

    def verdicts(
        self, result: Result, own: Floats, scale: Places, control: Floats | None = None
    ) -> list[list[str]]:
        """Say of each observable and class ``[observable][toward]`` what moving did to it.

        Or what it did that moving by the control's steps did not.
        """
        ends = self.changes(result, own, scale, control)[1:]
        enough = result.sums["moved"].values >= LEAST
        return verdicts(own, scale, ends, self.bin_width(result), enough, control)

    def _hidden(self, result: Result) -> Floats:
        """Return the standard errors ``[observable, toward]`` that the replicas' bins hide."""
        coarse, many = result.parts["coarse"], result.sums.sizes["toward"]
        return np.stack([hidden(coarse.pick(observable=n), many) for n in self.names(result)])


@lru_cache(maxsize=1)  # it is asked for again with every scale of one result
def _control(fine: Histogram, coarse: Histogram, classes: int, scales: int) -> Floats:
    names = fine.axes["observable"]
    both = ((fine.pick(observable=n), coarse.pick(observable=n)) for n in names)
    found = np.stack([control_distances(f, c, classes, scales) for f, c in both])
    found.flags.writeable = False
    return found
