"""Variables of an attribution by name: what they are, their values and their scores."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import count

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from jetlens.core.attribution import MASK, SCORE, VALUE, features
from jetlens.core.errors import UnsupportedError, look_up
from jetlens.core.units import Feature

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Variable:
    """A variable of the jets or of their particles.

    Attributes
    ----------
    collection, position, feature
        Where it stands, and what it is.
    scored
        Whether it is an input of the tagger, with scores; else its values are there alone.
    particles
        Whether each jet has many of it.
    """

    collection: str
    position: int
    feature: Feature
    scored: bool
    particles: bool

    @property
    def name(self) -> str:
        """Its name with its collection's."""
        return f"{self.collection}.{self.feature.name}"

    def values(self, jets: xr.Dataset) -> Floats:
        """Return its values in the unit that is shown: ``[jet]`` or ``[jet, particle]``.

        Padding is NaN.
        """
        values = jets[self.collection + VALUE].values[..., self.position].astype(np.float64)
        return self._real(jets, values) * self.feature.shown_factor

    def scores(self, jets: xr.Dataset) -> Floats:
        """Return its scores ``[jet]`` or ``[jet, particle]``; padding is NaN.

        Raises
        ------
        UnsupportedError
            If it has none.
        """
        if not self.scored:
            raise UnsupportedError(
                f"{self.name} is no input of this tagger, so that it has no relevance"
            )
        return self._real(
            jets, jets[self.collection + SCORE].values[..., self.position].astype(np.float64)
        )

    def undefined(self, jets: xr.Dataset) -> int:
        """Return how many of its values are not finite, padding apart."""
        values = jets[self.collection + VALUE].values[..., self.position]
        real = jets[self.collection + MASK].values if self.particles else True
        return int((~np.isfinite(values) & real).sum())

    def _real(self, jets: xr.Dataset, values: Floats) -> Floats:
        if not self.particles:
            return values
        return np.where(jets[self.collection + MASK].values, values, np.nan)


def variables(attribution: xr.Dataset) -> Iterator[Variable]:
    """Go through the variables, the jets' before their particles'; images have none."""
    homes = [str(v)[: -len(VALUE)] for v in attribution.data_vars if str(v).endswith(VALUE)]
    for home in sorted(homes, key=lambda h: attribution[h + VALUE].ndim):
        if attribution[home + VALUE].ndim < 4:
            scored, particles = home + SCORE in attribution, home + MASK in attribution
            for i, feature in enumerate(features(attribution, home)):
                yield Variable(home, i, feature, scored, particles)


def of_jets(attribution: xr.Dataset, name: str) -> Floats:
    """Return a variable of whole jets ``[jet]`` as it is stored, or truth beside these.

    Raises
    ------
    UnknownNameError
        If there is none of that name.
    """
    if f"jets_{name}" in attribution:
        return np.asarray(attribution[f"jets_{name}"].values, dtype=np.float64)
    there = "jets" + VALUE in attribution
    names = [str(n) for n in attribution["jets_feature"].values] if there else []
    truth = [str(v) for v in attribution.data_vars if attribution[v].dims == ("jet",)]
    beside = [v.removeprefix("jets_") for v in truth if v.startswith("jets_")]
    at = look_up("variable of the jets", name, dict(zip([*names, *beside], count(), strict=False)))
    return np.asarray(attribution["jets" + VALUE].values[:, at], dtype=np.float64)


def has_of_jets(attribution: xr.Dataset, name: str) -> bool:
    """Say whether `of_jets` finds a variable."""
    names = attribution["jets_feature"].values if "jets" + VALUE in attribution else ()
    return f"jets_{name}" in attribution or name in names


def find(attribution: xr.Dataset, name: str) -> Variable:
    """Return a variable: ``z``, or with its collection ``jets.z``.

    Raises
    ------
    UnknownNameError
        If there is none of that name.
    UnsupportedError
        If there are no variables at all, or none of the collection that it names.
    """
    there = list(variables(attribution))
    if not there:
        raise UnsupportedError(f"no variable {name!r}: this attribution has images alone")
    table = {v.name: v for v in there}
    homes = sorted({v.collection for v in there})
    home = name.rpartition(".")[0]
    if home and home not in homes and not get_close_matches(home, homes):
        raise UnsupportedError(
            f"no variable {name!r}: this attribution has no {home!r}, but {', '.join(homes)}"
        )
    if not home:
        table = {}
        for variable in there:
            table.setdefault(variable.feature.name, variable)  # the first of a name is meant
    return look_up("variable", name, table)
