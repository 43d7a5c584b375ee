from __future__ import annotations

import numpy as np
import pytest

from jetlens.core.errors import BadValueError, UnknownNameError
from jetlens.explain.paths.quadrature import FAMILIES, fixed, nested


def integrate(rule, function, level: int) -> float:
    """Sum the levels up as a running sum does."""
    sums = np.zeros(len(rule))
    for i in range(level + 1):
        sums[i:] += rule.weights[i] @ function(rule.nodes[i])
    return float(sums[level])


def test_levels_are_the_plain_rules_and_keep_every_node() -> None:
    rule = nested(5, 100)
    for level in range(len(rule)):
        nodes, weights = FAMILIES["clenshaw-curtis"][0](rule.points(level))
        mine = np.sort(np.concatenate(rule.nodes[: level + 1]))
        np.testing.assert_allclose(mine, np.sort(nodes), atol=1e-14)
        assert integrate(rule, np.exp, level) == pytest.approx(weights @ np.exp(nodes), abs=1e-14)
    assert sum(len(n) for n in rule.nodes) == rule.points(len(rule) - 1) <= 100


@pytest.mark.parametrize(
    ("name", "points", "degree"),
    [
        ("clenshaw-curtis", 5, 5),
        ("clenshaw-curtis", 8, 7),
        ("gauss-legendre", 5, 9),
        ("midpoint", 5, 1),
        ("trapezoid", 5, 1),
    ],
)
def test_polynomials_up_to_the_rules_degree_are_exact(name: str, points: int, degree: int) -> None:
    rule = fixed(name, points)
    for power in range(degree + 1):
        assert integrate(rule, lambda x, k=power: x**k, 0) == pytest.approx(1 / (power + 1))
    missed = integrate(rule, lambda x: x ** (degree + 1), 0)
    assert missed != pytest.approx(1 / (degree + 2), rel=1e-9)


def test_smooth_functions_converge_geometrically() -> None:
    smooth = nested(5, 33)
    truth = (np.e**3 - 1) / 3
    errors = [abs(integrate(smooth, lambda x: np.exp(3 * x), k) - truth) for k in range(3)]
    assert errors[1] < 1e-2 * errors[0]
    assert errors[2] < 1e-12


def test_wrong_rules() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'midpoint'"):
        fixed("midpiont", 3)
    with pytest.raises(BadValueError, match="steps=1: rule 'trapezoid' needs at least 2"):
        fixed("trapezoid", 1)
