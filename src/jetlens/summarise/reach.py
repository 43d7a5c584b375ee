"""What a search with this tagger could exclude or discover: limits and significances by mass."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from jetlens.core.errors import BadValueError
from jetlens.core.hashing import uniform
from jetlens.core.registry import summaries
from jetlens.physics.higgs_pair import mass_distance
from jetlens.summarise.base import Summary
from jetlens.summarise.estimates import Numbers
from jetlens.summarise.jets.discriminant import discriminant
from jetlens.summarise.jets.variables import has_of_jets, of_jets
from jetlens.summarise.result import Result
from jetlens.summarise.search.limits import compared, numbers
from jetlens.summarise.search.tagging import PAIRS, pair_of, sums_of
from jetlens.summarise.search.yields import EDGES, SCORE
from jetlens.summarise.sums.entries import add_up
from jetlens.summarise.sums.histogram import Histogram
from jetlens.summarise.trainings.ensemble import Ensemble

SIGNAL = "signal"
SHARE = "share"
"""Attribute of an attribution: what share of their partition's events its events are."""
HALVES = 2
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
    branching ratio), over the share of all events that are tested, and with the probability that
    both jets are tagged: of signal the product of their own, ``tag_1`` and ``tag_2``, of a
    background its mean by the jets' masses (`jetlens.summarise.search.tagging`), whose error is
    thereby in that of the bootstrap. Without these two, all are tagged. Where the simulated
    background is too small to say more, so is the reach: a cut must leave `events` of it in each
    half.

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
        The class to be tagged; see `jetlens.summarise.jets.discriminant`.
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
        pairs = [tuple(p) if isinstance(p, tuple | list) else (p,) for p in self.published]
        if any(len(pair) != 2 or not 0 < min(pair) <= max(pair) < np.inf for pair in pairs):
            raise BadValueError(
                f"published={list(self.published)}: expected pairs of a mass in GeV and a limit in "
                "fb, both above 0, as [[1000, 3.0]]"
            )
        object.__setattr__(self, "published", tuple(pairs))
        for name in _POSITIVE:
            if not 0 < getattr(self, name) < np.inf:
                raise BadValueError(f"{name}={getattr(self, name)}: expected a number above 0")
        if not 0 <= self.systematic < np.inf:
            raise BadValueError(f"systematic={self.systematic}: expected 0 or more")
        different = len(set(self.masses)) == len(self.masses)
        if not self.masses or min(self.masses) <= 0 or not different:
            raise BadValueError(
                f"masses={list(self.masses)}: expected different masses above 0, in GeV"
            )
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
        said = discriminant(output, classes, self.signal)
        m = {name: of_jets(attribution, name) for name in _VARIABLES}
        process, at = self._kinds(m["process"], m["resonance_mass"])
        mass = np.stack([m["m_1"], m["m_2"]], axis=1)
        chance = _tags(attribution)
        weights = self.weights(attribution)
        event = attribution["event"].values
        data = sums_of(process, len(self.processes), mass, chance, weights)
        weights *= m["xsec_weight"][:, None] / attribution.attrs.get(SHARE, 1.0)

        far = mass_distance(m["m_1"], m["m_2"], self.centres, self.resolution)
        cut = (far < self.distance) & (np.abs(m["deta_hh"]) < self.deta)
        # a signal counts at its own mass, a background at each
        belongs = (process[:, None] > 0) | (at[:, None] == np.arange(len(self.masses)))
        heavy = m["m_hh"][:, None] / np.asarray(self.masses)
        inside = belongs & (heavy > self.window[0]) & (heavy < self.window[1])

        kinds = (len(self.masses), len(self.processes))
        jet, at_mass = np.nonzero(belongs)
        cell = at_mass * kinds[1] + process[jet]
        accepted = add_up(cell, jet, weights, kinds)
        data["accepted"] = (("mass", "process", "replica"), accepted)
        counted = np.bincount(cell, minlength=kinds[0] * kinds[1]).reshape(kinds)
        data["events"] = (("mass", "process"), counted)
        weights[process == 0] *= chance[process == 0].prod(axis=1)[:, None]
        pair = np.where(process > 0, pair_of(mass), 0)  # signal has tags of its own
        shape = (*kinds, len(PAIRS))
        for name, chosen in (("all", belongs), ("window", inside), ("cut", inside & cut[:, None])):
            jet, at_mass = np.nonzero(chosen)
            cell = (at_mass * kinds[1] + process[jet]) * len(PAIRS) + pair[jet]
            data[name] = (("mass", "process", "pair", "replica"), add_up(cell, jet, weights, shape))
            if name == "cut":
                squared = add_up(cell, jet, weights[:, :1] ** 2, shape)[..., 0]
                data["cut_squares"] = (("mass", "process", "pair"), squared)
        score, squared = self._score(said, event, inside, process, pair, weights)
        dims = ("mass", "process", "half", "pair", "bin")
        data["score_squares"] = (dims, squared)
        coords = {"mass": list(map(float, self.masses)), "process": list(self.processes)}
        return Result(self, xr.Dataset(data, coords=coords), {SCORE: score})

    def _score(
        self,
        discriminant: Floats,
        event: NDArray[np.int64],
        inside: NDArray[np.bool_],
        process: NDArray[np.int64],
        pair: NDArray[np.int64],
        weights: Floats,
    ) -> tuple[Histogram, Floats]:
        """Return the discriminant's bins of events in the windows, and their weights' squares."""
        bins = len(EDGES) - 1
        number = np.clip(np.searchsorted(EDGES, discriminant, side="right") - 1, 0, bins - 1)
        half = (uniform(event, salt=_SALT) < 0.5).astype(np.int64)
        jet, at_mass = np.nonzero(inside)
        axes = {
            "mass": [f"{m:g}" for m in self.masses],
            "process": self.processes,
            "half": [str(h) for h in range(HALVES)],
            "pair": [f"{i},{j}" for i, j in PAIRS],
        }
        shape = tuple(map(len, axes.values()))
        where = (at_mass, process[jet], half[jet], pair[jet])
        cell = np.ravel_multi_index(where, shape).astype(np.int64)
        # numbers of bins are values: as many as there may be, so that none are put together
        score = Histogram.fill(
            axes, number[jet].astype(np.float64), cell, jet, weights, bins, linear=True
        )
        squared = add_up(cell * bins + number[jet], jet, weights[:, :1] ** 2, (*shape, bins))
        return score, squared[..., 0]

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
        over the tagger's. ``reach.acceptance.*`` is what of the signal is selected, and
        ``reach.acceptance_and_tags.*`` what of it is tagged, too.
        """
        return numbers(result)

    def compare(self, ensemble: Ensemble) -> Numbers:
        """Return limits of every variation over its retrainings, and ratios between them."""
        return compared(ensemble)


_POSITIVE = (
    "luminosity", "cross_section", "resolution", "distance", "deta", "events",
    "published_luminosity",
)  # fmt: skip
_VARIABLES = (
    "m_hh", "m_1", "m_2", "deta_hh", "resonance_mass", "process", "xsec_weight",
)  # fmt: skip
_TAGS = ("tag_1", "tag_2")


def _tags(attribution: xr.Dataset) -> Floats:
    """Return the probability ``[jet, 2]`` that either jet is tagged: 1 where there are no tags."""
    if not any(has_of_jets(attribution, name) for name in _TAGS):
        return np.ones((attribution.sizes["jet"], 2))
    return np.stack([of_jets(attribution, name) for name in _TAGS], axis=1)
