"""Which jets a step has made unphysical, and why: a pure function of physical values."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from jetlens.physics.components import axis_of, seen
from jetlens.physics.impact import trackless
from jetlens.physics.jet_sums import axis_of_jets, jet_sums
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
    pt: tuple[float, float] | None = None,
    shift: float | None = None,
) -> dict[str, Flags]:
    """Say which jets a step makes unphysical, by reason ``[jet]``.

    ``negative``: a momentum, energy or mass falls below zero (or to zero); a momentum that is given
    by its components does where it turns back. ``outside``: a particle leaves the jet, farther from
    its axis than `radius` and than it was, or a hit leaves the calorimeter. ``early``: a hit comes
    before light, by more than its resolution; ``late``: later than hits do; ``below``: with less
    energy. ``discrete``: a charge, type or count is nearer to another whole number. ``trackless``:
    a particle without a track gets other impact parameters. ``off_shell``: m^2 changes by more than
    `OFF_SHELL`, or the energy is less than the momentum. ``axis``: the particles' mean is farther
    from the jet's axis than `shift`, and ``jet_pt``: their sum is beyond `pt`; and both than they
    were. Reasons for which there are no features are left out.

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
        Between which positions, times and energies hits can be.
    pt
        Between which the jets' pt can be.
    shift
        How far from a jet's axis the mean of its particles, weighted by pt, can be.
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
        reasons = {roles.time: ("early", "late"), roles.energy: ("below", "outside")}
        too_low, too_high = reasons.get(name, ("outside", "outside"))
        add(too_low, after[name] < low_then)
        if np.isfinite(high):
            add(too_high, after[name] > high_then)
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
    impact = [n for n in roles.impact if n in before]
    if impact:
        none = trackless([before[n] for n in impact], before.get(roles.charge or ""))
        add("trackless", none & np.any([after[n] != before[n] for n in impact], axis=0))
    if roles.m2 is not None:
        add("off_shell", np.abs(after[roles.m2] - before[roles.m2]) > OFF_SHELL)
    if roles.pt is not None and roles.eta is not None and roles.energy is not None:
        slow = [v[roles.energy] < v[roles.pt] * np.cosh(v[roles.eta]) for v in (before, after)]
        add("off_shell", slow[1] & ~slow[0])
    axis = axis_of_jets(before, real, roles)
    then, there = (jet_sums(v, real, roles, axis) for v in (before, after))
    if pt is not None and then.pt is not None and there.pt is not None:
        least, most = np.minimum(pt[0], then.pt), np.maximum(pt[1], then.pt)
        found["jet_pt"] = (there.pt < least) | (there.pt > most)
    if shift is not None and then.shift is not None and there.shift is not None:
        found["axis"] = there.shift > np.maximum(shift, then.shift)
    return found
