"""A local linear fit over a plane, one cell and one jet at a time: slow and obvious."""

from __future__ import annotations

import math

import numpy as np


def fit(jets, column, row, width, ridge):
    """Fit score = a + b (x - column) + c (y - row) to jets near a cell; return a.

    `jets` are (x, y, score, weight), with x and y in cells.
    """
    design, wanted, weights = [], [], []
    for x, y, score, weight in jets:
        dx, dy = x - column, y - row
        if max(abs(dx), abs(dy)) <= math.ceil(3 * width):
            design.append([1.0, dx, dy])
            wanted.append(score)
            weights.append(weight * math.exp(-0.5 * (dx**2 + dy**2) / width**2))
    a, w = np.array(design), np.array(weights)
    normal = a.T @ (w[:, None] * a) + np.diag([0, ridge, ridge]) * w.sum()
    return float(np.linalg.solve(normal, a.T @ (w * np.array(wanted)))[0])
