"""The rules of layer-wise relevance propagation, as data.

A rule says how the relevance ``R_k`` of a neuron ``z_k = sum_i x_i w_ik + b_k`` is shared out to
the neuron's inputs. What the rules compute stands in `jetlens.explain.relevance.layers.formulas`.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from jetlens.core.errors import BadValueError, UnknownNameError, expected, look_up

STABILISER = 1e-6
"""What is added to a denominator, with the denominator's sign; zero counts as positive."""


@dataclass(frozen=True, kw_only=True)
class Rule:
    """What every rule is: its parameters.

    Attributes
    ----------
    epsilon
        The stabiliser of the rule's denominators.
    """

    name: ClassVar[str]
    inputs_only: ClassVar[bool] = False
    epsilon: float = STABILISER

    def __post_init__(self) -> None:
        _at_least(0, epsilon=self.epsilon)


@dataclass(frozen=True, kw_only=True)
class Z(Rule):
    """``R_i = sum_k x_i w_ik / z_k R_k``, with nothing in the way (LRP-0; Bach et al. 2015)."""

    name = "z"
    epsilon: float = dataclasses.field(default=0.0, init=False)


@dataclass(frozen=True, kw_only=True)
class Epsilon(Rule):
    """``R_i = sum_k x_i w_ik / (z_k + epsilon sign(z_k)) R_k`` (Bach et al. 2015)."""

    name = "epsilon"


@dataclass(frozen=True, kw_only=True)
class Gamma(Rule):
    """Contributions of the neuron's own sign count `gamma` times more (Montavon et al. 2019).

    ``R_i = sum_k (c_ik + gamma c_ik^s) / (z_k + gamma z_k^s) R_k`` with ``c_ik = x_i w_ik`` and
    ``^s`` the part of the sign of ``z_k``, so that it holds for inputs of either sign.
    """

    name = "gamma"
    gamma: float = 0.25

    def __post_init__(self) -> None:
        super().__post_init__()
        _at_least(0, gamma=self.gamma)


@dataclass(frozen=True, kw_only=True)
class AlphaBeta(Rule):
    """``R_i = sum_k (alpha c_ik^+ / z_k^+ - beta c_ik^- / z_k^-) R_k`` (Bach et al. 2015).

    ``alpha - beta = 1``; alpha = 1, beta = 0 is known as z+ (`ZPlus`).
    """

    name = "alpha-beta"
    alpha: float = 2.0
    beta: float | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        _at_least(1, alpha=self.alpha)
        if self.beta is None:
            object.__setattr__(self, "beta", self.alpha - 1)
        assert self.beta is not None
        _at_least(0, beta=self.beta)
        if not math.isclose(self.alpha - self.beta, 1, abs_tol=1e-9):
            raise BadValueError(
                f"alpha={self.alpha:g}, beta={self.beta:g}: alpha - beta must be 1; did you mean "
                f"beta={self.alpha - 1:g} or alpha={self.beta + 1:g}?"
            )


@dataclass(frozen=True, kw_only=True)
class ZPlus(AlphaBeta):
    """Alpha-beta with alpha = 1, beta = 0: positive contributions alone (Montavon et al. 2017)."""

    name = "z+"
    alpha: float = dataclasses.field(default=1.0, init=False)
    beta: float | None = dataclasses.field(default=0.0, init=False)


@dataclass(frozen=True, kw_only=True)
class Flat(Rule):
    """Every input of a neuron gets the same (Lapuschkin et al. 2019): the sum over its window."""

    name = "flat"


@dataclass(frozen=True, kw_only=True)
class WSquared(Rule):
    """``R_i = sum_k w_ik^2 / sum_i w_ik^2 R_k``, whatever the inputs are (Montavon et al. 2017)."""

    name = "w-squared"


@dataclass(frozen=True, kw_only=True)
class ZBox(Rule):
    """For inputs between `low` and `high` (Montavon et al. 2017), ``c_ik`` as above:

    ``R_i = sum_k (c_ik - low_i w_ik^+ - high_i w_ik^-) / sum_i (...) R_k``. It applies to layers
    that see the inputs.

    Attributes
    ----------
    low, high
        A number, numbers by collection and feature, or None for the extremes of the jets that are
        explained.
    """  # noqa: D400

    name = "z-box"
    inputs_only = True
    low: Any = None
    high: Any = None


RULES: dict[str, type[Rule]] = {
    r.name: r for r in (Z, Epsilon, Gamma, AlphaBeta, ZPlus, Flat, WSquared, ZBox)
}


def make(name: str, parameters: Mapping[str, Any]) -> Rule:
    """Make a rule of its name and parameters.

    Raises
    ------
    UnknownNameError
        If there is no such rule.
    BadValueError
        If a parameter does not belong to it or has a wrong value.
    """
    if not isinstance(name, str):
        raise UnknownNameError("rule", name, RULES)
    kind = look_up("rule", name, RULES)
    own = [f.name for f in dataclasses.fields(kind) if f.init]
    for key, value in parameters.items():
        if key not in own:
            owner = next((r for r in RULES.values() if key in _names(r)), None)
            hint = f" (it belongs to rule {owner.name!r})" if owner else ""
            takes = expected("" if owner else key, own) if own else "it takes none"
            raise BadValueError(f"rule {name!r} has no parameter {key!r}{hint}: {takes}")
        if key not in ("low", "high") and not (key == "beta" and value is None):
            _number(key, value)
    return kind(**parameters)


def _names(rule: type[Rule]) -> list[str]:
    return [f.name for f in dataclasses.fields(rule) if f.init]


def _number(name: str, value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise BadValueError(f"{name}={value!r}: expected a number")


def _at_least(least: float, **values: float) -> None:
    for name, value in values.items():
        if not value >= least:
            raise BadValueError(f"{name}={value:g}: expected a number of at least {least:g}")
