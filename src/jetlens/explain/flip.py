"""The smallest step along the gradient that flips the decision."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from jetlens.core.attribution import FLIP_STEP, dims
from jetlens.core.errors import BadValueError
from jetlens.core.registry import explainers
from jetlens.core.table import Table
from jetlens.explain.base import Scores
from jetlens.explain.gradient import spreads
from jetlens.explain.steps.base import StepExplainer
from jetlens.explain.steps.course import Course, Floats, Values
from jetlens.explain.steps.leg import Leg, legs
from jetlens.explain.steps.moved import Moved
from jetlens.taggers.predict import Predictions


@explainers.register("flip")
@dataclass(frozen=True, kw_only=True)
class Flip(StepExplainer):
    """The smallest scale at which the tagger decides for another class, and how far that is.

    The course of each jet is that of ``nudge`` with the same options. The first of the scales at
    which the likeliest class is another is found, and what lies before it is halved again and
    again. ``flip_scale`` (``"jet"``) is NaN where the decision is the same at all scales, and where
    a jet was not moved at all (``tried`` says which were). ``<collection>_flip_step`` is how far
    each scaled input has moved there, in spreads of the feature (those of ``gradient``), and
    ``<collection>_flip_distance`` (``"jet"``, ``"<collection>_feature"``) its root mean square over
    particles; ``<collection>_moved`` are the flipped jets' physical values, and ``moved_output``
    (``"jet"``, ``"class"``) is what the tagger says of them.

    Parameters
    ----------
    tolerance
        How well the scale is found: to this share of the distance between two scales.

    The other parameters are those of ``nudge``.
    """

    tolerance: float = 1e-3

    def __post_init__(self) -> None:
        super().__post_init__()
        if not isinstance(self.tolerance, int | float) or not 0 < self.tolerance < 1:
            raise BadValueError(f"tolerance={self.tolerance!r}: expected a number between 0 and 1")

    def follow(self, course: Course, said: Predictions) -> Scores:
        """Find the first flip of each jet, a chunk at a time."""
        tagger, packed = course.tagger, course.packed
        before = said.logits.argmax(-1).cpu().numpy()
        output = np.full(said.logits.shape, np.nan, dtype=said.logits.cpu().numpy().dtype)
        scale, tried = np.full(len(packed), np.nan), np.zeros(len(packed), dtype=bool)
        moved, step = Moved(course), Moved(course)
        measured = spreads(tagger, packed, course.context)
        spread = {n: v.cpu().double().numpy().ravel() for n, v in measured.items()}
        distance = {n: np.full((len(packed), len(f)), np.nan) for n, f in tagger.inputs.items()}
        for leg in legs(course):
            tried[packed.rows[leg.jets].numpy()] = True
            decided = before[packed.rows[leg.jets].numpy()]
            low, high = self._between(leg, decided)
            flips = np.flatnonzero(np.isfinite(high))
            if not len(flips):
                continue
            some = leg.take(flips)
            high = self._halved(some, decided[flips], low[flips], high[flips])
            values, rows = some.at(high), packed.rows[some.jets].numpy()
            scale[rows] = high
            output[rows] = some.says(values, high).cpu().numpy()
            steps = _steps(some, values, spread)
            moved.put(some, values)
            step.put(some, steps)
            for name, own in _root_mean_square(some, steps).items():
                distance[name][rows] = own
        tables = {"flip_scale": Table(scale, {}), "tried": Table(tried, {})}
        tables |= moved.tables() | step.tables(FLIP_STEP)
        tables["moved_output"] = Table(output, {"class": tagger.classes})
        for name, far in distance.items():
            collection = course.batch[name]
            axis = dims(name, collection)[collection.feature_axis]
            tables[f"{name}_flip_distance"] = Table(far, {axis: tagger.inputs[name]})
        return Scores(tables=tables)

    def _between(self, leg: Leg, decided: NDArray[np.int64]) -> tuple[Floats, Floats]:
        """Return the scales ``[jet]`` before and at the first flip; NaN where there is none."""
        low, high = np.zeros(len(leg)), np.full(len(leg), np.nan)
        for scale in self.scales:
            left = np.flatnonzero(np.isnan(high))
            if scale == 0 or not len(left):
                continue
            leg.reach(np.where(np.isnan(high), scale, 0.0))  # for all that is asked of it later
            flipped = _flipped(leg.take(left), decided[left], np.full(len(left), float(scale)))
            high[left[flipped]], low[left[~flipped]] = scale, scale
        return low, high

    def _halved(self, leg: Leg, decided: NDArray[np.int64], low: Floats, high: Floats) -> Floats:
        """Return the scales ``[jet]`` of flips, halved down to the tolerance."""
        for _ in range(math.ceil(-math.log2(self.tolerance))):
            middle = (low + high) / 2
            flipped = _flipped(leg, decided, middle)
            low, high = np.where(flipped, low, middle), np.where(flipped, middle, high)
        return high


def _flipped(leg: Leg, decided: NDArray[np.int64], scale: Floats) -> NDArray[np.bool_]:
    """Say of which jets the tagger decides otherwise at their scales."""
    said = leg.says(leg.at(scale), scale)
    flipped: NDArray[np.bool_] = said.argmax(-1).cpu().numpy() != decided
    return flipped


def _steps(leg: Leg, values: Values, spread: Mapping[str, Floats]) -> Values:
    """Return how far scaled features have moved, in their spreads ``[feature, jet, ...]``."""
    found = {}
    was, now = leg.scaled(leg.points.starts[0]), leg.scaled(values)
    for name, before in was.items():
        unit = spread[name].reshape(-1, *[1] * (before.ndim - 1))
        change = now[name] - before
        found[name] = np.divide(change, unit, where=unit > 0, out=np.zeros_like(change))
    return found


def _root_mean_square(leg: Leg, steps: Values) -> dict[str, Floats]:
    """Return the root mean square over particles, or pixels ``[jet, feature]``."""
    found = {}
    for name, step in steps.items():
        squared = step**2
        if name in leg.real:
            real = leg.real[name]
            count = real.sum(1)
            total = (squared * real).sum(-1)
            mean = np.divide(total, count, where=count > 0, out=np.full(total.shape, np.nan))
        else:
            mean = squared.reshape(*squared.shape[:2], -1).mean(-1)
        found[name] = np.sqrt(mean).T
    return found
