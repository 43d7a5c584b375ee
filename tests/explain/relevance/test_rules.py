"""Rules as data, and mistakes in their settings."""

from __future__ import annotations

import pytest

from jetlens.core.errors import BadValueError, UnknownNameError
from jetlens.explain.lrp import LRP
from jetlens.explain.relevance import rules as rules


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"rule": "epsilom"}, "did you mean 'epsilon'"),
        ({"rule": ["z"]}, r"unknown rule \['z'\]"),
        ({"composite": {3: "z"}}, "3 is no layer; .*first, last"),
        ({"tokens": True}, "tokens=True: expected a whole number"),
        ({"rule": "alpha-beta", "alpha": 2, "beta": 2}, "alpha - beta must be 1; .*beta=1"),
        ({"rule": "alpha-beta", "alpha": 0.5}, "alpha=0.5: .* at least 1"),
        ({"rule": "epsilon", "gamma": 0.3}, "'epsilon' has no parameter 'gamma' .*'gamma'"),
        ({"rule": "gamma", "gamma": -1}, "gamma=-1: .* at least 0"),
        ({"rule": "gamma", "gamma": "much"}, "gamma='much': expected a number"),
        ({"rule": "epsilon", "epsilon": -1}, "epsilon=-1"),
        ({"rule": "z", "epsilon": 1e-3}, "'z' has no parameter 'epsilon'"),
        ({"low": 0}, "low=0 belongs to rule 'z-box'"),
        ({"low": 0, "composite": {"first": {"rule": "z-box", "low": 1}}}, "low=0: .* its own low"),
        (
            {"composite": {"first": "z-box", "a.0": {"rule": "z-box", "low": 1}}},
            "different bounds",
        ),
        ({"attention": "values"}, "did you mean 'value'"),
        ({"composite": "epsilon-plu"}, "did you mean 'epsilon-plus'"),
        ({"composite": {"conv": "zplus"}}, "unknown rule 'zplus'"),
        ({"composite": {"conv": {"alpha": 2}}}, "'conv': .*expected the name of a rule"),
        ({"composite": {"conv": {"rule": "gamma", "gama": 0.3}}}, "'gama': did you mean 'gamma'"),
        ({"composite": {"linear": "z-box"}}, "did you mean .*first"),
        ({"composite": 3}, "composite=3: expected a name or a table"),
        ({"rule": "z+", "alpha": 2}, "rule 'z\\+' has no parameter 'alpha'"),
        ({"tokens": 0}, "tokens=0"),
    ],
)
def test_mistakes_are_told(options, message: str) -> None:
    with pytest.raises((BadValueError, UnknownNameError), match=message):
        LRP(**options)


def test_beta_follows_alpha() -> None:
    assert rules.make("alpha-beta", {"alpha": 3}) == rules.AlphaBeta(alpha=3, beta=2)
    assert rules.make("alpha-beta", {"alpha": 1}).beta == 0
    assert (rules.make("z+", {}).alpha, rules.make("z+", {}).beta) == (1, 0)


def test_every_rule_says_what_it_is() -> None:
    for name, rule in rules.RULES.items():
        assert rule.name == name
        assert rule.__doc__
        assert rules.make(name, {}) == rule()
