"""Which jets one raw step makes unphysical: in all features, and in those that move."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from jetlens.explain.steps.course import Course, Floats, Values
from jetlens.explain.steps.leg import Leg
from jetlens.physics.unphysical import unphysical

Flags = NDArray[np.bool_]


class Judged(NamedTuple):
    """What one raw step of a scale, from where jets are and without any constraint, does."""

    reasons: dict[str, Flags]
    """Why the step makes jets unphysical, were all features to take it ``[jet]``."""
    bent: Flags
    """``[jet]``, whether it does in the features that move, for a reason that constraints which are
    on do not allow: they have to bend it."""


def judged(leg: Leg, scale: Floats) -> Judged:
    """Judge raw steps of jets by their scales ``[jet]``.

    A step is bent where it is beyond a limit that is in force, or is there once it is re-centred
    and rescaled, as far as that is asked for.
    """
    found: dict[str, Flags] = {}
    for _, reason, bad in _reasons(leg, leg.raw(0, scale)):
        found[reason] = found[reason] | bad if reason in found else bad
    constraints, bent = leg.course.constraints, np.zeros(len(leg), dtype=bool)
    loose = leg.raw(0, scale, leg.course.loose)
    for values in (loose, leg.constrained(0, loose, constraints.unlimited)):
        for name, reason, bad in _reasons(leg, values):
            # of what is no particle, momenta stay positive and nothing else is asked for
            held = constraints.limits if name in leg.real else constraints.limits & {"negative"}
            if reason in held:
                bent |= bad
    return Judged(found, bent)


def reasons(course: Course) -> list[str]:
    """Return for which reasons jets of such features can be unphysical."""
    found: dict[str, None] = {}
    for name in course.roles:
        nothing = dict.fromkeys(course.names[name], np.zeros((0, 1)))
        none = np.zeros((0, 1), dtype=bool)
        found |= dict.fromkeys(_unphysical(course, name, nothing, nothing, none))
    return list(found)


def _reasons(leg: Leg, raw: Values) -> Iterator[tuple[str, str, Flags]]:
    """Yield collections, reasons, and which jets ``[jet]`` are unphysical for them."""
    course = leg.course
    for name, values in raw.items():
        before, after = (
            {n: c.reshape(len(leg), -1) for n, c in zip(course.names[name], v, strict=True)}
            for v in (leg.points.starts[0][name], values)
        )
        everywhere = np.ones(next(iter(after.values())).shape, dtype=bool)
        real = leg.real.get(name, everywhere)
        found = _unphysical(course, name, before, after, real)
        yield from ((name, reason, bad) for reason, bad in found.items())


def _unphysical(
    course: Course, name: str, before: dict[str, Floats], after: dict[str, Floats], real: Flags
) -> dict[str, Flags]:
    """Judge by the limits of a collection; a radius that is given counts wherever it is asked for.

    Switching `inside` off does not change what is counted.
    """
    limits, given = course.limits[name], course.constraints.radius
    radius = limits.radius if limits.radius is None or given is None else given
    return unphysical(
        before, after, real, course.roles[name], radius, limits.ends, limits.pt, limits.shift
    )
