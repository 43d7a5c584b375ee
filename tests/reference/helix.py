"""A charged particle in a magnetic field, step by step: slow and obvious."""

from __future__ import annotations

import math

import numpy as np

SPEED_OF_LIGHT = 0.299792458  # GeV per (tesla metre)


def integrate_to_perigee(position, momentum, charge, reference, field, step=0.05):
    """Follow the Lorentz force both ways from `position`, keep the point nearest to the line.

    Runge-Kutta steps of `step` mm in path length; then the nearest point is refined by a parabola.
    Returns d0, z0, phi, theta, q/p in mm, rad, 1/GeV.
    """
    p = np.linalg.norm(momentum)
    curvature = charge * SPEED_OF_LIGHT * field / p / 1000.0  # per mm of path, for a unit direction

    def slope(state):
        ux, uy, uz = state[3:]
        # du/ds = q/p u x B with B along z
        return np.array([ux, uy, uz, curvature * uy, -curvature * ux, 0.0])

    def walk(state, ds, steps):
        path = [state]
        for _ in range(steps):
            k1 = slope(state)
            k2 = slope(state + ds / 2 * k1)
            k3 = slope(state + ds / 2 * k2)
            k4 = slope(state + ds * k3)
            state = state + ds / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
            path.append(state)
        return path

    start = np.concatenate([position, np.asarray(momentum) / p])
    far = math.hypot(position[0] - reference[0], position[1] - reference[1])
    sine = math.hypot(momentum[0], momentum[1]) / p
    steps = int((2.0 * far + 5.0) / sine / step)
    path = [*reversed(walk(start, -step, steps)), *walk(start, step, steps)[1:]]
    distance = [math.hypot(s[0] - reference[0], s[1] - reference[1]) for s in path]
    best = int(np.argmin(distance))
    a, b, c = (distance[best + i] ** 2 for i in (-1, 0, 1))
    shift = step * 0.5 * (a - c) / (a - 2 * b + c)
    x, y, z, ux, uy, uz = walk(path[best], shift, 1)[-1]
    dx, dy = x - reference[0], y - reference[1]
    # positive where the reference lies to the right of the direction
    side = 1.0 if ux * dy - uy * dx > 0 else -1.0
    return (
        side * math.hypot(dx, dy),
        z - reference[2],
        math.atan2(uy, ux),
        math.acos(uz),
        charge / p,
    )
