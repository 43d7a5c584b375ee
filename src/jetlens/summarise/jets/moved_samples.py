"""Samples of jets: of each true class, and of jets before and after they were moved."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product
from typing import NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from jetlens.core.attribution import CONTROL, MOVED, VALUE, features
from jetlens.core.errors import UnsupportedError, look_up
from jetlens.core.units import Feature
from jetlens.physics.roles import roles
from jetlens.summarise.jets.classes import Grouped
from jetlens.summarise.jets.moved import moved, scale_name, scales
from jetlens.summarise.jets.particle_order import real
from jetlens.summarise.jets.shapes import KINDS, Shapes, shapes_of
from jetlens.summarise.sums.histogram import Histogram
from jetlens.summarise.sums.quantiles import COARSE, FINE

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]
Mask = NDArray[np.bool_]


class Entries(NamedTuple):
    """Jets in samples, each with its observables."""

    sample: Ints
    """``[entry]``, which sample it is in."""
    jet: Ints
    """``[entry]``, which jet it is."""
    values: dict[str, Floats]
    """By observable ``[entry]``."""

    def take(self, some: NDArray[np.bool_], sample: Ints | int) -> Entries:
        """Return some of the entries as of another sample, or of one each."""
        jet = self.jet[some]
        values = {name: v[some] for name, v in self.values.items()}
        return Entries(np.broadcast_to(np.asarray(sample), jet.shape), jet, values)


def joined(parts: Sequence[Entries]) -> Entries:
    """Return all entries in one."""
    sample, jet = (np.concatenate([p[i] for p in parts]) for i in range(2))
    names = parts[0].values
    return Entries(sample, jet, {n: np.concatenate([p.values[n] for p in parts]) for n in names})


Computed = Callable[[Floats, Mask], Entries]
"""From particles ``[jet, particle, feature]``, of some jets ``[jet]``, to entries."""


class Compared(NamedTuple):
    """What is compared of samples: observables of jets, and inputs of their particles."""

    kind: Shapes
    observables: tuple[str, ...]
    inputs: tuple[str, ...]


def compared_of(
    jets: xr.Dataset, home: str, observables: Sequence[str], inputs: Sequence[str]
) -> Compared:
    """Return what is compared, of what the particles' features allow.

    Raises
    ------
    UnsupportedError
        If they do not allow what is asked for, or were not moved.
    UnknownNameError
        If an observable, an input or the collection is none, and nearly one.
    """
    if home + VALUE not in jets:
        real(jets, home)  # says what there is
    there = [str(f) for f in jets[f"{home}_feature"].values] if home + VALUE in jets else []
    kind = shapes_of(there)
    if home + MOVED not in jets or kind is None:
        wanted = " or ".join(f"{', '.join(k.needs[:-1])} and {k.needs[-1]}" for k in KINDS)
        raise UnsupportedError(
            f"observables of jets need particles in {home!r} that were moved, and their {wanted} "
            f"among the tagger's inputs: there are {', '.join(there) or 'none'}"
        )
    for name in observables:
        look_up(f"observable of {home}", name, kind.observables)
        if kind.beside.get(name) not in (None, *there):
            raise UnsupportedError(
                f"observable {name!r} needs {kind.beside[name]!r} of the particles as an input: "
                f"there are {', '.join(there)}"
            )
    for name in inputs:
        look_up(f"feature of {home}", name, dict.fromkeys(there))
    known = tuple(n for n in kind.observables if kind.beside.get(n) in (None, *there))
    role = roles(there)
    free = tuple(n for n in there if n not in role.discrete and n not in role.masses)
    return Compared(kind, tuple(observables) or known, tuple(inputs) or free)


def described(jets: xr.Dataset, home: str, inputs: Sequence[str]) -> list[Feature]:
    """Return what the inputs are."""
    known = {f.name: f for f in features(jets, home)}
    return [known[name] for name in inputs]


def samples(
    classes: Sequence[str], steps: Sequence[float], controlled: bool = False
) -> tuple[str, ...]:
    """Return the samples' names: true classes, then by class stepped toward, before and moved.

    Last come jets that were moved by steps to compare with, where there are such.
    """
    kinds = ("moved", "control") if controlled else ("moved",)
    own = ["before", *(f"{kind}.{scale_name(s)}" for kind in kinds for s in steps)]
    return (*classes, *(f"{c}.{name}" for c in classes for name in own))


def entries(
    grouped: Grouped, home: str, compared: Compared, hard: float, radius: float
) -> tuple[list[Entries], Mask, Mask]:
    """Return the entries of all `samples`: of observables, and of inputs.

    Returns
    -------
    The entries, and which jets ``[jet]`` have particles, and which of them were moved.
    """
    jets = grouped.jets
    mask = real(jets, home)
    names = [str(f) for f in jets[f"{home}_feature"].values]
    own = described(jets, home, compared.inputs)

    def of_jets(values: Floats, some: Mask) -> Entries:
        found, jet = compared.kind.compute(
            values, mask & some[:, None], names, compared.observables, hard, radius
        )
        return Entries(np.zeros_like(jet), jet, found)

    def of_particles(values: Floats, some: Mask) -> Entries:
        jet, place = np.nonzero(mask & some[:, None])
        found = {
            f"{home}.{f.name}": values[jet, place, names.index(f.name)].astype(np.float64)
            * f.shown_factor
            for f in own
        }
        return Entries(np.zeros_like(jet), jet, found)

    there = of_jets(jets[home + VALUE].values, np.ones(len(mask), bool))
    used = np.isin(np.arange(len(mask)), there.jet)
    went = moved(jets) & used
    found = [_sampled(grouped, home, of_jets, there, went)]
    if compared.inputs:
        there = of_particles(jets[home + VALUE].values, used)
        found.append(_sampled(grouped, home, of_particles, there, went))
    return found, used, went


def _sampled(
    grouped: Grouped, home: str, computed: Computed, there: Entries, went: Mask
) -> Entries:
    """Put the entries of jets as they are, and those of moved jets, into their samples."""
    jets, target = grouped.jets, grouped.jets["target"].values
    classes, steps = len(grouped.groups) - 1, len(scales(jets))
    moved_by = [home + ending for ending in (MOVED, CONTROL) if home + ending in jets]
    begin = classes + target * (1 + len(moved_by) * steps)
    parts = [there.take(grouped.member[there.jet, 1 + k], k) for k in range(classes)]
    own = went[there.jet]
    parts.append(there.take(own, begin[there.jet[own]]))
    for k, (name, s) in enumerate(product(moved_by, range(steps))):
        came = computed(jets[name].values[:, s], went)
        parts.append(came._replace(sample=begin[came.jet] + 1 + k))
    return joined(parts)


def filled(
    parts: Sequence[Entries], samples: Sequence[str], weights: Floats
) -> dict[str, Histogram]:
    """Histogram entries by observable and sample: finely, and coarsely with every replica."""
    axes = {"observable": tuple(n for p in parts for n in p.values), "sample": tuple(samples)}
    values = np.concatenate([v for p in parts for v in p.values.values()])
    jet = np.concatenate([p.jet for p in parts for _ in p.values])
    sample = [p.sample for p in parts for _ in p.values]
    cell = np.concatenate([k * len(samples) + s for k, s in enumerate(sample)])
    return {
        "fine": Histogram.fill(axes, values, cell, jet, weights[:, :1], FINE, linear=True),
        "coarse": Histogram.fill(axes, values, cell, jet, weights, COARSE, linear=True),
    }
