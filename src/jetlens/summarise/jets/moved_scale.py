"""Which of the scales that jets were moved by is looked at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from jetlens.core.errors import BadValueError
from jetlens.summarise.estimates import LEAST, ratio
from jetlens.summarise.jets.moved import BENT, SCALE, UNPHYSICAL
from jetlens.summarise.jets.moved_distance import DistanceSummary
from jetlens.summarise.result import Result
from jetlens.summarise.sums.nearest import nearest

OWN, EVERY, MIDDLE = "recommended", "of all", "middle"
"""Why a scale is looked at: it is recommended of the jets themselves, it is so of the jets that are
moved toward any class, or it is the middle one of those that were tried."""

Floats = NDArray[np.float64]


class Looked(NamedTuple):
    """The scales that are looked at, one for each class stepped toward."""

    places: NDArray[np.int64]
    """``[toward]``"""
    why: tuple[str, ...]
    """``[toward]``, `OWN`, `EVERY` or `MIDDLE`."""


@dataclass(frozen=True, kw_only=True)
class ScaleSummary(DistanceSummary):
    """A summary of moved jets that recommends a scale: that at which they are nearest to the data.

    Parameters
    ----------
    most_bent
        At the recommended scale, constraints have to bend the steps of no larger a share of jets.
    """

    most_bent: float = 0.5

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 <= self.most_bent <= 1:
            raise BadValueError(f"most_bent={self.most_bent}: expected a share, from 0 to 1")

    def recommended(
        self, result: Result, own: Floats, toward: int | None = None
    ) -> tuple[int, Floats] | None:
        """Return the scale at which moved jets are nearest: its place, and scales ``[replica]``.

        Of jets that are moved toward any class, or toward one. None where no observable tells jets
        apart before they are moved, few jets are moved, or all scales bend the steps of too many
        or do less than a control's.

        Parameters
        ----------
        result
            A result.
        own
            Distances ``[observable, toward, before and scale, replica]`` to the class stepped
            toward.
        toward
            The place of that class.
        """
        some = _some(toward)
        if int(result.sums["moved"].values[some].sum()) < LEAST:
            return None
        control, allowed = self.control(result), self.allowed(result, toward)
        others = None if control is None else control[:, some]
        scales = result.sums[SCALE].values
        return nearest(own[:, some], scales, allowed, self.groups(result), others)

    def looked_at(self, result: Result, own: Floats) -> Looked:
        """Return the scales that are looked at, of the jets that are moved toward each class.

        A step of none changes nothing: where that is recommended, another one is looked at.
        """
        rest, why = self.looked_at_together(result, own)
        found = []
        for t in range(result.sums.sizes["toward"]):
            alone = self._above_none(result, own, t)
            found.append((rest, why) if alone is None else (alone, OWN))
        return Looked(np.array([place for place, _ in found]), tuple(w for _, w in found))

    def looked_at_together(self, result: Result, own: Floats) -> tuple[int, str]:
        """Return the place of the scale that is looked at of all moved jets, and why."""
        best = self._above_none(result, own)
        return (result.sums.sizes[SCALE] // 2, MIDDLE) if best is None else (best, EVERY)

    def allowed(self, result: Result, toward: int | None = None) -> NDArray[np.bool_]:
        """Say at which scales ``[scale, replica]`` few enough steps are bent."""
        steps = range(result.sums.sizes[SCALE])
        if BENT not in result.sums:
            return np.ones((len(steps), self.replicas + 1), dtype=bool)
        share = np.stack([self.shares(result, k, toward)[BENT] for k in steps])
        return np.asarray(share <= self.most_bent)

    def shares(self, result: Result, scale: int, toward: int | None = None) -> dict[str, Floats]:
        """Return shares of moved jets ``[replica]``, of all or of those toward one class.

        They are ``flipped``, ``unphysical`` where one raw step is, and ``bent`` where constraints
        that are on have to bend it.
        """
        some = _some(toward)
        weight = result.sums["moved_weight"].values[some].sum(axis=0)
        names = [n for n in ("flipped", UNPHYSICAL, BENT) if n in result.sums]
        return {n: ratio(result.sums[n].values[some, scale].sum(axis=0), weight) for n in names}

    def _above_none(self, result: Result, own: Floats, toward: int | None = None) -> int | None:
        """Return the place of the recommended scale, if there is one and it is a step at all."""
        best = self.recommended(result, own, toward)
        return best[0] if best is not None and result.sums[SCALE].values[best[0]] > 0 else None


def _some(toward: int | None) -> slice:
    """Return the places of all classes, or of one."""
    return slice(None) if toward is None else slice(toward, toward + 1)
