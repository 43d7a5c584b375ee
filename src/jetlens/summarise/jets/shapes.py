"""Observables of jets and showers, from what their particles or hits have as features."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from jetlens.core.units import Feature
from jetlens.physics import jet_shapes, shower_shapes
from jetlens.physics.jet_shapes import Constituents
from jetlens.physics.shower_shapes import Hits

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]
Mask = NDArray[np.bool_]


def constituents(
    values: NDArray[np.floating], mask: NDArray[np.bool_], features: Sequence[str]
) -> tuple[Constituents, Ints]:
    """Return the real particles of some pt, and which jets ``[jet]`` have one.

    Parameters
    ----------
    values
        ``[jet, particle, feature]``: ``pt`` in GeV, ``deta``, ``dphi``, and perhaps ``m2`` in GeV^2
        and ``charge``.
    mask
        ``[jet, particle]``, which particles are real.
    features
        The features' names.
    """
    counts, some, of = _above_zero(values, mask, features, "pt")
    pt = of["pt"]
    mass = np.sqrt(np.maximum(of["m2"], 0)) if "m2" in of else np.zeros(len(pt))
    return Constituents(counts, pt, of["deta"], of["dphi"], mass, of.get("charge")), some


def hits(values: NDArray[np.floating], mask: Mask, features: Sequence[str]) -> tuple[Hits, Ints]:
    """Return the real hits of some energy, and which showers ``[jet]`` have one.

    Parameters
    ----------
    values
        ``[jet, hit, feature]``: ``x``, ``y`` and ``z`` in mm, ``energy`` in GeV, and perhaps
        ``time`` in ns.
    mask
        ``[jet, hit]``, which hits are real.
    features
        The features' names.
    """
    counts, some, of = _above_zero(values, mask, features, "energy")
    return Hits(counts, **{name: of[name] for name in Hits._fields if name in of}), some


def _above_zero(
    values: NDArray[np.floating], mask: Mask, features: Sequence[str], what: str
) -> tuple[Ints, Ints, dict[str, Floats]]:
    """Return of real entries with more than nothing of `what` the features ``[entry]``.

    Before these, how many there are in each jet that has one, and which jets ``[jet]`` these are.
    """
    with np.errstate(invalid="ignore"):
        there = mask & (values[..., features.index(what)] > 0)
    counts = there.sum(axis=1)
    some = np.flatnonzero(counts)
    of = {n: values[..., i][there].astype(np.float64) for i, n in enumerate(features)}
    return counts[some].astype(np.int64), some, of


@dataclass(frozen=True)
class Shapes:
    """What is computed of lists of one kind.

    Attributes
    ----------
    needs
        The features that it is computed of.
    observables
        What they are.
    beside
        By observable a feature that it needs besides.
    about
        By observable or feature what it is about, where it is the same that others are about.
    compute
        From values ``[jet, particle, feature]``, which of them are real, the features, and names of
        observables (with ``hard`` and ``radius``, as of `jet_shapes.observables`) to these, and
        which jets have particles.
    """

    needs: tuple[str, ...]
    observables: Mapping[str, Feature]
    beside: Mapping[str, str]
    about: Mapping[str, str]
    compute: Callable[..., tuple[dict[str, Floats], Ints]]


def _of_jets(
    values: NDArray[np.floating], mask: Mask, features: Sequence[str], names: tuple[str, ...],
    hard: float, radius: float,
) -> tuple[dict[str, Floats], Ints]:  # fmt: skip
    jets, some = constituents(values, mask, features)
    return jet_shapes.observables(jets, names, hard=hard, radius=radius), some


def _of_showers(
    values: NDArray[np.floating], mask: Mask, features: Sequence[str], names: tuple[str, ...],
    hard: float, radius: float,
) -> tuple[dict[str, Floats], Ints]:  # fmt: skip
    showers, some = hits(values, mask, features)
    return shower_shapes.observables(showers, names), some


def _about(groups: Mapping[str, Sequence[str]]) -> dict[str, str]:
    return {name: what for what, names in groups.items() for name in names}


KINDS = (
    Shapes(
        ("pt", "deta", "dphi"),
        jet_shapes.OBSERVABLES,
        {"charge": "charge"},
        _about(
            {
                "how many": ("multiplicity", "multiplicity_hard"),
                "how wide": ("width", "mass", "tau1", "tau2", "deta", "dphi"),
                "how shared": ("ptd", "soft_drop", "pt"),
            }
        ),
        _of_jets,
    ),
    Shapes(
        ("x", "y", "z", "energy"),
        shower_shapes.OBSERVABLES,
        dict.fromkeys(shower_shapes.TIMES, "time"),
        _about(
            {
                "how wide": ("width", "x", "y"),
                "how deep": ("depth", "length", "start", "z"),
                "how shared": ("concentration", "energy"),
                "when": (*shower_shapes.TIMES, "time"),
            }
        ),
        _of_showers,
    ),
)
KNOWN = tuple(dict.fromkeys(name for kind in KINDS for name in kind.observables))
"""The names of all observables."""


def shapes_of(features: Sequence[str]) -> Shapes | None:
    """Return what can be computed of particles with these features, if anything."""
    return next((kind for kind in KINDS if {*kind.needs} <= {*features}), None)
