"""Which jets a step has made unphysical, and why: a pure function of physical values."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from jetlens.physics.components import axis_of, seen
from jetlens.physics.particles import TABLE
from jetlens.physics.roles import Roles

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

OFF_SHELL = next(s.mass for s in TABLE if s.kind == "charged_pion") ** 2 / 4
"""GeV^2: a raw step that changes m^2 by more puts a particle off its mass shell."""


def unphysical(
    before: Mapping[str, Floats],
    after: Mapping[str, Floats],
    real: Flags,
    roles: Roles,
    radius: float | None = None,
    ends: Mapping[str, tuple[float, float]] | None = None,
) -> dict[str, Flags]:
    """Say which jets a step makes unphysical, by reason ``[jet]``.

    ``negative``: a momentum, energy or mass falls below zero (or to zero); a momentum that is given
    by its components does where it turns back. ``outside``: a particle leaves the jet, farther from
    its axis than `radius` and than it was, or a hit leaves the calorimeter. ``early``: a hit comes
    before light, by more than its resolution. ``discrete``: a charge, type or count is nearer to
    another whole number. ``off_shell``: m^2 changes by more than `OFF_SHELL`, or the energy is less
    than the momentum. Reasons for which there are no features are left out.

    Parameters
    ----------
    before, after
        Values by feature ``[jet, particle]``.
    real
        ``[jet, particle]``, True where there is a particle.
    roles
        What the features are.
    radius
        The jets'.
    ends
        Between which positions, and times, hits can be.
    """
    found: dict[str, Flags] = {}

    def add(reason: str, bad: Flags) -> None:
        some: Flags = np.any(bad & real, axis=1)
        found[reason] = found[reason] | some if reason in found else some

    for name in roles.positive:
        falls = after[name] < before[name]
        add("negative", falls & np.where(before[name] > 0, after[name] <= 0, after[name] < 0))
    if roles.angles is not None and radius is not None:
        was, now = (np.hypot(*(v[n] for n in roles.angles)) for v in (before, after))
        add("outside", now > np.maximum(radius, was))
    for name, (low, high) in (ends or {}).items():
        low_then, high_then = np.minimum(low, before[name]), np.maximum(high, before[name])
        beyond = (after[name] < low_then) | (after[name] > high_then)
        add("early" if name == roles.time else "outside", beyond)
    if roles.components is not None:
        old, new = ([v[n] for n in roles.components] for v in (before, after))
        add("negative", (old[0] * new[0] + old[1] * new[1] <= 0) & (np.hypot(*old[:2]) > 0))
        if radius is not None:
            axis = axis_of(old[0], old[1], old[2], real)
            was, now = (np.hypot(*seen(x, y, z, axis)[1:]) for x, y, z in (old, new))
            add("outside", now > np.maximum(radius, was))
        if roles.energy is not None:
            m2 = [
                v[roles.energy] ** 2 - sum(p**2 for p in momentum)
                for v, momentum in ((before, old), (after, new))
            ]
            add("off_shell", np.abs(m2[1] - m2[0]) > OFF_SHELL)
    for name in sorted(roles.discrete):
        add("discrete", np.abs(after[name] - before[name]) > 0.5)
    if roles.m2 is not None:
        add("off_shell", np.abs(after[roles.m2] - before[roles.m2]) > OFF_SHELL)
    if roles.pt is not None and roles.eta is not None and roles.energy is not None:
        slow = [v[roles.energy] < v[roles.pt] * np.cosh(v[roles.eta]) for v in (before, after)]
        add("off_shell", slow[1] & ~slow[0])
    return found
