"""Means, deviations and extremes of features, weighted, of jets that stream by."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Moments:
    """What is known of some features, ``[feature]`` each; two of them add up.

    Attributes
    ----------
    total
        The sum of the weights.
    mean, squares
        The mean, and the weighted sum of squared distances from it.
    low, high
        The least and the greatest value.
    hits
        The sum of the weights of values other than zero.
    """

    total: float
    mean: Numbers
    squares: Numbers
    low: Numbers
    high: Numbers
    hits: Numbers

    @classmethod
    def of(cls, values: Numbers, weight: Numbers) -> Moments:
        """Measure values ``[object, feature]``; those of weight ``[object]`` zero do not count."""
        counted = weight != 0
        if not counted.all():
            values, weight = values[counted], weight[counted]
        features = values.shape[1]
        if not len(values):
            zero, far = np.zeros(features), np.full(features, np.inf)
            return cls(0.0, zero, zero, far, -far, zero)
        total = float(weight.sum())
        mean = weight @ values / total
        return cls(
            total,
            mean,
            weight @ (values - mean) ** 2,
            values.min(0),
            values.max(0),
            weight @ (values != 0),
        )

    def __add__(self, other: Moments) -> Moments:
        if not self.total or not other.total:
            return self if self.total else other
        total = self.total + other.total
        apart = other.mean - self.mean
        return Moments(
            total,
            self.mean + apart * (other.total / total),
            self.squares + other.squares + apart**2 * (self.total * other.total / total),
            np.minimum(self.low, other.low),
            np.maximum(self.high, other.high),
            self.hits + other.hits,
        )

    @property
    def std(self) -> Numbers:
        """The standard deviations."""
        return np.sqrt(np.maximum(self.squares / self.total, 0.0))

    @property
    def rms_of_hits(self) -> Numbers:
        """The root mean square of the values other than zero; zero if there are none."""
        sums = self.squares + self.total * self.mean**2
        mean = np.divide(sums, self.hits, out=np.zeros_like(sums), where=self.hits > 0)
        return np.sqrt(mean)
