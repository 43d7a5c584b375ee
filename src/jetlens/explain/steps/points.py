"""Points of a course where gradients are taken."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from jetlens.explain.steps.course import Course, Values


@dataclass
class Points:
    """The points where gradients of some jets were taken, from their start on.

    Attributes
    ----------
    starts, rates, ways
        At each point the physical values, d value / d input, and how far a scale of one moves the
        inputs; NaN of jets that have not come that far.
    reached
        ``[jet]``, the last point of each jet.
    """

    starts: list[Values]
    rates: list[Values]
    ways: list[Values]
    reached: NDArray[np.int64]

    @classmethod
    def at_start(cls, course: Course, jets: int, start: Values, way: Values) -> Points:
        """Return the first points of so many jets."""
        return cls([start], [rates(course, start)], [way], np.zeros(jets, dtype=np.int64))

    def take(self, rows: NDArray[np.intp]) -> Points:
        """Return those of some of the jets."""

        def of(points: list[Values]) -> list[Values]:
            return [{name: v[:, rows] for name, v in point.items()} for point in points]

        return Points(of(self.starts), of(self.rates), of(self.ways), self.reached[rows])

    def put(
        self, course: Course, point: int, rows: NDArray[np.intp], start: Values, way: Values
    ) -> None:
        """Take down where some jets are at a point, and how far a scale of one moves them."""
        known = start, rates(course, start), way
        for points, there in zip((self.starts, self.rates, self.ways), known, strict=True):
            if len(points) == point:
                points.append({n: np.full_like(v, np.nan) for n, v in points[0].items()})
            for name, values in there.items():
                points[point][name][:, rows] = values
        self.reached[rows] = point


def rates(course: Course, values: Values) -> Values:
    """Return d value / d input of the tagger's inputs; zero where the scaling holds a value."""
    found = {}
    for name, features in course.tagger.inputs.items():
        channels_last = np.moveaxis(values[name][: len(features)], 0, -1)
        slopes = np.moveaxis(course.tagger.scaling.slopes(channels_last, name, features), -1, 0)
        found[name] = np.divide(1.0, slopes, where=slopes != 0, out=np.zeros_like(slopes))
    return found
