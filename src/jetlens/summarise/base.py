"""What a summary is: it fills a mergeable result from an attribution, and reads numbers from it."""

from __future__ import annotations

import abc
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from jetlens.core.errors import BadValueError, expected
from jetlens.core.hashing import poisson
from jetlens.summarise.estimates import Numbers

if TYPE_CHECKING:
    from jetlens.summarise.result import Result


@dataclass(frozen=True, kw_only=True)
class Summary(abc.ABC):
    """Something that is added up over jets.

    Parameters
    ----------
    replicas
        Bootstrap replicas over events. On every ``replica`` axis the first entry is the nominal
        sum and the others are replicas, in which each event counts a Poisson number of times.
    """

    replicas: int = 100

    registered_name: ClassVar[str]
    needs_scores: ClassVar[bool] = True
    """Whether it sums up scores; if not, outputs and labels of jets are enough."""
    of_data: ClassVar[tuple[str, ...]] = ()
    """Arguments that a run takes from its dataset, where that has them and its recipe does not."""

    def __post_init__(self) -> None:
        for field in fields(self):  # lists come from recipes and files
            if isinstance(value := getattr(self, field.name), list):
                object.__setattr__(self, field.name, tuple(value))
        if self.replicas < 2:
            raise BadValueError(f"replicas={self.replicas}: expected at least 2")

    @abc.abstractmethod
    def fill(self, attribution: xr.Dataset) -> Result:
        """Sum up one attribution (of no jet, perhaps)."""

    @abc.abstractmethod
    def numbers(self, result: Result) -> Numbers:
        """Return headline numbers, flat, with intervals; what no jet defines is left out."""

    def weights(self, attribution: xr.Dataset) -> NDArray[np.float64]:
        """Return the jets' weights ``[jet, replica]``, the nominal ones first."""
        weight = attribution["weight"].values.astype(np.float64)
        drawn = poisson(attribution["event"].values, self.replicas)
        times = np.concatenate([np.ones((len(weight), 1)), drawn], axis=1)
        weights: NDArray[np.float64] = weight[:, None] * times
        return weights


def one_of(name: str, value: str, allowed: tuple[str, ...]) -> None:
    """Refuse an option's value that is not one of those allowed."""
    if value not in allowed:
        raise BadValueError(f"{name}={value!r}: {expected(str(value), allowed)}")
