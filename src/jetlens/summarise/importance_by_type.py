"""Which types of particles are important, beside how many there are and what pT they carry."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from jetlens.core.errors import BadValueError, UnsupportedError
from jetlens.core.registry import summaries
from jetlens.summarise.estimates import Numbers, named, ratio
from jetlens.summarise.jets.classes import ClassSummary, means
from jetlens.summarise.jets.importance import EQUAL, KINDS, MOMENTUM, OWN, spread
from jetlens.summarise.result import Result
from jetlens.summarise.trainings.ensemble import Ensemble
from jetlens.summarise.trainings.retrainings import compared

TYPES = ("charged hadron", "neutral hadron", "photon", "electron", "muon")
OTHER = "other"

Floats = NDArray[np.float64]


@summaries.register("importance-by-type")
@dataclass(frozen=True, kw_only=True)
class ImportanceByType(ClassSummary):
    """Share of importance by particle type, against the types' shares of particles and of pT.

    Parameters
    ----------
    collection
        The particles.
    truth
        What says their type, as a number from 0.
    names
        The types' names, in the order of their numbers; any other number is ``other``.
    pt
        The variable that tells their pT; left out, what is there of ``pt``, ``pt_frac``, ...
    """

    collection: str = "constituents"
    truth: str = "type"
    names: Sequence[str] = TYPES
    pt: str = ""

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.names or len({*self.names, OTHER}) != len(self.names) + 1:
            raise BadValueError(
                f"names={list(self.names)}: expected each only once, and no 'other'"
            )

    def fill(self, attribution: xr.Dataset) -> Result:
        """Sum up the types' shares of each group."""
        chosen = self.grouped(attribution)
        jets, home = chosen.jets, self.collection
        shared, used = spread(jets, home, self.pt)
        if f"{home}_{self.truth}" not in jets:
            raise UnsupportedError(
                f"what type the particles {home!r} are is not in this attribution: expected the "
                f"truth {self.truth!r} beside them"
            )
        number = jets[f"{home}_{self.truth}"].values.astype(np.int64)
        known = (number >= 0) & (number < len(self.names))
        number = np.where(known, number, len(self.names))
        by_type = np.stack(
            [
                (shared * (number == t)[:, None]).sum(axis=-1)  # padding has no share
                for t in range(len(self.names) + 1)
            ],
            axis=-1,
        )
        sums = chosen.counts(used).assign(
            share=(("group", "kind", "type", "replica"), chosen.sums(by_type, used))
        )
        return Result(self, sums.assign_coords(kind=list(KINDS), type=[*self.names, OTHER]))

    def shares(self, result: Result) -> Floats:
        """Return mean shares ``[group, kind, type, replica]``; NaN of pT where it is not known."""
        return means(result, "share")

    def enrichment(self, result: Result, over: str = MOMENTUM) -> Floats:
        """Return shares of importance over those of `over` ``[group, type, replica]``."""
        share = self.shares(result)
        found: Floats = ratio(share[:, 0], share[:, KINDS.index(over)])
        return found

    def numbers(self, result: Result) -> Numbers:
        """Return each type's share of importance, by class.

        ``importance_by_type.<group>.<type>`` is that share, with ``.pt`` and ``.particles`` the
        type's shares of those, and ``.enrichment.pt`` and ``.enrichment.particles`` the first
        divided by these. Types that no particle has are left out.
        """
        found: Numbers = {}
        share = self.shares(result)
        for g, group in enumerate(result.sums["group"].values):
            for t, name in enumerate(result.sums["type"].values):
                if not share[g, KINDS.index(EQUAL), t, 0] > 0:
                    continue
                start = f"importance_by_type.{group}.{str(name).replace(' ', '_')}"
                for k, kind in enumerate(KINDS):
                    found |= named(start + ("" if kind == OWN else f".{kind}"), share[g, k, t])
                for over in (MOMENTUM, EQUAL):
                    rise = self.enrichment(result, over)[g, t]
                    found |= named(f"{start}.enrichment.{over}", rise)
        return found

    def compare(self, ensemble: Ensemble) -> Numbers:
        """Return the numbers' mean and interval over retrainings, for every variation."""
        return compared(ensemble)
