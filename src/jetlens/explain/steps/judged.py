"""Which jets one raw step makes unphysical: in all features, and in those that move."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from jetlens.explain.steps.course import Course, Floats, Values
from jetlens.explain.steps.leg import Leg
from jetlens.physics.roles import Roles
from jetlens.physics.unphysical import unphysical

Flags = NDArray[np.bool_]


class Judged(NamedTuple):
    """What one raw step of a scale, from where jets are and without any constraint, does."""

    reasons: dict[str, Flags]
    """Why the step makes jets unphysical, were all features to take it ``[jet]``."""
    bent: Flags
    """``[jet]``, whether it does in the features that move: constraints have to bend it."""


def judged(leg: Leg, scale: Floats) -> Judged:
    """Judge raw steps of jets by their scales ``[jet]``."""
    course, start, raw = leg.course, leg.starts[0], leg.raw(0, scale)
    moving = {
        name: np.where(_loose(course, name, values), values, start[name])
        for name, values in raw.items()
    }
    bent = np.zeros(len(leg), dtype=bool)
    for flags in _reasons(leg, moving, course.moving).values():
        bent |= flags
    return Judged(_reasons(leg, raw, course.roles), bent)


def reasons(course: Course) -> list[str]:
    """Return for which reasons jets of such features can be unphysical."""
    found: dict[str, None] = {}
    for name, role in course.roles.items():
        nothing = dict.fromkeys(course.names[name], np.zeros((0, 1)))
        limits = course.radius.get(name), course.ends[name]
        none = np.zeros((0, 1), dtype=bool)
        found |= dict.fromkeys(unphysical(nothing, nothing, none, role, *limits))
    return list(found)


def _loose(course: Course, name: str, values: Floats) -> Flags:
    """Say which features ``[feature, ...]`` move; those that are no inputs do not."""
    loose = np.zeros(len(values), dtype=bool)
    loose[: len(course.loose[name])] = course.loose[name] > 0
    return loose.reshape(-1, *[1] * (values.ndim - 1))


def _reasons(leg: Leg, raw: Values, roles: Mapping[str, Roles]) -> dict[str, Flags]:
    course = leg.course
    found: dict[str, Flags] = {}
    for name, values in raw.items():
        before, after = (
            {n: c.reshape(len(leg), -1) for n, c in zip(course.names[name], v, strict=True)}
            for v in (leg.starts[0][name], values)
        )
        everywhere = np.ones(next(iter(after.values())).shape, dtype=bool)
        real = leg.real.get(name, everywhere)
        limits = course.radius.get(name), course.ends[name]
        for reason, bad in unphysical(before, after, real, roles[name], *limits).items():
            found[reason] = found[reason] | bad if reason in found else bad
    return found
