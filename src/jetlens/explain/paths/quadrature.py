"""Rules that integrate over [0, 1], nested so that a finer level keeps every node of the coarser.

A rule is data: for each level, its new nodes, and the weight of these nodes in this level and in
all finer ones. So an integral is a running sum for each level, and no sample is ever stored.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from jetlens.core.errors import BadValueError, look_up

Numbers = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Rule:
    """A nested family of quadrature rules.

    Attributes
    ----------
    name
        What it is called.
    nodes
        For each level, the nodes ``[node]`` that it adds.
    weights
        For each level ``[level', node]``, the weights of these new nodes in this level (row 0) and
        in each finer one.
    """

    name: str
    nodes: tuple[Numbers, ...]
    weights: tuple[Numbers, ...]

    def __len__(self) -> int:
        return len(self.nodes)

    def points(self, level: int) -> int:
        """Return the number of nodes of a level, all coarser ones included."""
        return sum(len(n) for n in self.nodes[: level + 1])


def _nested(name: str, levels: list[tuple[Numbers, Numbers]]) -> Rule:
    """Sort the nodes of each level into those that it adds."""
    nodes, weights = [], []
    known = np.empty(0)
    for i, (mine, _) in enumerate(levels):
        new = mine[~np.isclose(mine[:, None], known[None, :], atol=1e-13).any(1)]
        rows = []
        for finer, finer_weights in levels[i:]:
            where = np.abs(finer[None, :] - new[:, None]).argmin(1)
            rows.append(finer_weights[where])
        nodes.append(new)
        weights.append(np.array(rows))
        known = np.concatenate([known, new])
    return Rule(name, tuple(nodes), tuple(weights))


def clenshaw_curtis_nodes(points: int) -> tuple[Numbers, Numbers]:
    """Return nodes and weights of Clenshaw-Curtis quadrature on [0, 1].

    References
    ----------
    Trefethen, "Is Gauss quadrature better than Clenshaw-Curtis?", SIAM Review 50 (2008) 67.
    """
    n = points - 1
    theta = np.pi * np.arange(points) / n
    moment = np.zeros(points)  # the integrals of the Chebyshev polynomials
    moment[::2] = 2 / (1 - np.arange(0, points, 2) ** 2)
    moment[0] /= 2
    if n % 2 == 0:
        moment[n] /= 2
    weights = np.cos(np.outer(theta, np.arange(points))) @ moment * 2 / n
    weights[[0, -1]] /= 2
    return (1 - np.cos(theta)) / 2, weights / 2


def midpoint_nodes(points: int) -> tuple[Numbers, Numbers]:
    """Return nodes and weights of the composite midpoint rule on [0, 1]."""
    return (np.arange(points) + 0.5) / points, np.full(points, 1 / points)


def trapezoid_nodes(points: int) -> tuple[Numbers, Numbers]:
    """Return nodes and weights of the composite trapezoid rule on [0, 1]."""
    weights = np.full(points, 1 / (points - 1))
    weights[[0, -1]] /= 2
    return np.linspace(0, 1, points), weights


def gauss_legendre_nodes(points: int) -> tuple[Numbers, Numbers]:
    """Return nodes and weights of Gauss-Legendre quadrature on [0, 1]."""
    nodes, weights = np.polynomial.legendre.leggauss(points)
    return (nodes + 1) / 2, weights / 2


FAMILIES: dict[str, tuple[Callable[[int], tuple[Numbers, Numbers]], int]] = {
    "clenshaw-curtis": (clenshaw_curtis_nodes, 2),
    "gauss-legendre": (gauss_legendre_nodes, 1),
    "midpoint": (midpoint_nodes, 1),
    "trapezoid": (trapezoid_nodes, 2),
}
"""Rules by name, and the fewest points that each can have."""


@lru_cache
def fixed(name: str, points: int) -> Rule:
    """Return a rule of one level with a given number of nodes.

    Raises
    ------
    UnknownNameError, BadValueError
        If there is no such rule, or it needs more nodes.
    """
    nodes, fewest = look_up("quadrature rule", name, FAMILIES)
    if points < fewest:
        raise BadValueError(f"steps={points}: rule {name!r} needs at least {fewest}")
    return _nested(name, [nodes(points)])


@lru_cache
def nested(coarsest: int, budget: int) -> Rule:
    """Return nested Clenshaw-Curtis rules, from `coarsest` nodes up to at most `budget`.

    Each halves the intervals of the one before.
    """
    counts = [coarsest]
    while (finer := 2 * counts[-1] - 1) <= budget:
        counts.append(finer)
    return _nested("clenshaw-curtis", [clenshaw_curtis_nodes(n) for n in counts])
