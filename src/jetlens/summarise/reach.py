"""What a search with this tagger could exclude or discover: limits and significances by mass."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from jetlens.core.attribution import VALUE
from jetlens.core.errors import BadValueError, look_up
from jetlens.core.hashing import uniform
from jetlens.core.registry import summaries
from jetlens.physics.higgs_pair import mass_distance
from jetlens.summarise.base import Numbers, Summary, add_up
from jetlens.summarise.performance import Performance
from jetlens.summarise.result import Result
from jetlens.summarise.trainings.ensemble import Ensemble

SIGNAL = "signal"
SHARE = "share"
"""Attribute of an attribution: the share of all events that its events are taken from."""
HALVES = 2
EDGES = np.linspace(-12.0, 20.0, 129)
"""Of the discriminant; the outermost bins hold what lies beyond them."""
_SALT = 3  # of the halves; the split into train and test has another

Floats = NDArray[np.float64]


@summaries.register("reach")
@dataclass(frozen=True, kw_only=True)
class Reach(Summary):
    """Expected limits and significances of a heavy resonance, by its mass.

    A counting experiment for each mass: events whose invariant mass is in a window about it, and
    whose discriminant passes a cut. The cut is chosen where it gives the best Punzi figure of merit
    (physics/0308063) in one half of the events, by a hash, and applied to the other half, and the
    other way round: no event is counted by a cut that it had a part in. Beside it stands an
    analysis without a tagger: the same window, and cuts on the two jets' masses and distance.

    Events count with their ``xsec_weight`` (fb; of the signal, per fb of cross-section times
    branching ratio), over the share of all events that are tested. Where the simulated background
    is too small to say more, so is the reach: a cut must leave `events` of it in each half.

    Parameters
    ----------
    masses
        The resonance's masses, in GeV: all that the signal has.
    backgrounds
        What the backgrounds are called, in the order of the events' ``process``.
    luminosity
        In 1/fb.
    systematic
        The background's relative uncertainty.
    cross_section
        Cross-section times branching ratio whose discovery is asked for, in fb.
    window
        Of the invariant mass over the resonance's.
    events
        The least effective number of simulated background events that a cut leaves in each half.
    centres, resolution, distance
        Of the cut-based analysis: the largest X_hh of the two jets' masses, their centres in GeV
        and relative resolution; see `jetlens.physics.higgs_pair`.
    deta
        Of the cut-based analysis: the largest distance of the two jets in eta.
    published
        Another experiment's expected limits to compare with: pairs of mass in GeV and limit in fb.
    published_luminosity, published_source
        Its luminosity in 1/fb, and where the limits are printed.
    signal
        The class to be tagged; see `jetlens.summarise.performance`.
    """

    needs_scores: ClassVar[bool] = False
    of_data: ClassVar[tuple[str, ...]] = ("masses", "backgrounds")

    masses: tuple[float, ...] = (500, 750, 1000, 1500, 2000)
    backgrounds: tuple[str, ...] = ("qcd", "ttbar")
    luminosity: float = 3000.0
    systematic: float = 0.05
    cross_section: float = 1.0
    window: tuple[float, float] = (0.85, 1.15)
    events: float = 10.0
    centres: tuple[float, float] = (125.0, 125.0)
    resolution: float = 0.1
    distance: float = 1.6
    deta: float = 1.3
    published: tuple[tuple[float, float], ...] = ()
    published_luminosity: float = 126.0
    published_source: str = "ATLAS, arXiv:2202.07288"
    signal: str | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "published", tuple(tuple(pair) for pair in self.published))
        for name in ("luminosity", "cross_section", "resolution", "distance", "deta", "events"):
            if not getattr(self, name) > 0:
                raise BadValueError(f"{name}={getattr(self, name)}: expected a number above 0")
        if not self.systematic >= 0:
            raise BadValueError(f"systematic={self.systematic}: expected 0 or more")
        if not self.masses or min(self.masses) <= 0:
            raise BadValueError(f"masses={list(self.masses)}: expected masses above 0, in GeV")
        if not self.window[0] < self.window[1]:
            raise BadValueError(f"window={list(self.window)}: expected its lower end first")

    @property
    def processes(self) -> tuple[str, ...]:
        """The signal and the backgrounds, in the order of the events' ``process``."""
        return (SIGNAL, *self.backgrounds)

    def fill(self, attribution: xr.Dataset) -> Result:
        """Sum up weights in bins of the discriminant, and after the cuts."""
        classes = tuple(str(c) for c in attribution["class"].values)
        output = attribution["output"].values.astype(np.float64)
        score = Performance(signal=self.signal).discriminant(output, classes)
        m = {name: _variable(attribution, name) for name in _VARIABLES}
        weights = self.weights(attribution)
        weights *= m["xsec_weight"][:, None] / attribution.attrs.get(SHARE, 1.0)

        process, at = self._kinds(m["process"], m["resonance_mass"])
        bins = np.clip(np.searchsorted(EDGES, score, side="right") - 1, 0, len(EDGES) - 2)
        half = (uniform(attribution["event"].values, salt=_SALT) < 0.5).astype(np.int64)
        far = mass_distance(m["m_1"], m["m_2"], self.centres, self.resolution)
        cut = (far < self.distance) & (np.abs(m["deta_hh"]) < self.deta)
        # a signal counts at its own mass, a background at each
        belongs = (process[:, None] > 0) | (at[:, None] == np.arange(len(self.masses)))
        heavy = m["m_hh"][:, None] / np.asarray(self.masses)
        inside = belongs & (heavy > self.window[0]) & (heavy < self.window[1])

        kinds = (len(self.masses), len(self.processes))
        squares = weights[:, :1] ** 2
        data: dict[str, Any] = {}
        for name, chosen in (("all", belongs), ("window", inside), ("cut", inside & cut[:, None])):
            jet, mass = np.nonzero(chosen)
            cell = mass * kinds[1] + process[jet]
            data[name] = (("mass", "process", "replica"), add_up(cell, jet, weights, kinds))
            if name == "cut":
                squared = add_up(cell, jet, squares, kinds)[..., 0]
                data["cut_squares"] = (("mass", "process"), squared)
            if name == "window":
                shape = (*kinds, HALVES, len(EDGES) - 1)
                cell = (cell * HALVES + half[jet]) * shape[-1] + bins[jet]
                dims = ("mass", "process", "half", "bin")
                data["score"] = ((*dims, "replica"), add_up(cell, jet, weights, shape))
                data["score_squares"] = (dims, add_up(cell, jet, squares, shape)[..., 0])
        data["events"] = (("mass", "process"), _counted(belongs, process, kinds))
        coords = {"mass": list(map(float, self.masses)), "process": list(self.processes)}
        return Result(self, xr.Dataset(data, coords=coords))

    def _kinds(self, process: Floats, mass: Floats) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return each event's process, and the position of its mass (-1 of a background)."""
        kind = np.rint(process).astype(np.int64)
        if kind.size and (kind.min() < 0 or kind.max() > len(self.backgrounds)):
            raise BadValueError(
                f"backgrounds={list(self.backgrounds)}: the events' processes run from "
                f"{kind.min()} to {kind.max()}, where 0 is the signal; name each background"
            )
        near = np.isclose(mass[:, None], np.asarray(self.masses, dtype=np.float64), rtol=1e-4)
        lost = (kind == 0) & ~near.any(axis=1)
        if lost.any():
            raise BadValueError(
                f"masses={list(self.masses)}: there are signal events of "
                f"{mass[np.flatnonzero(lost)[0]]:g} GeV; name all masses that the signal has"
            )
        return kind, np.where(kind == 0, near.argmax(axis=1), -1)

    def numbers(self, result: Result) -> Numbers:
        """Return ``reach.limit.1000`` (fb), ``reach.significance.1000`` and the like.

        ``reach.cut_based.*`` belong to the analysis without a tagger, ``reach.gain.*`` is its limit
        over the tagger's, and ``reach.acceptance.*`` what of the signal is selected and tagged.
        """
        from jetlens.summarise.search.reach_numbers import numbers

        return numbers(result)

    def compare(self, ensemble: Ensemble) -> Numbers:
        """Return limits of every variation over its retrainings, and ratios between them."""
        from jetlens.summarise.search.reach_numbers import compared

        return compared(ensemble)


_VARIABLES = (
    "m_hh", "m_1", "m_2", "deta_hh", "resonance_mass", "process", "xsec_weight",
)  # fmt: skip


def _variable(attribution: xr.Dataset, name: str) -> Floats:
    """Return a variable of whole events ``[jet]``: one of theirs, or truth beside these."""
    if f"jets_{name}" in attribution:
        truth: Floats = attribution[f"jets_{name}"].values.astype(np.float64)
        return truth
    there = "jets" + VALUE in attribution
    names = [str(n) for n in attribution["jets_feature"].values] if there else []
    at = look_up("variable of the events", name, {n: i for i, n in enumerate(names)})
    values: Floats = attribution["jets" + VALUE].values[:, at].astype(np.float64)
    return values


def _counted(
    belongs: NDArray[np.bool_], process: NDArray[np.int64], kinds: tuple[int, int]
) -> NDArray[np.int64]:
    """Count events ``[mass, process]``, each once."""
    jet, mass = np.nonzero(belongs)
    return np.bincount(mass * kinds[1] + process[jet], minlength=kinds[0] * kinds[1]).reshape(kinds)
