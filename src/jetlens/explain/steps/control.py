"""Steps that know nothing of the jet: as long as others, and turned away from them at random.

A step of any direction changes a jet, at second order of its length: particles that go anywhere
leave the axis. What a step does beyond that, it does for its direction.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from jetlens.core.hashing import mix, uniform
from jetlens.explain.steps.course import Course, Floats
from jetlens.explain.steps.leg import Leg

NONE, TURNED = CONTROLS = ("none", "turned")
"""What jets are moved by besides, to compare with."""


def turned(leg: Leg, seed: int) -> Leg:
    """Return the jets with their whole step turned about the jet's axis, by a random angle.

    Angles to the axis (of hits, ``x`` and ``y``) are turned together, all particles of a jet by one
    angle. Other features have a random sign, one for each feature and jet; components of a momentum
    have it in common. So each particle goes as far as before, and particles go together as they
    did; but what a step does at first order of its length averages to zero over jets. Angles and
    signs depend on `seed` and on the event and row of the jet alone.
    """
    course, ways = leg.course, {}
    rows = course.packed.rows[leg.jets].numpy()
    jet = (mix(course.batch.event[rows]) ^ mix(course.batch.row[rows], seed)).view(np.int64)
    salt = 0
    for name, way in leg.points.ways[0].items():
        plane, others = _columns(course, name)
        spread = np.ones(len(way))
        if course.spread is not None:
            spread = course.spread[name].cpu().double().numpy().ravel()
        found = way.copy()
        for columns in (plane, *others):
            drawn = uniform(jet, salt := salt + 1).reshape(-1, *[1] * (way.ndim - 2))
            if columns != plane:
                found[columns] *= np.where(drawn < 0.5, -1.0, 1.0)
            elif plane:
                found[plane] = _rotated(way[plane], spread[plane], 2 * np.pi * drawn)
        ways[name] = found
    return replace(leg, points=replace(leg.points, ways=[ways]))


def _rotated(way: Floats, spread: Floats, angle: Floats) -> Floats:
    """Return ways ``[feature, jet, particle]`` in a plane, turned where spreads are the unit."""
    x, y = (w / s if s > 0 else w for w, s in zip(way, spread, strict=True))
    cos, sin = np.cos(angle), np.sin(angle)
    turned = cos * x - sin * y, sin * x + cos * y
    return np.stack([t * s if s > 0 else t for t, s in zip(turned, spread, strict=True)])


def _columns(course: Course, name: str) -> tuple[list[int], list[list[int]]]:
    """Return which of a collection's inputs are turned in a plane, and which others together."""
    inputs, role = course.tagger.inputs[name], course.roles[name]

    def of(features: tuple[str, ...] | None) -> list[int]:
        return [inputs.index(f) for f in features or () if f in inputs]

    plane = of(role.angles or role.positions[:2])
    if len(plane) < 2 or not course.loose[name][plane].all():
        plane = []
    momentum = of(role.components)
    alone = [[i] for i in range(len(inputs)) if i not in (*plane, *momentum)]
    return plane, [momentum, *alone] if momentum else alone
