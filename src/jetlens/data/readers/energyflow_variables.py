"""What is made of a jet of EnergyFlow's files: variables of its particles and of itself.

A jet's axis, pt and mass are those of the sum of its particles' four-momenta, as anti-kt makes
them, with the masses of the particles' kinds. What is called eta is rapidity, as in the files.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from jetlens.core.collection import NO_TRUTH, Array, Collection
from jetlens.core.errors import look_up
from jetlens.core.units import Feature
from jetlens.physics.kinematics import delta_phi, mass_of, momentum_of, rapidity_of
from jetlens.physics.particles import KINDS, known

Floats = NDArray[np.float64]

CONSTITUENTS = (
    Feature("pt", "GeV", r"$p_T$"),
    Feature("deta", "", r"$\Delta y$"),
    Feature("dphi", "rad", r"$\Delta\phi$"),
    Feature("m2", "GeV²", r"$m^2$"),
    Feature("charge", "", r"$q$"),
    *(Feature(f"is_{kind}", "", kind.replace("_", " ").capitalize()) for kind in KINDS),
)
"""Variables of a particle; none of them is a function of another one."""

IMPACT = (
    Feature("d0_significance", "", r"$s(d_0)$"),
    Feature("dz_significance", "", r"$s(z_0 \sin\theta)$"),
)
"""Variables of a particle in files that have arrays ``[jet, particle]`` of these names."""

ALL = (*CONSTITUENTS, *IMPACT)

JETS = (
    Feature("pt", "GeV", r"$p_T$"),
    Feature("eta", "", r"$y$"),
    Feature("phi", "rad", r"$\phi$"),
    Feature("mass", "GeV", r"$m$"),
    Feature("multiplicity", "", r"$n$"),
)
"""Variables of a jet."""

PT, RAPIDITY, PHI, PID = range(4)
"""The last axis of ``X``."""


def collections(
    arrays: Mapping[str, Array],
    columns: Mapping[str, Sequence[str]] | None = None,
    constituents: int | None = None,
) -> dict[str, Collection]:
    """Return the collections ``jets`` and ``constituents``, the latter in the order of pt.

    Parameters
    ----------
    arrays
        ``X`` ``[jet, particle, (pt, y, phi, pid)]``, in which particles without pt are padding;
        those of `IMPACT` ``[jet, particle]`` and ``parton`` ``[jet]``, if there are any.
    columns
        The variables to take, by collection; left out, all.
    constituents
        How many particles to keep, the hardest; the jet is that of all of them.
    """
    x = arrays["X"]
    order = np.argsort(-x[..., PT], axis=1, kind="stable")
    x = np.take_along_axis(x, order[..., None], axis=1)
    mask = x[..., PT] > 0
    jets = _jets(x, mask)
    most = int(mask.sum(axis=1).max(initial=1))
    kept = slice(0, most if constituents is None else min(most, constituents))
    x, mask = x[:, kept], mask[:, kept]
    particles = _particles(x, jets)
    for name in (f.name for f in IMPACT if f.name in arrays):
        particles[name] = np.take_along_axis(arrays[name], order, axis=1)[:, kept]
    parton = {k: arrays[k].astype(np.int64) for k in ("parton",) if k in arrays}
    pdg = {"pdg_id": np.where(mask, x[..., PID].astype(np.int64), NO_TRUTH)}
    made = {"jets": (JETS, jets, None, parton), "constituents": (ALL, particles, mask, pdg)}
    found = {}
    for name in made if columns is None else columns:
        features, values, real, truth = look_up("collection", name, made)
        there = {f.name: f for f in features if f.name in values}
        wanted = there if columns is None else columns[name]
        chosen = [look_up(f"variable of {name}", w, there) for w in wanted]
        found[name] = _collection(name, chosen, values, real, truth)
    return found


def _collection(
    name: str,
    features: Sequence[Feature],
    values: Mapping[str, Floats],
    mask: NDArray[np.bool_] | None,
    truth: Mapping[str, Array],
) -> Collection:
    shape = values["pt"].shape
    table = np.empty((*shape, len(features)), dtype=np.float32)
    for i, feature in enumerate(features):
        table[..., i] = values[feature.name]
    if mask is not None:
        table[~mask] = 0
    axes = ("jet", "feature") if mask is None else ("jet", name, "feature")
    return Collection(table, axes, tuple(features), mask, truth)


def _jets(x: Floats, mask: NDArray[np.bool_]) -> dict[str, Floats]:
    """Return the variables of `JETS` by name, each ``[jet]``."""
    mass = known(x[..., PID].astype(np.int64)).mass
    momentum = momentum_of(x[..., PT], x[..., RAPIDITY], x[..., PHI], mass)
    total = (momentum * mask[..., None]).sum(axis=1)
    px, py, pz, energy = total.T
    return {
        "pt": np.hypot(px, py),
        "eta": rapidity_of(pz, energy),
        "phi": np.arctan2(py, px),
        "mass": mass_of(total),
        "multiplicity": mask.sum(axis=1).astype(np.float64),
    }


def _particles(x: Floats, jets: Mapping[str, Floats]) -> dict[str, Floats]:
    """Return the variables of `CONSTITUENTS` by name, each ``[jet, particle]``."""
    of = known(x[..., PID].astype(np.int64))
    kinds = {f"is_{kind}": (of.kind == i).astype(np.float64) for i, kind in enumerate(KINDS)}
    return {
        "pt": x[..., PT],
        "deta": x[..., RAPIDITY] - jets["eta"][:, None],
        "dphi": delta_phi(x[..., PHI], jets["phi"][:, None]),
        "m2": of.mass**2,
        "charge": of.charge.astype(np.float64),
        **kinds,
    }
